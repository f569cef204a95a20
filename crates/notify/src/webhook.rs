//! Webhooks: a signed JSON call to a host on the allow-list, for what carries notices on (SMS, a government messenger).
//!
//! HTTPS only unless the host may be called without; no private address unless the host may have one, checked on the
//! very addresses that are connected to; redirects are not followed; no proxy. Only what a mail may say is in it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde::Serialize;
use sha2::Sha256;
use uuid::Uuid;

use crate::config::{WebhookConfig, WebhookEndpoint};
use crate::context::NoticeContext;
use crate::notice::Instant;
use crate::secret::{Secret, SecretError};
use crate::smtp::Sent;

/// Header of the signature: `t=<unix seconds>,v1=<hex HMAC-SHA256 over "<t>.<body>">`.
pub const SIGNATURE: &str = "x-huiyin-signature";
/// Header of the key under which a repeated call is recognised.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest part of an answer that is kept.
const LONGEST_ANSWER: usize = 200;

/// The body of a call.
#[derive(Clone, Debug, Serialize)]
pub struct Call<'a> {
    /// The same across attempts.
    pub id: Uuid,
    /// District code.
    pub district: &'a str,
    /// Id of the person to be told.
    pub recipient: &'a str,
    /// At once, at night too.
    pub urgent: bool,
    /// Template name.
    pub template: &'a str,
    /// Subject as in the mail.
    pub subject: &'a str,
    /// What the mail says.
    pub notice: &'a NoticeContext,
}

/// A webhook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookConfigError {
    /// Not a URL, or one that may not be called.
    #[error("webhook {name}: url {url:?}: {problem}")]
    Url {
        /// Name.
        name: String,
        /// As given.
        url: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Two of the same name.
    #[error("webhook {0}: there are two of this name; expected different names")]
    Twice(String),
    /// No secret.
    #[error("webhook {name}: {source}")]
    Secret {
        /// Name.
        name: String,
        /// Cause.
        source: SecretError,
    },
    /// The HTTP client cannot be built.
    #[error("webhooks cannot be called: {0}")]
    Client(#[from] reqwest::Error),
}

/// The webhooks of a configuration, ready to be called.
#[derive(Debug)]
pub struct Webhooks {
    client: reqwest::Client,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug)]
struct Endpoint {
    name: String,
    url: reqwest::Url,
    secret: Secret,
    urgent_only: bool,
}

impl Webhooks {
    /// Checks every address against the allow-lists and reads the secrets. Calls nothing.
    ///
    /// # Errors
    /// When an endpoint may not be called or a secret is absent.
    pub fn new(config: &WebhookConfig) -> Result<Self, WebhookConfigError> {
        let mut names = BTreeSet::new();
        let mut endpoints = Vec::new();
        for endpoint in &config.endpoints {
            if !names.insert(endpoint.name.as_str()) {
                return Err(WebhookConfigError::Twice(endpoint.name.clone()));
            }
            endpoints.push(Endpoint::new(endpoint, config)?);
        }
        // Fails when the process has one already: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(config.timeout.unwrap_or(10).max(1)))
            .connect_timeout(Duration::from_secs(5))
            .dns_resolver(Arc::new(PublicOnly { allow_private: config.allow_private.clone() }))
            .user_agent("huiyin")
            .build()?;
        Ok(Self { client, endpoints })
    }

    /// Names of the webhooks that want a notice of this urgency.
    pub fn names(&self, urgent: bool) -> impl Iterator<Item = &str> {
        self.endpoints.iter().filter(move |e| urgent || !e.urgent_only).map(|e| e.name.as_str())
    }

    /// Calls a webhook.
    pub async fn call(&self, name: &str, call: &Call<'_>, now: Instant) -> Sent {
        let Some(endpoint) = self.endpoints.iter().find(|e| e.name == name) else {
            return Sent::Permanent(format!("webhook {name} is no longer configured"));
        };
        let body = match serde_json::to_vec(call) {
            Ok(body) => body,
            Err(error) => return Sent::Permanent(format!("the call cannot be written: {error}")),
        };
        let request = self
            .client
            .post(endpoint.url.clone())
            .header("content-type", "application/json; charset=utf-8")
            .header(IDEMPOTENCY_KEY, call.id.to_string())
            .header(SIGNATURE, signature(&endpoint.secret, now.timestamp(), &body))
            .body(body);
        match request.send().await {
            Ok(response) => answer(response).await,
            Err(error) => Sent::Transient(words(&error)),
        }
    }
}

async fn answer(mut response: reqwest::Response) -> Sent {
    let status = response.status();
    let mut said = status.to_string();
    if !status.is_success()
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let text: String =
            String::from_utf8_lossy(&chunk).chars().filter(|c| !c.is_control()).take(LONGEST_ANSWER).collect();
        said.push_str(": ");
        said.push_str(&text);
    }
    let again = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    match () {
        () if status.is_success() => Sent::Accepted(said),
        () if again => Sent::Transient(said),
        () => Sent::Permanent(said),
    }
}

/// `t=<seconds>,v1=<hex>`.
#[must_use]
pub fn signature(secret: &Secret, seconds: i64, body: &[u8]) -> String {
    // HMAC takes keys of every length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

impl Endpoint {
    fn new(endpoint: &WebhookEndpoint, config: &WebhookConfig) -> Result<Self, WebhookConfigError> {
        let wrong = |problem: String| WebhookConfigError::Url {
            name: endpoint.name.clone(),
            url: endpoint.url.clone(),
            problem,
        };
        let url = reqwest::Url::parse(&endpoint.url).map_err(|e| wrong(format!("{e}; expected https://host/path")))?;
        let host = url.host_str().ok_or_else(|| wrong("it names no host".into()))?.to_owned();
        if !config.allow_hosts.contains(&host) {
            return Err(wrong(format!(
                "host {host} is not on the allow-list; expected one of {:?}",
                config.allow_hosts
            )));
        }
        match url.scheme() {
            "https" => {}
            "http" if config.allow_http.contains(&host) => {}
            other => return Err(wrong(format!("scheme {other} is not allowed for {host}; expected https"))),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it carries a user or password; expected them nowhere but in the signature".into()));
        }
        // An address in place of a name never goes through the resolver: check it here.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(ip) = literal
            && !is_public(ip)
            && !config.allow_private.contains(&host)
        {
            return Err(wrong(format!("{ip} is a private address; expected a public one")));
        }
        let secret = endpoint
            .secret
            .read()
            .map_err(|source| WebhookConfigError::Secret { name: endpoint.name.clone(), source })?;
        Ok(Self { name: endpoint.name.clone(), url, secret, urgent_only: endpoint.urgent_only })
    }
}

/// Resolves names, and lets only public addresses through.
struct PublicOnly {
    allow_private: BTreeSet<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let private_allowed = self.allow_private.contains(&host);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| private_allowed || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{host} has no public address").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(ip) => {
            if let Some(v4) = ip.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            let segments = ip.segments();
            let nat64 = segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
            let six_to_four = segments[0] == 0x2002;
            // only global unicast, and of that neither documentation nor the ways around to IPv4
            (segments[0] & 0xe000) == 0x2000
                && !(segments[0] == 0x2001 && (segments[1] == 0x0db8 || segments[1] == 0))
                && !nat64
                && !six_to_four
        }
    }
}

fn words(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    words
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::secret::SecretSource;

    fn config(url: &str, hosts: &[&str]) -> WebhookConfig {
        WebhookConfig {
            allow_hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            endpoints: vec![WebhookEndpoint {
                name: "messenger".into(),
                url: url.into(),
                secret: SecretSource::Env("PATH".into()),
                urgent_only: true,
            }],
            ..WebhookConfig::default()
        }
    }

    fn refused(url: &str, hosts: &[&str]) -> String {
        Webhooks::new(&config(url, hosts)).unwrap_err().to_string()
    }

    #[test]
    fn a_host_that_is_not_on_the_list_is_refused() {
        assert!(refused("https://evil.example/x", &["messenger.example"]).contains("allow-list"));
    }

    #[test]
    fn http_is_refused() {
        assert!(refused("http://messenger.example/x", &["messenger.example"]).contains("https"));
    }

    #[test]
    fn private_addresses_are_refused() {
        for host in
            ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]"]
        {
            let error = refused(&format!("https://{host}/x"), &[host, "[::ffff:a00:1]"]);
            assert!(error.contains("private"), "{host}: {error}");
        }
    }

    #[test]
    fn the_usual_ways_around_are_not_public() {
        for ip in [
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "fe80::1",
            "240.0.0.1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "223.5.5.5", "2400:3200::1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn the_signature_is_hmac_sha256_over_time_and_body() {
        // computed with `openssl dgst -sha256 -hmac key` over "1700000000.{}"
        let made = signature(&Secret::new("key"), 1_700_000_000, b"{}");
        assert_eq!(made, "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
    }
}
