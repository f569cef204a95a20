//! What an administrator sets for mail and webhooks. Secrets are named, never held.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use crate::secret::SecretSource;

/// A configuration file cannot be read. Its words say the line and what was expected, never a value: whoever wrote a
/// password where it does not belong must not find it in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {problem}")]
pub struct ConfigError {
    /// Line, from 1; 0 when it is about the file as a whole.
    pub line: u64,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl NotifyConfig {
    /// Reads the YAML of an administrator.
    ///
    /// # Errors
    /// When it is no YAML, or a key or value is not what is expected there.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        serde_saphyr::from_str(text).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
            let said = error.without_snippet().to_string().replace('\n', " ");
            let said = without_value(said.split(" at line ").next().unwrap_or_default());
            let problem = match key_before(text, line, column) {
                Some(key) => format!("{key}: {said}"),
                None => said,
            };
            ConfigError { line, problem }
        })
    }
}

/// The key whose value begins there.
fn key_before(text: &str, line: u64, column: u64) -> Option<&str> {
    let line = text.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
    let end = line.char_indices().nth(usize::try_from(column.checked_sub(1)?).ok()?).map_or(line.len(), |(at, _)| at);
    let (before, _) = line[..end].rsplit_once(':')?;
    let key = before.rsplit([' ', '{', ',']).next()?;
    (!key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')).then_some(key)
}

/// An error of the reader without the value it quotes.
fn without_value(said: &str) -> String {
    let Some((kind, rest)) = said.split_once(" variant `") else { return said.to_owned() };
    let rest = rest.split_once('`').map_or(rest, |(_, rest)| rest);
    format!("{kind} value{rest}")
}

/// Everything `notify` can be told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyConfig {
    /// Mail relays; none: mails stay in the local mailbox.
    pub smtp: Option<SmtpConfig>,
    /// Webhooks beside mail.
    pub webhooks: WebhookConfig,
    /// Address of the console, without a trailing slash, e.g. `https://huiyin.example.gov.cn`; links start with it.
    pub console_url: String,
    /// Hold-back, retries, limits.
    pub policy: Policy,
}

/// Mail relays and sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// In order of preference; the second is used when the first fails.
    pub relays: Vec<Relay>,
    /// Sender address, e.g. `huiyin@example.gov.cn`.
    pub from: String,
    /// Sender name, may be Chinese.
    #[serde(default = "from_name")]
    pub from_name: String,
    /// Address for answers; none: the sender.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Right side of the Message-IDs; none: the domain of `from`.
    #[serde(default)]
    pub message_id_domain: Option<String>,
    /// Name this side gives in EHLO; none: the host's name.
    #[serde(default)]
    pub hello: Option<String>,
    /// Seconds allowed for connecting, TLS and sign-in.
    #[serde(default = "connect_seconds")]
    pub connect_timeout: u64,
    /// Seconds allowed for handing over one mail, up to the answer after DATA.
    #[serde(default = "send_seconds")]
    pub send_timeout: u64,
    /// Idle connections kept per relay.
    #[serde(default = "pool_size")]
    pub pool: usize,
}

/// One mail relay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Host name (also the name on its certificate) or address.
    pub host: String,
    /// Port, usually 25, 465 (implicit) or 587 (starttls).
    pub port: u16,
    /// How the connection is protected.
    pub tls: RelayTls,
    /// PEM file of a certificate authority to trust beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// User for authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password is: `{file: path}` or `{env: NAME}`.
    #[serde(default)]
    pub password: Option<SecretSource>,
}

/// How a connection to a relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// Not at all; passwords are then refused unless the relay is on this machine.
    None,
    /// STARTTLS, required.
    Starttls,
    /// TLS from the first byte.
    Implicit,
}

/// Webhooks and where they may point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Hosts that may be called; everything else is refused.
    pub allow_hosts: BTreeSet<String>,
    /// Of these, hosts that may be called without TLS.
    pub allow_http: BTreeSet<String>,
    /// Of these, hosts that may resolve to private, loopback or link-local addresses.
    pub allow_private: BTreeSet<String>,
    /// The webhooks.
    pub endpoints: Vec<WebhookEndpoint>,
    /// Seconds allowed for one call.
    pub timeout: Option<u64>,
}

/// One webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpoint {
    /// Name in the log.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Key of the signature.
    pub secret: SecretSource,
    /// Only urgent notices (the default); otherwise all, outside office hours held to the next opening.
    #[serde(default = "yes")]
    pub urgent_only: bool,
}

/// Hold-back, retries, limits. Spans in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Waits before the second, third … attempt of an urgent delivery. Their number bounds the attempts.
    pub urgent_retries: Vec<u64>,
    /// The same for everything else; those are also moved into office hours.
    pub retries: Vec<u64>,
    /// Wait before the second relay is used for an urgent notice of an hour clock.
    pub second_relay_after: u64,
    /// Who else is written to when an urgent notice cannot be delivered to its recipient.
    pub backup: Vec<String>,
    /// Failed attempts after which `backup` is written to, at the latest.
    pub backup_after: i32,
    /// Most attempts to one address within an hour that are not urgent …
    pub recipient_per_hour: u32,
    /// … and that are urgent.
    pub recipient_urgent_per_hour: u32,
    /// Most attempts to all within a minute.
    pub all_per_minute: u32,
    /// Most attempts under way at once.
    pub concurrency: usize,
    /// Notices shown in one digest; the rest is counted and comes with the next.
    pub digest_lines: u32,
    /// Attempts to take an effect in before it is given up and alarmed.
    pub intake_attempts: u32,
    /// How long a worker keeps what it claimed.
    pub lease: u64,
}

impl Default for Policy {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        Self {
            urgent_retries: vec![
                MINUTE,
                MINUTE,
                2 * MINUTE,
                5 * MINUTE,
                10 * MINUTE,
                15 * MINUTE,
                30 * MINUTE,
                HOUR,
                2 * HOUR,
                4 * HOUR,
            ],
            retries: vec![5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR, 24 * HOUR],
            second_relay_after: MINUTE,
            backup: vec!["unit:duty-desk".into()],
            backup_after: 3,
            recipient_per_hour: 6,
            recipient_urgent_per_hour: 60,
            all_per_minute: 120,
            concurrency: 8,
            digest_lines: 200,
            intake_attempts: 20,
            lease: 5 * MINUTE,
        }
    }
}

impl SmtpConfig {
    /// The right side of Message-IDs.
    #[must_use]
    pub fn id_domain(&self) -> &str {
        self.message_id_domain
            .as_deref()
            .or_else(|| self.from.rsplit_once('@').map(|(_, domain)| domain))
            .unwrap_or(LOCAL_DOMAIN)
    }
}

/// The right side of Message-IDs when there is no sender's domain.
pub const LOCAL_DOMAIN: &str = "huiyin.local";

fn from_name() -> String {
    "回音 Huiyin".into()
}
fn connect_seconds() -> u64 {
    15
}
fn send_seconds() -> u64 {
    60
}
fn pool_size() -> usize {
    4
}
fn yes() -> bool {
    true
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_whole_configuration_is_read_and_an_unknown_key_is_refused() {
        let config: NotifyConfig = serde_json::from_str(
            r#"{"console_url": "https://huiyin.example", "smtp": {"from": "huiyin@example.org", "relays": [
                {"host": "mail.example.org", "port": 587, "tls": "starttls", "user": "huiyin", "password": {"file": "/run/secrets/mail"}},
                {"host": "mail2.example.org", "port": 465, "tls": "implicit"}]},
              "webhooks": {"allow_hosts": ["messenger.example"], "endpoints": [
                {"name": "messenger", "url": "https://messenger.example/notice", "secret": {"env": "MESSENGER_KEY"}}]},
              "policy": {"all_per_minute": 60}}"#,
        )
        .unwrap();
        assert_eq!(config.smtp.unwrap().relays[0].tls, RelayTls::Starttls);
        assert!(config.webhooks.endpoints[0].urgent_only);
        assert_eq!((config.policy.all_per_minute, config.policy.second_relay_after), (60, 60));
        let error = serde_json::from_str::<NotifyConfig>(r#"{"smtp": {"from": "a@b", "relays": [], "passwort": "x"}}"#)
            .unwrap_err();
        assert!(error.to_string().contains("passwort"));
    }

    #[test]
    fn a_mistake_is_named_by_line_and_key_and_no_value_is_repeated() {
        let wrong = |text: &str| NotifyConfig::read(text).unwrap_err().to_string();
        let head = "smtp:\n  from: a@example.org\n  relays:\n    - ";
        assert_eq!(wrong(&format!("{head}{{host: mail, port: abc, tls: starttls}}\n")), "4: port: invalid u16");
        let tls = wrong(&format!("{head}host: mail\n      port: 25\n      tls: yes\n"));
        assert_eq!(tls, "6: tls: unknown value, expected one of none, starttls, implicit");
        let password = wrong(&format!("{head}host: mail\n      port: 25\n      tls: none\n      password: hunter2\n"));
        assert_eq!(password, "7: password: unknown value, expected one of file, env");
        assert!(
            wrong("smtp:\n  passwort: hunter2\n").starts_with("2: unknown field `passwort`, expected one of relays")
        );
        assert!(wrong("smtp: [\n").starts_with("1: "));
    }

    #[test]
    fn the_example_that_ships_is_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/mail.example.yaml");
        let config = NotifyConfig::read(&std::fs::read_to_string(path).unwrap()).unwrap();
        let smtp = config.smtp.unwrap();
        assert_eq!(smtp.relays.len(), 2, "two relays are shown");
        assert!(smtp.relays.iter().all(|relay| relay.tls != RelayTls::None), "only with TLS");
        assert_eq!(config.webhooks.endpoints.len(), 1);
    }
}
