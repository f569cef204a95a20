//! `GET /sign-in?token=…`: the one-time link. Sets the session and goes on to the console.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::create::{Caller, by_token, note};
use crate::app::AppState;
use crate::auth::{cookie, session};
use crate::console;
use crate::error::ApiError;
use crate::extract::Params;

/// Query of the link.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Link {
    /// The one-time token.
    pub token: Option<String>,
}

/// Signs in by a one-time link and redirects to `/`. Without a token: the console's sign-in page.
#[utoipa::path(get, path = "/sign-in", tag = "session", security(()), params(Link),
    responses((status = 303, description = "signed in; goes on to the console"),
        (status = 401, description = "the link is unknown, used or expired")))]
pub(crate) async fn token(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Params(link): Params<Link>,
) -> Result<Response, ApiError> {
    let Some(token) = link.token else {
        return Ok(console::page(&headers));
    };
    let user = match by_token(&state, &token).await {
        Ok(user) => user,
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            return Ok((StatusCode::UNAUTHORIZED, Html(SPENT)).into_response());
        }
        Err(refusal) => return Err(refusal),
    };
    note(&state, &user, "sign_in", &caller.0).await?;
    let (token, _) = session::open(&state, user).await?;
    Ok(([(header::SET_COOKIE, cookie::set(&state.config, &token))], Redirect::to("/")).into_response())
}

const SPENT: &str = r#"<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>回音 Huiyin</title><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body>
<main>
<h1>登录链接已失效</h1>
<p>此链接只能使用一次，且已使用或过期。请用登录名和密码<a href="/">登录</a>，或重新启动服务以获得新的链接。</p>
<p lang="en">This link works once, and it was used or has expired. <a href="/">Sign in</a> with name and password, or start
the service again to get a new link.</p>
</main>
</body>
</html>
"#;
