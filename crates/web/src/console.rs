//! Serving the console: the files built from `ui/` and embedded in the program, or a page that says how to build them.
//!
//! Hashed assets are cached for ever, `index.html` never; a path that is no file is a page of the console.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

#[derive(RustEmbed)]
#[folder = "ui/dist/"]
#[allow_missing = true]
struct Built;

/// Whatever no door answers: a file, a page of the console, or 404.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Where no exercises are run, there are no doors of exercises.
    if path.starts_with("drill/api/") || path.starts_with("drill/feeds/") {
        return ApiError::not_found().into_response();
    }
    if path == "api" || path.starts_with("feeds/") || path.starts_with("api/") || path == "metrics" {
        return ApiError::not_found().into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    if path != "index.html"
        && let Some(file) = Built::get(path)
    {
        return answer(path, file, &headers);
    }
    let looks_like_a_file = path.rsplit('/').next().is_some_and(|last| last.contains('.')) && path != "index.html";
    if looks_like_a_file {
        return ApiError::not_found().into_response();
    }
    page(&headers)
}

/// The console's page, or the page in its place.
pub(crate) fn page(headers: &HeaderMap) -> Response {
    Built::get("index.html").map_or_else(not_built, |file| answer("index.html", file, headers))
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(tag.as_str());
    let about = [(header::CACHE_CONTROL, caching.to_owned()), (header::ETAG, tag)];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, media_type(path))], file.data.into_owned()).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "geojson" => "application/geo+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn not_built() -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response()
}

const NOT_BUILT: &str = r#"<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>回音 Huiyin</title><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body>
<main>
<h1>回音 Huiyin</h1>
<p>服务已启动，但控制台尚未构建。请安装 Node.js，在代码目录执行 <code>make console</code>，再重新编译并启动（<code>make run</code> 一步完成）。</p>
<p lang="en">The service is running, but its console was not built. Install Node.js, run <code>make console</code> in the
source folder, then build and start again (<code>make run</code> does all of it).</p>
<p lang="en">The JSON API answers below <code>/api</code>; <code>docs/openapi.json</code> describes it.</p>
</main>
</body>
</html>
"#;
