//! Refusals of the HTTP API: one shape, a stable code, words in Chinese and English, and the fields that are wrong.
//!
//! `{"error": {"code", "message": {"zh", "en"}, "details": [{"path", "message"}]}}`. Inner causes go to the log only.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::views::{FieldError, Text};

/// A refusal or a failure, on its way to the caller.
#[derive(Debug)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: ErrorBody,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: Text,
    /// Which fields, if it is about fields.
    pub details: Vec<FieldError>,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

impl ApiError {
    /// A refusal with these words.
    pub fn new(status: StatusCode, code: &str, zh: &str, en: &str) -> Self {
        let body = ErrorBody { code: code.to_owned(), message: Text::new(zh, en), details: Vec::new() };
        Self { status, body, retry_after: None }
    }

    /// The same with a field that is wrong.
    #[must_use]
    pub fn at(self, path: &str, message: impl Into<String>) -> Self {
        self.with(path, Text::same(message))
    }

    /// The same with a field that is wrong, in both languages.
    #[must_use]
    pub fn with(mut self, path: &str, message: Text) -> Self {
        self.body.details.push(FieldError { path: path.to_owned(), message });
        self
    }

    /// 400: the request cannot be read.
    pub fn bad_request(path: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "请求无法识别", "the request cannot be read")
            .at(path, message)
    }

    /// 401: nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "请先登录", "sign in first")
    }

    /// 403: signed in, but not for this.
    pub fn not_allowed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "您的角色无权执行此操作",
            "your roles do not allow this. ask the administrator",
        )
    }

    /// 403: a change without the session's CSRF value, or sent from another site.
    pub fn csrf() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "页面凭证无效，请刷新页面后重试",
            "the x-csrf-token header is missing or wrong. reload the page and try again",
        )
    }

    /// 404: there is none, or the caller may not know that there is.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "未找到", "not found")
    }

    /// 409: the id was used for something else.
    pub fn conflict() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "该编号已用于另一请求，内容不同",
            "this id was used before with another body. make a new id for a new request",
        )
        .at("id", "already used with another body")
    }

    /// 422: understood, but the form or the case does not allow it.
    pub fn unprocessable(code: &str, message: Text, details: Vec<FieldError>) -> Self {
        let body = ErrorBody { code: code.to_owned(), message, details };
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body, retry_after: None }
    }

    /// 422 for one field.
    pub fn field(path: &str, zh: &str, en: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "form_invalid", zh, en).with(path, Text::new(zh, en))
    }

    /// 413: the body is larger than allowed.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "内容过大",
            &format!("the body is larger than {limit} bytes"),
        )
    }

    /// 429: too often.
    pub fn too_many(seconds: u32) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many",
            "操作过于频繁，请稍后再试",
            &format!("too many tries. wait {seconds} seconds"),
        );
        error.retry_after = Some(seconds);
        error
    }

    /// 503: not ready for requests.
    pub fn not_ready(zh: &str, en: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", zh, en)
    }

    /// 503: it took too long; a change may still have been made, and repeating it with the same id is safe.
    pub fn timed_out() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timed_out",
            "处理超时，可用同一编号重试",
            "it took too long. repeating the request with the same id is safe",
        )
    }

    /// 500: our fault. The cause is logged, not told.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "系统内部错误，请稍后重试",
            "something failed on our side. try again; repeating with the same id is safe",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorEnvelope { error: self.body })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<huiyin_journal::accounts::AccountsError> for ApiError {
    fn from(problem: huiyin_journal::accounts::AccountsError) -> Self {
        use huiyin_journal::accounts::AccountsError as E;
        match problem {
            E::LoginTaken(login) => {
                Self::field("login", "登录名已被使用", &format!("the sign-in name {login:?} is taken. choose another"))
            }
            E::NoSuchUser(_) => Self::not_found(),
            other @ (E::Store(_) | E::Unreadable { .. }) => Self::internal(&other),
        }
    }
}

impl From<crate::ports::OfficeError> for ApiError {
    fn from(problem: crate::ports::OfficeError) -> Self {
        use crate::ports::OfficeError as E;
        match problem {
            E::Refused { code, message, details } if code == "not_allowed" => {
                Self { status: StatusCode::FORBIDDEN, ..Self::unprocessable(&code, message, details) }
            }
            E::Refused { code, message, details } => Self::unprocessable(&code, message, details),
            E::Conflict => Self::conflict(),
            E::NotFound => Self::not_found(),
            E::Failed(cause) => Self::internal(&cause),
        }
    }
}
