//! The alarm log: each alarm in words, the incident that it belongs to, and what is to be done where the engine refused.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::sensing::{AlarmQuery, LoggedAlarm, SettledCommand};
use huiyin_sensing::rules::Alarm;

use super::{StationDesk, failed, text};
use crate::ports::OfficeError;
use crate::views::Text;
use crate::views::stations::{AlarmCommandView, AlarmListView, AlarmView, EvidenceView};

/// A command that waits for longer is said to wait.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

impl StationDesk {
    /// A page of the alarm log; whoever asks decides which incidents the viewer may see.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn alarms(&self, query: &AlarmQuery) -> Result<AlarmListView, OfficeError> {
        let (scope, now) = (&self.0.scope, self.now());
        let log = self.0.journal.alarm_log(&scope.district, &scope.timeline, query).await.map_err(failed)?;
        let more = log.len() == query.limit as usize;
        Ok(AlarmListView { now, rows: log.into_iter().map(|one| self.alarm(one, now)).collect(), more })
    }

    fn alarm(&self, logged: LoggedAlarm, now: DateTime<Utc>) -> AlarmView {
        let (written, case) = (logged.alarm.written, logged.alarm.case);
        let body: Option<Alarm> = serde_json::from_str(&written.body).ok();
        let rule = self.0.rules.rules().iter().find(|rule| rule.id == written.rule);
        let station = self.0.registry.station(&written.place);
        let todo = todo(&logged.commands, case.is_some(), now);
        let unread = || Text::new("告警内容无法读取", "what the alarm says does not read");
        AlarmView {
            id: written.id,
            rule_name: rule.map_or_else(|| Text::same(&written.rule), |rule| text(&rule.name)),
            rule: written.rule,
            severity: written.severity,
            place_name: station.map_or_else(|| Text::same(&written.place), |station| text(&station.name)),
            place: written.place,
            started_at: written.started_at,
            ended_at: written.ended_at,
            reason: body.as_ref().map_or_else(unread, |alarm| text(&alarm.reason)),
            evidence: body.map(|alarm| self.evidence(alarm)).unwrap_or_default(),
            incident: None,
            incident_hidden: false,
            commands: logged.commands.into_iter().map(command).collect(),
            todo,
            case,
        }
    }

    fn evidence(&self, alarm: Alarm) -> Vec<EvidenceView> {
        let evidence = alarm.evidence.into_iter().map(|reading| EvidenceView {
            name: self.pollutant_name(&reading.pollutant),
            station: reading.station,
            pollutant: reading.pollutant,
            value: reading.value,
            unit: reading.unit,
            against: reading.against,
            observed_at: reading.observed_at,
        });
        evidence.collect()
    }
}

fn command(one: SettledCommand) -> AlarmCommandView {
    let refused = one.state == "refused";
    AlarmCommandView {
        what: one.what,
        answer: refused.then_some(one.answer),
        state: one.state,
        made_at: one.made_at,
        done_at: one.done_at,
    }
}

/// What somebody has to do. The newest command that was not taken counts.
fn todo(commands: &[SettledCommand], has_incident: bool, now: DateTime<Utc>) -> Option<Text> {
    let refused = commands.iter().rev().find(|one| one.state == "refused");
    let waits = commands.iter().any(|one| one.state == "waiting" && now - one.made_at > PATIENCE);
    Some(match refused {
        Some(_) if !has_incident => Text::new(
            "告警没有开立事件：请立即核实，情况属实的在“登记”中人工登记突发事件，并把拒绝原因告知系统管理员。",
            "The alarm opened no incident. Verify it now; if it is true, log the incident by hand, and tell the administrator \
             why it was refused.",
        ),
        Some(_) => Text::new(
            "这一变化没有进入事件（事件可能已经结束）：请打开事件核对，需要时补记。",
            "This change did not reach the incident, which may be closed. Open the incident and add it if it matters.",
        ),
        None if waits => Text::new(
            "告警尚未送达引擎：请确认带 engine 角色的进程在运行；恢复后会自动补送，不会重复。",
            "The alarm waits for an engine. Make sure that a process with the role engine runs; it is told then, once.",
        ),
        None => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn what_is_to_be_done_depends_on_whether_there_is_an_incident() {
        let now: DateTime<Utc> = "2026-11-30T00:00:00Z".parse().unwrap();
        let said = |state: &str, ago| SettledCommand {
            what: "raised".to_owned(),
            state: state.to_owned(),
            answer: String::new(),
            made_at: now - TimeDelta::seconds(ago),
            done_at: None,
        };
        assert_eq!(todo(&[], false, now), None);
        assert_eq!(todo(&[said("done", 90)], true, now), None);
        assert_eq!(todo(&[said("waiting", 30)], false, now), None, "it may take a moment");
        assert!(todo(&[said("waiting", 90)], false, now).unwrap().en.contains("engine"));
        let alone = todo(&[said("refused", 0)], false, now).unwrap();
        let joined = todo(&[said("done", 9), said("refused", 0)], true, now).unwrap();
        assert!(alone.en.contains("by hand") && joined.en.contains("Open the incident"));
    }
}
