//! The memory of the rules, the alarms, and what alarms send to the engine: one decision commits all three or none.

use uuid::Uuid;

use crate::error::JournalError;
use crate::store::{Journal, reading, writing};
use crate::time::{Instant, from_micros, micros};

/// What a set of rules remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensingState {
    /// Counts up with every decision; who decides must have seen the newest.
    pub version: i64,
    /// The last observation that is in it.
    pub seq: i64,
    /// The memory itself: JSON of `sensing`.
    pub state: String,
}

/// An alarm as it is written: new, or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmWrite {
    /// UUID v5 of (district, timeline, rule, place, start).
    pub id: Uuid,
    /// Rule.
    pub rule: String,
    /// Place (station or section).
    pub place: String,
    /// How severe, in the words of the rule.
    pub severity: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// JSON: reason in words, evidence.
    pub body: String,
}

/// What an alarm sends to the engine. Sent at least once under the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmCommand {
    /// UUID v5 of (alarm, what, how severe).
    pub id: Uuid,
    /// Alarm.
    pub alarm: Uuid,
    /// `raised`, `worse`, `cleared`.
    pub what: String,
    /// JSON: what the incident is told.
    pub body: String,
}

/// What follows from observations that were read.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// Set of rules.
    pub name: &'a str,
    /// The memory as it becomes; its version is one above the one that was read.
    pub state: SensingState,
    /// Now.
    pub at: Instant,
    /// Alarms, new and changed.
    pub alarms: Vec<AlarmWrite>,
    /// What they send.
    pub commands: Vec<AlarmCommand>,
}

/// An alarm as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What was written.
    pub written: AlarmWrite,
    /// The incident that it opened or joined.
    pub case: Option<Uuid>,
}

/// A command that was not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCommand {
    /// The command.
    pub command: AlarmCommand,
    /// Its alarm.
    pub alarm: Alarm,
}

pub(super) type AlarmRow = (Uuid, String, String, String, i64, Option<i64>, String, Option<Uuid>);
type CommandRow = (Uuid, Uuid, String, String);

const STATE: &str =
    "SELECT version, seq, state FROM sensing_states WHERE district = $1 AND timeline = $2 AND name = $3";
const DECIDE: &str = "INSERT INTO sensing_states (district, timeline, name, version, seq, state, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (district, timeline, name) DO UPDATE \
    SET version = excluded.version, seq = excluded.seq, state = excluded.state, at = excluded.at \
    WHERE sensing_states.version = excluded.version - 1";
const ALARM: &str = "INSERT INTO alarms (id, district, timeline, rule, place, severity, started_at, ended_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE \
    SET severity = excluded.severity, ended_at = excluded.ended_at, body = excluded.body";
const COMMAND: &str = "INSERT INTO alarm_commands (id, district, timeline, alarm, what, body, state, answer, made_at) \
    VALUES ($1, $2, $3, $4, $5, $6, 'waiting', '', $7) ON CONFLICT (id) DO NOTHING";
const WAITING: &str = "SELECT id, alarm, what, body FROM alarm_commands \
    WHERE district = $1 AND timeline = $2 AND state = 'waiting' ORDER BY n LIMIT $3";
const SETTLE: &str = "UPDATE alarm_commands SET state = $2, answer = $3, done_at = $4 WHERE id = $1";
const JOIN: &str = "UPDATE alarms SET case_id = $2 WHERE id = $1";
const ONE: &str = "SELECT id, rule, place, severity, started_at, ended_at, body, case_id FROM alarms WHERE id = $1";
const BEFORE: &str = "SELECT id, rule, place, severity, started_at, ended_at, body, case_id FROM alarms \
    WHERE district = $1 AND timeline = $2 AND rule = $3 AND place = $4 AND started_at < $5 AND case_id IS NOT NULL \
    ORDER BY started_at DESC LIMIT 1";
const NEWEST: &str = "SELECT id, rule, place, severity, started_at, ended_at, body, case_id FROM alarms \
    WHERE district = $1 AND timeline = $2 AND ($3 = 0 OR ended_at IS NULL) ORDER BY started_at DESC LIMIT $4";

impl Journal {
    /// What a set of rules remembers; none before its first decision.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sensing_state(
        &self,
        district: &str,
        timeline: &str,
        name: &str,
    ) -> Result<Option<SensingState>, JournalError> {
        let row: Option<(i64, i64, String)> = reading!(self, pool => {
            sqlx::query_as(STATE).bind(district).bind(timeline).bind(name).fetch_optional(pool).await?
        });
        Ok(row.map(|(version, seq, state)| SensingState { version, seq, state }))
    }

    /// Writes a decision: memory, alarms and commands together. False: somebody else has decided since; nothing was written.
    ///
    /// # Errors
    /// When the database refuses; then nothing was written.
    pub async fn decide(&self, district: &str, timeline: &str, decision: &Decision<'_>) -> Result<bool, JournalError> {
        let at = micros(decision.at);
        writing!(self, pool => {
            let mut tx = pool.begin().await?;
            let SensingState { version, seq, state } = &decision.state;
            let first = sqlx::query(DECIDE).bind(district).bind(timeline).bind(decision.name);
            let first = first.bind(version).bind(seq).bind(state).bind(at);
            if first.execute(&mut *tx).await?.rows_affected() != 1 {
                tx.rollback().await?;
                return Ok(false);
            }
            self.fault("decide")?;
            for alarm in &decision.alarms {
                let write = sqlx::query(ALARM).bind(alarm.id).bind(district).bind(timeline);
                let write = write.bind(&alarm.rule).bind(&alarm.place).bind(&alarm.severity);
                let write = write.bind(micros(alarm.started_at)).bind(alarm.ended_at.map(micros)).bind(&alarm.body);
                write.execute(&mut *tx).await?;
            }
            for command in &decision.commands {
                let write = sqlx::query(COMMAND).bind(command.id).bind(district).bind(timeline);
                let write = write.bind(command.alarm).bind(&command.what).bind(&command.body).bind(at);
                write.execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(true)
    }

    /// Commands of alarms that were not answered yet, in their order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting_alarm_commands(
        &self,
        district: &str,
        timeline: &str,
        limit: u32,
    ) -> Result<Vec<WaitingCommand>, JournalError> {
        let rows: Vec<CommandRow> = reading!(self, pool => {
            sqlx::query_as(WAITING).bind(district).bind(timeline).bind(i64::from(limit)).fetch_all(pool).await?
        });
        let mut waiting = Vec::with_capacity(rows.len());
        for (id, alarm, what, body) in rows {
            let row: Option<AlarmRow> =
                reading!(self, pool => sqlx::query_as(ONE).bind(alarm).fetch_optional(pool).await?);
            let Some(row) = row else {
                return Err(JournalError::damaged("alarm_commands", format!("{id} belongs to no alarm")));
            };
            waiting.push(WaitingCommand { command: AlarmCommand { id, alarm, what, body }, alarm: kept(row) });
        }
        Ok(waiting)
    }

    /// A command was answered: `case` is the incident that its alarm now belongs to, `refused` that it changed nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn settle_alarm_command(
        &self,
        command: &AlarmCommand,
        case: Option<Uuid>,
        refused: bool,
        answer: &str,
        at: Instant,
    ) -> Result<(), JournalError> {
        self.fault("settle")?;
        let state = if refused { "refused" } else { "done" };
        writing!(self, pool => {
            let mut tx = pool.begin().await?;
            sqlx::query(SETTLE).bind(command.id).bind(state).bind(answer).bind(micros(at)).execute(&mut *tx).await?;
            if let Some(case) = case {
                sqlx::query(JOIN).bind(command.alarm).bind(case).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }

    /// The last earlier alarm of the same rule and place that has an incident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alarm_before(
        &self,
        district: &str,
        timeline: &str,
        alarm: &AlarmWrite,
    ) -> Result<Option<Alarm>, JournalError> {
        let row: Option<AlarmRow> = reading!(self, pool => {
            sqlx::query_as(BEFORE)
                .bind(district)
                .bind(timeline)
                .bind(&alarm.rule)
                .bind(&alarm.place)
                .bind(micros(alarm.started_at))
                .fetch_optional(pool)
                .await?
        });
        Ok(row.map(kept))
    }

    /// Alarms, newest first; only those that have not ended if asked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alarms(
        &self,
        district: &str,
        timeline: &str,
        open: bool,
        limit: u32,
    ) -> Result<Vec<Alarm>, JournalError> {
        let rows: Vec<AlarmRow> = reading!(self, pool => {
            sqlx::query_as(NEWEST)
                .bind(district)
                .bind(timeline)
                .bind(i32::from(open))
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        Ok(rows.into_iter().map(kept).collect())
    }
}

pub(super) fn kept((id, rule, place, severity, started_at, ended_at, body, case): AlarmRow) -> Alarm {
    let (started_at, ended_at) = (from_micros(started_at), ended_at.map(from_micros));
    Alarm { written: AlarmWrite { id, rule, place, severity, started_at, ended_at, body }, case }
}
