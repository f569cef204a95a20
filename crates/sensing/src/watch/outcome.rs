//! What rules said, as alarms and commands are written.

use std::collections::BTreeMap;

use huiyin_journal::sensing::{AlarmCommand, AlarmWrite};
use serde_json::json;
use uuid::Uuid;

use crate::ingest::Scope;
use crate::rules::{Alarm, Outcome, Severity};

/// Namespace of the ids of alarms and of what they send.
const ALARMS: Uuid = Uuid::from_u128(0x6b1f_7c44_0c5e_4b0e_9d5a_3f7a_52c1_8e10);

/// Alarms and commands of a decision. An alarm that changes twice is written once, as it is at last.
#[derive(Default)]
pub(super) struct Written {
    alarms: BTreeMap<Uuid, AlarmWrite>,
    commands: Vec<AlarmCommand>,
}

impl Written {
    pub(super) fn is_empty(&self) -> bool {
        self.alarms.is_empty()
    }

    pub(super) fn add(&mut self, scope: &Scope, outcome: &Outcome) {
        let (what, alarm) = match outcome {
            Outcome::Raised(alarm) => ("raised", alarm),
            Outcome::Worse(alarm) => ("worse", alarm),
            Outcome::Cleared(alarm) => ("cleared", alarm),
        };
        let id = id(scope, alarm);
        let body = serde_json::to_string(alarm).unwrap_or_default();
        let ended_at = (what == "cleared").then_some(alarm.at);
        self.alarms.insert(
            id,
            AlarmWrite {
                id,
                rule: alarm.rule.clone(),
                place: alarm.place.clone(),
                severity: severity(alarm.severity).to_owned(),
                started_at: alarm.start,
                ended_at,
                body: body.clone(),
            },
        );
        // A notice is looked at in the list of alarms; it opens no incident.
        if alarm.severity >= Severity::Warning {
            let told = json!([what, alarm.at]).to_string();
            let command = Uuid::new_v5(&id, told.as_bytes());
            self.commands.push(AlarmCommand { id: command, alarm: id, what: what.to_owned(), body });
        }
    }

    pub(super) fn into_parts(self) -> (Vec<AlarmWrite>, Vec<AlarmCommand>) {
        (self.alarms.into_values().collect(), self.commands)
    }
}

/// The same alarm has the same id, however often it is found.
fn id(scope: &Scope, alarm: &Alarm) -> Uuid {
    let name = json!([scope.district, scope.timeline, alarm.rule, alarm.place, alarm.start.timestamp_micros()]);
    Uuid::new_v5(&ALARMS, name.to_string().as_bytes())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Severe => "severe",
    }
}
