//! Cases as rows of a list, and one case with its state.

use serde::Serialize;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::filter::{Arg, CaseFilter, Condition};
use crate::columns::from_columns;
use crate::error::JournalError;
use crate::secret::{CaseKey, mask};
use crate::store::rows::{RawCase, case_columns, list};
use crate::store::{CaseRecord, Journal, reading};
use crate::time::{Instant, from_micros, micros};

/// One case in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseRow {
    /// Id.
    pub id: Uuid,
    /// Number for people.
    pub number: String,
    /// District code.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
    /// Workflow name.
    pub workflow: String,
    /// Workflow version.
    pub version: i64,
    /// Title.
    pub title: String,
    /// Place in words.
    pub place: String,
    /// Category.
    pub category: String,
    /// Channel.
    pub channel: String,
    /// Ids of the active atomic states.
    pub active: Vec<String>,
    /// The case's owner, a party string.
    pub owner: Option<String>,
    /// All owners.
    pub owners: Vec<String>,
    /// Earliest due time.
    pub due_at: Option<Instant>,
    /// Which clock that is.
    pub due_clock: Option<String>,
    /// Reaches into an unpublished year.
    pub due_provisional: bool,
    /// Open and past due.
    pub overdue: bool,
    /// Marks.
    pub marks: Vec<String>,
    /// Units that may neither own nor see the case.
    pub excluded: Vec<String>,
    /// When the matter reached the office.
    pub received_at: Instant,
    /// When it was typed in.
    pub registered_at: Instant,
    /// When the case was opened.
    pub opened_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Time of the newest entry.
    pub last_at: Instant,
    /// Number of the newest entry.
    pub seq: i64,
}

/// Two cases that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The case that opened the other.
    pub parent: Uuid,
    /// What the parent calls it.
    pub link: String,
    /// The case that was opened.
    pub child: Uuid,
    /// When.
    pub at: Instant,
}

from_columns! {
    struct Raw {
        id: Uuid,
        number: String,
        district: String,
        timeline: String,
        workflow: String,
        version: i64,
        title: String,
        place: String,
        category: String,
        channel: String,
        active: String,
        owner: Option<String>,
        owners: String,
        due_at: Option<i64>,
        due_clock: Option<String>,
        due_provisional: bool,
        marks: String,
        excluded: String,
        received_at: i64,
        registered_at: i64,
        opened_at: i64,
        closed_at: Option<i64>,
        last_at: i64,
        seq: i64,
    }
}

const ROW: &str = "SELECT c.id, c.number, c.district, c.timeline, c.workflow, c.version, c.title, c.place, c.category, \
    c.channel, c.active, c.owner, c.owners, c.due_at, c.due_clock, c.due_provisional, c.marks, c.excluded, c.received_at, \
    c.registered_at, c.opened_at, c.closed_at, c.last_at, c.seq FROM cases c WHERE ";
const BY_ID: &str = concat!("SELECT ", case_columns!(), " FROM cases c WHERE c.id = $1");
const BY_NUMBER: &str =
    concat!("SELECT ", case_columns!(), " FROM cases c WHERE c.district = $1 AND c.timeline = $2 AND c.number = $3");
const KEY: &str = "SELECT wrapped FROM case_keys WHERE case_id = $1";
const LINKS: &str = "SELECT parent, link, child, at FROM links WHERE parent = $1 \
    UNION ALL SELECT parent, link, child, at FROM links WHERE child = $1 ORDER BY 4, 3";
const OPEN_IDS: &str =
    "SELECT id FROM cases WHERE district = $1 AND timeline = $2 AND closed_at IS NULL AND id > $3 ORDER BY id LIMIT $4";
const COUNT_ALL: &str = "SELECT COUNT(*) FROM cases WHERE district = $1 AND timeline = $2";

impl Journal {
    /// Lists cases. `now` decides what is overdue.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_cases(&self, filter: &CaseFilter, now: Instant) -> Result<Vec<CaseRow>, JournalError> {
        let condition = filter.condition(self.vault(), now);
        let (limit, offset) = (filter.rows(), filter.offset);
        let sql = format!("{ROW}{} {} LIMIT {limit} OFFSET {offset}", condition.sql, filter.order_sql());
        let rows: Vec<Raw> = reading!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for arg in condition.args {
                query = match arg {
                    Arg::Int(n) => query.bind(n),
                    Arg::Text(text) => query.bind(text),
                };
            }
            query.fetch_all(pool).await?
        });
        rows.into_iter().map(|raw| row(raw, now)).collect()
    }

    /// Reads whole cases that a filter finds, after id `after` in id order, whatever the filter's order and offset; their
    /// states stay sealed. To look through very many, page by page.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn case_records(
        &self,
        filter: &CaseFilter,
        now: Instant,
        after: Uuid,
    ) -> Result<Vec<CaseRecord>, JournalError> {
        let Condition { sql, args } = filter.condition(self.vault(), now);
        let (id, limit) = (args.len() + 1, filter.rows());
        let columns = case_columns!();
        let sql = format!("SELECT {columns} FROM cases c WHERE {sql} AND c.id > ${id} ORDER BY c.id LIMIT {limit}");
        let rows: Vec<RawCase> = reading!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for arg in args {
                query = match arg {
                    Arg::Int(n) => query.bind(n),
                    Arg::Text(text) => query.bind(text),
                };
            }
            query.bind(after).fetch_all(pool).await?
        });
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Counts the cases that a filter lists, whatever its limit, up to `most`; `most + 1` says that there are more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_up_to(&self, filter: &CaseFilter, now: Instant, most: u32) -> Result<u64, JournalError> {
        let Condition { sql, args } = filter.condition(self.vault(), now);
        let most = u64::from(most) + 1;
        self.counted(format!("SELECT COUNT(*) FROM (SELECT 1 FROM cases c WHERE {sql} LIMIT {most}) q"), args).await
    }

    /// How the database would find the first rows of a list. For tests that look at its plan.
    #[doc(hidden)]
    pub async fn explain_list(&self, filter: &CaseFilter, now: Instant) -> Result<String, JournalError> {
        let Condition { sql, args } = filter.condition(self.vault(), now);
        let verb = if self.kind() == crate::Kind::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        let sql = format!("{verb} {ROW}{sql} {} LIMIT {}", filter.order_sql(), filter.rows());
        let column = if self.kind() == crate::Kind::Sqlite { 3 } else { 0 };
        let lines: Vec<String> = reading!(self, pool => {
            sqlx::raw_sql("ANALYZE").execute(pool).await.ok();
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for arg in args {
                query = match arg {
                    Arg::Int(n) => query.bind(n),
                    Arg::Text(text) => query.bind(text),
                };
            }
            let rows = query.fetch_all(pool).await?;
            rows.iter().map(|row| sqlx::Row::try_get::<String, _>(row, column)).collect::<Result<_, _>>()?
        });
        Ok(lines.join("\n"))
    }

    /// Counts the cases that a filter lists, whatever its limit.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_cases(&self, filter: &CaseFilter, now: Instant) -> Result<u64, JournalError> {
        let Condition { sql, args } = filter.condition(self.vault(), now);
        self.counted(format!("SELECT COUNT(*) FROM cases c WHERE {sql}"), args).await
    }

    async fn counted(&self, sql: String, args: Vec<Arg>) -> Result<u64, JournalError> {
        let (n,): (i64,) = reading!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for arg in args {
                query = match arg {
                    Arg::Int(n) => query.bind(n),
                    Arg::Text(text) => query.bind(text),
                };
            }
            query.fetch_one(pool).await?
        });
        Ok(n.unsigned_abs())
    }

    /// Ids of the open cases of a district after `after`, in id order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn open_cases(
        &self,
        district: &str,
        timeline: &str,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<Uuid>, JournalError> {
        let rows: Vec<(Uuid,)> = reading!(self, pool => {
            let query = sqlx::query_as(OPEN_IDS).bind(district).bind(timeline).bind(after).bind(i64::from(limit));
            query.fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// How many cases a timeline of a district has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cases_in(&self, district: &str, timeline: &str) -> Result<u64, JournalError> {
        let (n,): (i64,) = reading!(self, pool => {
            sqlx::query_as(COUNT_ALL).bind(district).bind(timeline).fetch_one(pool).await?
        });
        Ok(n.unsigned_abs())
    }

    /// Reads one case; its state stays sealed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn case(&self, id: Uuid) -> Result<Option<CaseRecord>, JournalError> {
        let raw: Option<RawCase> = reading!(self, pool => sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await?);
        raw.map(TryInto::try_into).transpose()
    }

    /// Reads one case by its number; its state stays sealed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn case_by_number(
        &self,
        district: &str,
        timeline: &str,
        number: &str,
    ) -> Result<Option<CaseRecord>, JournalError> {
        let raw: Option<RawCase> = reading!(self, pool => {
            sqlx::query_as(BY_NUMBER).bind(district).bind(timeline).bind(number).fetch_optional(pool).await?
        });
        raw.map(TryInto::try_into).transpose()
    }

    /// The key of a case; none: it has no confidential values, or the key was destroyed.
    ///
    /// # Errors
    /// When the database refuses or the key does not unwrap.
    pub async fn case_key(&self, case: Uuid) -> Result<Option<CaseKey>, JournalError> {
        let row: Option<(Vec<u8>,)> =
            reading!(self, pool => sqlx::query_as(KEY).bind(case).fetch_optional(pool).await?);
        row.map(|(wrapped,)| self.vault().open_case_key(case, &wrapped)).transpose()
    }

    /// The state of a case as JSON. `reveal`: with its confidential values, else null in their place.
    /// Whoever reveals writes down why first.
    ///
    /// # Errors
    /// When the database refuses or a value does not open.
    pub async fn case_state(&self, record: &CaseRecord, reveal: bool) -> Result<Value, JournalError> {
        let mut state: Value = serde_json::from_str(&record.state)
            .map_err(|e| JournalError::damaged(format!("cases.state of {}", record.id), e))?;
        if reveal {
            let key = self.case_key(record.id).await?;
            self.vault().unseal(key.as_ref(), &mut state)?;
        } else {
            mask(&mut state);
        }
        Ok(state)
    }

    /// The parents and children of a case.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn links(&self, case: Uuid) -> Result<Vec<Link>, JournalError> {
        let rows: Vec<(Uuid, String, Uuid, i64)> =
            reading!(self, pool => sqlx::query_as(LINKS).bind(case).fetch_all(pool).await?);
        let link = |(parent, link, child, at)| Link { parent, link, child, at: from_micros(at) };
        Ok(rows.into_iter().map(link).collect())
    }
}

fn row(raw: Raw, now: Instant) -> Result<CaseRow, JournalError> {
    Ok(CaseRow {
        active: list(&raw.active, "cases.active")?,
        owners: list(&raw.owners, "cases.owners")?,
        marks: list(&raw.marks, "cases.marks")?,
        excluded: list(&raw.excluded, "cases.excluded")?,
        overdue: raw.closed_at.is_none() && raw.due_at.is_some_and(|due| due < micros(now)),
        id: raw.id,
        number: raw.number,
        district: raw.district,
        timeline: raw.timeline,
        workflow: raw.workflow,
        version: raw.version,
        title: raw.title,
        place: raw.place,
        category: raw.category,
        channel: raw.channel,
        owner: raw.owner,
        due_at: raw.due_at.map(from_micros),
        due_clock: raw.due_clock,
        due_provisional: raw.due_provisional,
        received_at: from_micros(raw.received_at),
        registered_at: from_micros(raw.registered_at),
        opened_at: from_micros(raw.opened_at),
        closed_at: raw.closed_at.map(from_micros),
        last_at: from_micros(raw.last_at),
        seq: raw.seq,
    })
}
