//! One message: a CloudEvent 1.0 in its JSON form, with the extensions `district` and `timeline`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// `1.0`
    pub specversion: String,
    /// Unique: `<case>/s<seq>` for a committed entry, the effect's key for an emitted event. Makes a repetition recognisable.
    pub id: String,
    /// `/huiyin/<district>/<timeline>/<workflow>`
    pub source: String,
    /// Event name, e.g. `assign`; for a committed entry without an event its kind, e.g. `tick`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Case id.
    pub subject: String,
    /// RFC 3339, microseconds, UTC.
    pub time: String,
    /// `application/json`
    pub datacontenttype: String,
    /// District code.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
    /// What it says; never a confidential value.
    pub data: Value,
}

impl Message {
    /// The subject under which it is published: `huiyin.<district>.<live|drill>.evt.<workflow>.<case>.<event tokens>`.
    #[must_use]
    pub fn address(&self) -> String {
        let workflow = self.source.rsplit('/').next().unwrap_or_default();
        let life = if self.timeline == "real" { "live" } else { "drill" };
        format!("huiyin.{}.{life}.evt.{workflow}.{}.{}", self.district, self.subject, self.kind)
    }
}
