//! What was asked of the server against what it says it made: an older or differently set-up server leaves settings out
//! without a word.

use async_nats::jetstream::consumer::{self, pull};
use async_nats::jetstream::stream;

use super::NatsError;

/// A setting: its name, as asked, as returned.
type Setting = (&'static str, String, String);

/// Settings of a stream that must come back as they were asked for.
pub(super) fn streams(asked: &stream::Config, found: &stream::Config) -> Result<(), NatsError> {
    let settings = [
        ("subjects", format!("{:?}", asked.subjects), format!("{:?}", found.subjects)),
        ("retention", format!("{:?}", asked.retention), format!("{:?}", found.retention)),
        ("storage", format!("{:?}", asked.storage), format!("{:?}", found.storage)),
        ("replicas", asked.num_replicas.to_string(), found.num_replicas.to_string()),
        ("age", format!("{:?}", asked.max_age), format!("{:?}", found.max_age)),
        ("size", asked.max_bytes.max(0).to_string(), found.max_bytes.max(0).to_string()),
        ("what happens when full", format!("{:?}", asked.discard), format!("{:?}", found.discard)),
        ("duplicate window", format!("{:?}", asked.duplicate_window), format!("{:?}", found.duplicate_window)),
        ("protection from deletion", asked.deny_delete.to_string(), found.deny_delete.to_string()),
    ];
    same(format!("the stream {}", asked.name), settings)
}

/// Settings of a consumer that must come back as they were asked for.
pub(super) fn consumers(asked: &pull::Config, found: &consumer::Config) -> Result<(), NatsError> {
    let settings = [
        ("name", format!("{:?}", asked.durable_name), format!("{:?}", found.durable_name)),
        ("acknowledgement", format!("{:?}", asked.ack_policy), format!("{:?}", found.ack_policy)),
        ("time to acknowledge", format!("{:?}", asked.ack_wait), format!("{:?}", found.ack_wait)),
        ("deliveries", asked.max_deliver.to_string(), found.max_deliver.to_string()),
        ("messages under way", asked.max_ack_pending.to_string(), found.max_ack_pending.to_string()),
        ("subject", asked.filter_subject.clone(), found.filter_subject.clone()),
    ];
    same(format!("the consumer {}", asked.durable_name.as_deref().unwrap_or_default()), settings)
}

fn same(what: String, settings: impl IntoIterator<Item = Setting>) -> Result<(), NatsError> {
    match settings.into_iter().find(|(_, asked, found)| asked != found) {
        None => Ok(()),
        Some((field, asked, found)) => Err(NatsError::Configuration { stream: what, field, asked, found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_was_left_out_is_named() {
        let asked = stream::Config { name: "S".into(), num_replicas: 3, ..stream::Config::default() };
        let found = stream::Config { num_replicas: 1, ..asked.clone() };
        let error = streams(&asked, &found).expect_err("it differs");
        assert!(error.to_string().starts_with("the stream S came back with replicas 1 instead of 3"), "{error}");
    }
}
