//! The supervision report: both rates, every column of them, the number of broken promises and a link, to supervisors and
//! leaders; of the last month on the first of the next, of the last week on Monday. No person, no text of a complaint.

use std::sync::Arc;

use chrono::{Datelike as _, Days, NaiveDate};
use huiyin_assurance::words::{COLUMNS, Figure};
use huiyin_assurance::{Asked, Desk, Promise, Report};
use huiyin_notify::{Bulletin, BulletinLine, Notifier};

use crate::plan::{Plan, PlanError};
use crate::scheduler::{Done, Due, Job, JobError};

/// Who is told.
const TO: [&str; 2] = ["role:supervisor", "role:bureau-head"];

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// The last calendar month, on the first at 08:30.
    Month,
    /// The last week from Monday to Sunday, on Monday at 08:30.
    Week,
}

/// See the module.
pub struct SupervisionReport {
    every: Every,
    plan: Plan,
    desk: Arc<Desk>,
    notifier: Notifier,
}

impl SupervisionReport {
    /// From the figures of a desk.
    ///
    /// # Errors
    /// When the district is not set up.
    pub fn new(every: Every, desk: Arc<Desk>, notifier: Notifier) -> Result<Self, ReportJobError> {
        let zone = desk.calendar()?.zone();
        let plan = match every {
            Every::Month => Plan::read("0 30 8 1 * *", zone)?,
            Every::Week => Plan::read("0 30 8 * * Mon", zone)?,
        };
        Ok(Self { every, plan, desk, notifier })
    }

    async fn report(&self, due: &Due) -> Result<String, JobError> {
        let day = self.desk.calendar()?.date_of(due.planned_at);
        let (from, to) = self.every.before(day);
        let (first, last) = (from.to_string(), to.to_string());
        let report = self.desk.report(Asked::Days { from: &first, to: &last }, due.now).await?;
        let bulletin = self.bulletin(&report, due, from);
        let (new, of) = self.notifier.announce(&bulletin).await?;
        Ok(format!("{first} to {last}: {new} of {of} mails are new"))
    }

    fn bulletin(&self, report: &Report, due: &Due, from: NaiveDate) -> Bulletin {
        let (title_zh, title_en) = match self.every {
            Every::Month => (
                format!("{}年{}月督办月报", from.year(), from.month()),
                format!("supervision report of {}", from.format("%B %Y")),
            ),
            Every::Week => (
                format!("督办周报（{} 至 {}）", report.from, report.to),
                format!("supervision report of {} to {}", report.from, report.to),
            ),
        };
        let scope = self.desk.scope();
        Bulletin {
            key: format!("job/{}/{}", self.name(), due.planned_at.to_rfc3339()),
            district: scope.district.clone(),
            district_name: report.district_name.zh.clone(),
            timeline: scope.timeline.clone(),
            to: TO.map(str::to_owned).to_vec(),
            urgent: false,
            title_zh,
            title_en,
            lines: lines(report),
            path: "/assurance".to_owned(),
        }
    }
}

impl Job for SupervisionReport {
    fn name(&self) -> &str {
        match self.every {
            Every::Month => "supervision-monthly",
            Every::Week => "supervision-weekly",
        }
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn run<'a>(&'a self, due: &'a Due) -> Done<'a> {
        Box::pin(self.report(due))
    }
}

impl Every {
    /// First and last day of the stretch that was over before this day.
    fn before(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let begins = match self {
            Self::Month => day - Days::new(u64::from(day.day0())),
            Self::Week => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
        };
        let last = begins - Days::new(1);
        match self {
            Self::Month => (last - Days::new(u64::from(last.day0())), last),
            Self::Week => (begins - Days::new(7), last),
        }
    }
}

fn lines(report: &Report) -> Vec<BulletinLine> {
    let line = |zh: &str, en: &str, value: String| BulletinLine { zh: zh.to_owned(), en: en.to_owned(), value };
    let mut lines = vec![line("统计期间", "period", format!("{} – {}", report.from, report.to))];
    for column in COLUMNS {
        let value = match (column.value)(&report.tables.total) {
            Figure::Count(n) => n.to_string(),
            Figure::Rate(None) => "–".to_owned(),
            Figure::Rate(Some(n)) => format!("{}.{:02} %", n / 100, n % 100),
        };
        lines.push(line(column.zh, column.en, value));
    }
    let broken = |promise| report.broken.iter().filter(|broken| broken.promise == promise).count().to_string();
    lines.push(line("未按时交办的事项", "matters not assigned in time", broken(Promise::Assigned)));
    lines.push(line("未按时回复的事项", "matters not answered in time", broken(Promise::Answered)));
    lines
}

/// The job cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ReportJobError {
    /// District.
    #[error(transparent)]
    District(#[from] huiyin_engine::EngineError),
    /// Plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_of_the_month_or_week_that_was_over() {
        let before = |every: Every, day: &str| {
            let (from, to) = every.before(day.parse().unwrap());
            format!("{from} {to}")
        };
        assert_eq!(before(Every::Month, "2026-12-01"), "2026-11-01 2026-11-30");
        assert_eq!(before(Every::Month, "2026-01-01"), "2025-12-01 2025-12-31");
        assert_eq!(before(Every::Month, "2024-03-17"), "2024-02-01 2024-02-29");
        assert_eq!(before(Every::Week, "2026-11-23"), "2026-11-16 2026-11-22");
        assert_eq!(before(Every::Week, "2026-11-25"), "2026-11-16 2026-11-22");
    }
}
