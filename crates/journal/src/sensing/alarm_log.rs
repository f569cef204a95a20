//! Alarms for people: a page of them, each with what it told the engine and what the engine said to that.

use uuid::Uuid;

use super::alarms::{Alarm, AlarmRow, kept};
use crate::error::JournalError;
use crate::store::{Journal, reading};
use crate::time::{Instant, from_micros};

/// Which alarms, newest first.
#[derive(Clone, Debug, Default)]
pub struct AlarmQuery {
    /// Only those that have not ended (true), only those that have (false), or all.
    pub open: Option<bool>,
    /// Only of this place.
    pub place: Option<String>,
    /// Only those with a command that the engine refused.
    pub refused: bool,
    /// At most.
    pub limit: u32,
    /// Skip.
    pub offset: u32,
}

/// A command of an alarm, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledCommand {
    /// `raised`, `worse`, `cleared`.
    pub what: String,
    /// `waiting`, `done`, `refused`.
    pub state: String,
    /// What the engine said: the number of the incident, or why it refused.
    pub answer: String,
    /// When it was made.
    pub made_at: Instant,
    /// When it was answered.
    pub done_at: Option<Instant>,
}

/// An alarm with what it told the engine, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAlarm {
    /// The alarm.
    pub alarm: Alarm,
    /// Its commands; none of a notice.
    pub commands: Vec<SettledCommand>,
}

type CommandRow = (String, String, String, i64, Option<i64>);

const PAGE: &str = "SELECT id, rule, place, severity, started_at, ended_at, body, case_id FROM alarms \
    WHERE district = $1 AND timeline = $2 AND ($3 < 0 OR ($3 = 1 AND ended_at IS NULL) OR ($3 = 0 AND ended_at IS NOT NULL)) \
    AND ($4 = '' OR place = $4) AND ($5 = 0 OR EXISTS \
    (SELECT 1 FROM alarm_commands c WHERE c.alarm = alarms.id AND c.state = 'refused')) \
    ORDER BY started_at DESC, id LIMIT $6 OFFSET $7";
/// An alarm that flaps says much; its newest words count.
const SAID: &str = "SELECT what, state, answer, made_at, done_at FROM alarm_commands WHERE alarm = $1 \
    ORDER BY n DESC LIMIT 20";

impl Journal {
    /// A page of the alarm log.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alarm_log(
        &self,
        district: &str,
        timeline: &str,
        query: &AlarmQuery,
    ) -> Result<Vec<LoggedAlarm>, JournalError> {
        let open = query.open.map_or(-1, i32::from);
        let rows: Vec<AlarmRow> = reading!(self, pool => {
            sqlx::query_as(PAGE)
                .bind(district)
                .bind(timeline)
                .bind(open)
                .bind(query.place.as_deref().unwrap_or_default())
                .bind(i32::from(query.refused))
                .bind(i64::from(query.limit))
                .bind(i64::from(query.offset))
                .fetch_all(pool)
                .await?
        });
        let mut log = Vec::with_capacity(rows.len());
        for row in rows {
            let alarm = kept(row);
            let commands = self.commands_of(alarm.written.id).await?;
            log.push(LoggedAlarm { alarm, commands });
        }
        Ok(log)
    }

    async fn commands_of(&self, alarm: Uuid) -> Result<Vec<SettledCommand>, JournalError> {
        let rows: Vec<CommandRow> = reading!(self, pool => sqlx::query_as(SAID).bind(alarm).fetch_all(pool).await?);
        let settled = rows.into_iter().rev().map(|(what, state, answer, made_at, done_at)| {
            let (made_at, done_at) = (from_micros(made_at), done_at.map(from_micros));
            SettledCommand { what, state, answer, made_at, done_at }
        });
        Ok(settled.collect())
    }
}
