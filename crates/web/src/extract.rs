//! Reading requests: JSON bodies and query strings, each refusal naming the field and what was expected.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::app::AppState;
use crate::error::ApiError;

/// A JSON body.
#[derive(Clone, Debug)]
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::bad_request("content-type", "expected application/json"));
        }
        let limit = state.config.max_json;
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::too_large(limit)
            } else {
                ApiError::bad_request("", "the body could not be read to its end")
            }
        })?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if holds_nul(bytes) {
        return Err(ApiError::bad_request("", NUL));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|problem| {
        let path = problem.path().to_string();
        // "?" stands for a place that was never reached because the text ended or is no JSON.
        let path = path.trim_end_matches(['?', '.']).to_owned();
        let path = if path.is_empty() { missing_field(problem.inner()).unwrap_or_default() } else { path };
        ApiError::bad_request(&path, problem.inner().to_string())
    })?;
    reader.end().map_err(|problem| ApiError::bad_request("", problem.to_string()))?;
    Ok(value)
}

/// A missing field is reported by serde at its parent; the caller wants to know which field.
fn missing_field(problem: &serde_json::Error) -> Option<String> {
    let text = problem.to_string();
    let rest = text.strip_prefix("missing field `").or_else(|| text.strip_prefix("unknown field `"))?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

const NUL: &str = "it holds the character U+0000, which no text may";

/// U+0000 as it is, or written as JSON writes it. PostgreSQL keeps no text that has it.
fn holds_nul(bytes: &[u8]) -> bool {
    const ESCAPED: &[u8] = b"\\u0000";
    bytes.contains(&0)
        || bytes.windows(ESCAPED.len()).enumerate().any(|(at, window)| {
            // An even number of backslashes before it: this one begins the escape and is not itself escaped.
            window == ESCAPED && bytes[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0
        })
}

/// A part of the path.
#[derive(Clone, Debug)]
pub(crate) struct Segment<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segment<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError::bad_request("path", NUL));
        }
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|rejection| ApiError::bad_request("path", rejection.body_text()))
    }
}

/// A query string.
#[derive(Clone, Debug)]
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::bad_request("query", NUL));
        }
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|rejection| ApiError::bad_request("query", rejection.body_text()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its reading is tested")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is tested")]
        age: u8,
    }

    fn path(text: &str) -> String {
        parse::<Outer>(text.as_bytes()).unwrap_err().body.details[0].path.clone()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        assert_eq!(path(r#"{"inner": {"age": "old"}}"#), "inner.age");
        assert_eq!(path("{}"), "inner");
        assert_eq!(path(r#"{"inner": {"age": 3}, "x": 1}"#), "x");
        assert_eq!(path(r#"{"inner": {"age": 3}} trailing"#), "");
        assert!(parse::<Outer>(br#"{"inner": {"age": 3"#).is_err());
    }

    #[test]
    fn the_character_that_no_store_keeps_is_refused_and_what_only_looks_like_it_is_not() {
        let refused = |text: &str| parse::<serde_json::Value>(text.as_bytes()).is_err();
        assert!(refused(r#"{"title": "a\u0000b"}"#));
        assert!(refused(r#"{"title": "a\\\u0000b"}"#));
        assert!(!refused(r#"{"title": "a\\u0000b"}"#), "a backslash and the letters u0000");
    }
}
