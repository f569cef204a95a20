//! The session cookie: read from a request, set, cleared. HttpOnly, SameSite=Strict, Secure over TLS.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::Config;

/// Name of the cookie.
pub const NAME: &str = "huiyin_session";

/// The cookie's value, if the request has one.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == NAME && !value.is_empty() && value.len() <= 64)
        .map(|(_, value)| value)
}

/// Header value that sets the cookie.
#[must_use]
pub fn set(config: &Config, value: &str) -> HeaderValue {
    build(config, value, config.session.as_secs())
}

/// Header value that clears the cookie.
#[must_use]
pub fn clear(config: &Config) -> HeaderValue {
    build(config, "", 0)
}

fn build(config: &Config, value: &str, seconds: u64) -> HeaderValue {
    let secure = if config.secure() { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("huiyin_session=; Path=/; Max-Age=0"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; huiyin_session=xyz; c=d"));
        assert_eq!(read(&headers), Some("xyz"));
        headers.insert(header::COOKIE, HeaderValue::from_static("nothuiyin_session=xyz"));
        assert_eq!(read(&headers), None);
    }

    #[test]
    fn the_cookie_is_strict_and_secure_over_tls() {
        let plain = set(&Config::new("500110", "綦江区", "http://127.0.0.1:8080"), "v");
        let tls = set(&Config::new("500110", "綦江区", "https://huiyin.example"), "v");
        assert!(plain.to_str().unwrap().contains("HttpOnly; SameSite=Strict"));
        assert!(!plain.to_str().unwrap().contains("Secure"));
        assert!(tls.to_str().unwrap().ends_with("; Secure"));
    }
}
