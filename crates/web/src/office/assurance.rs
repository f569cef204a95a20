//! The figures of assurance for the page and the metrics. They are made in `huiyin_assurance`, from the journal, at most
//! once a minute; nothing is counted here.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use huiyin_assurance::words::{self, DEFINITIONS};
use huiyin_assurance::{Alarm, Asked, Broken, Health, Line, Names, Promise, Proof, Stretch, Tables};
use huiyin_journal::read::CaseFilter;

use super::{Bureau, failed};
use crate::ports::{Gauge, OfficeError};
use crate::views::Text;
use crate::views::assurance::{
    AlarmView, AssuranceView, BrokenListView, BrokenView, DefinitionView, PeriodChoice, PeriodView, PromiseView,
    ProofView, RatesLineView, StoryLineView,
};

impl Bureau {
    pub(super) async fn measure(&self, choice: PeriodChoice) -> Result<AssuranceView, OfficeError> {
        let now = self.time();
        let desk = &self.parts.desk;
        let health = desk.health(now).await.map_err(failed)?;
        let alarms = self.alarms(&health, now).await?;
        let stretch = self.stretch(choice, now)?;
        let names = self.names();
        let ledger = desk.ledger(now).await.map_err(failed)?;
        let tables = Tables::of(ledger.told(), stretch.period, &names);
        let broken = Broken::of(ledger.told(), stretch.period).len() as u64;
        let counted_at = ledger.looked_at().unwrap_or(now);
        drop(ledger);
        let overdue = CaseFilter {
            district: self.parts.district.clone(),
            timeline: self.parts.timeline.clone(),
            open: Some(true),
            overdue: Some(true),
            ..CaseFilter::default()
        };
        Ok(AssuranceView {
            counted_at,
            unassigned: health.unassigned,
            oldest_unassigned: health.oldest_unassigned,
            oldest_unassigned_seconds: health.oldest_unassigned_seconds,
            overdue_open: self.journal.count_cases(&overdue, now).await.map_err(failed)?,
            timers_overdue: health.timers_overdue,
            oldest_timer_seconds: health.oldest_timer_seconds,
            clocks_without_timer: health.clocks_without_timer,
            rungs_fired: health.rungs_fired_lately,
            rungs_late: health.rungs_late_lately,
            rung_latest_seconds: health.rung_latest_seconds,
            mails_failed: health.mails_failed,
            mails_retried: health.mails_retried,
            cases_unreadable: health.cases_unreadable,
            cases_forgotten: health.cases_forgotten,
            period: PeriodView { choice, from: stretch.from, to: stretch.to, running: stretch.running },
            total: tables.total.into(),
            units: tables.units.into_iter().map(line).collect(),
            channels: tables.channels.into_iter().map(line).collect(),
            categories: tables.categories.into_iter().map(line).collect(),
            broken,
            alarms: alarms.into_iter().map(alarm_view).collect(),
            proofs: self.parts.proofs.iter().map(|proof| self.proof(proof)).collect(),
            definitions: definitions(),
        })
    }

    /// A page of the broken promises, with how many there are.
    pub(super) async fn broken_promises(
        &self,
        choice: PeriodChoice,
        limit: usize,
        offset: usize,
    ) -> Result<BrokenListView, OfficeError> {
        let now = self.time();
        let desk = &self.parts.desk;
        let stretch = self.stretch(choice, now)?;
        let names = self.names();
        let ledger = desk.ledger(now).await.map_err(failed)?;
        let all = Broken::of(ledger.told(), stretch.period);
        let page: Vec<Broken> = all.iter().skip(offset).take(limit).cloned().collect();
        let directory = self.directory();
        let told = desk.maker(&directory).tell(&ledger, &page, &names, now).await.map_err(failed)?;
        let rows = told.into_iter().map(broken_view).collect();
        Ok(BrokenListView { total: all.len() as u64, hidden: 0, rows })
    }

    pub(super) async fn figures(&self) -> Result<Vec<Gauge>, OfficeError> {
        let view = self.measure(PeriodChoice::default()).await?;
        let engine = self.parts.engine.metrics().await.map_err(failed)?;
        let gauge = |name, help, value| Gauge { name, help, value };
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let count = |n: u64| n as f64;
        let raised = view.alarms.iter().filter(|alarm| alarm.raised).count() as u64;
        let mut gauges = vec![
            gauge("huiyin_timer_oldest_overdue_seconds", "Age of the oldest overdue timer.", view.oldest_timer_seconds),
            gauge("huiyin_timers_overdue", "Timers that should have fired.", count(view.timers_overdue)),
            gauge(
                "huiyin_clocks_without_timer",
                "Running clocks without a timer; must be 0.",
                count(view.clocks_without_timer),
            ),
            gauge("huiyin_rungs_fired", "Rungs that fired within 24 hours.", count(view.rungs_fired)),
            gauge("huiyin_rungs_late", "Of these, later than 5 seconds.", count(view.rungs_late)),
            gauge("huiyin_rung_latest_seconds", "The latest of them, by so much.", view.rung_latest_seconds),
            gauge("huiyin_cases_unassigned", "Open cases without a responsible unit.", count(view.unassigned)),
            gauge(
                "huiyin_case_oldest_unassigned_seconds",
                "Age of the oldest case without a responsible unit.",
                view.oldest_unassigned_seconds,
            ),
            gauge("huiyin_cases_overdue", "Open cases with a deadline over.", count(view.overdue_open)),
            gauge(
                "huiyin_cases_unreadable",
                "Cases whose journal does not lead to what it says; must be 0.",
                count(view.cases_unreadable),
            ),
            gauge("huiyin_mails_failed", "Mails given up.", count(view.mails_failed)),
            gauge("huiyin_mails_retried", "Mails refused so far and tried again.", count(view.mails_retried)),
            gauge("huiyin_promises_broken", "Promises broken within 90 days.", count(view.broken)),
            gauge("huiyin_alarms", "Alarms that are raised.", count(raised)),
            gauge("huiyin_engine_queue", "Commands that wait.", count(engine.queue_depth)),
            gauge("huiyin_engine_commits", "Transactions committed since the start.", count(engine.commits)),
            gauge("huiyin_engine_steps", "Steps committed since the start.", count(engine.steps)),
            gauge("huiyin_engine_refused", "Commands refused since the start.", count(engine.refused)),
            gauge("huiyin_engine_quarantined", "Commands set aside since the start.", count(engine.quarantined)),
            gauge("huiyin_set_aside", "Commands and cases set aside now; must be 0.", count(engine.set_aside)),
            gauge(
                "huiyin_timers_put_off",
                "Timers of cases that cannot be stepped; must be 0.",
                count(engine.timers_put_off),
            ),
            gauge("huiyin_timers_stuck", "Timers still due after their case was stepped.", count(engine.stuck_timers)),
            gauge("huiyin_effects_waiting", "Effects in the outbox, up to 10,000.", count(engine.effects_waiting)),
            gauge("huiyin_effects_failed", "Effects given up, up to 10,000; must be 0.", count(engine.effects_failed)),
            gauge("huiyin_relay_failed", "Tries of the relay that failed since the start.", count(engine.relay_failed)),
            gauge("huiyin_engine_timers_fired", "Timers fired since the start.", count(engine.timers_fired)),
        ];
        let rate = |name, help, value: Option<f64>| value.map(|value| Gauge { name, help, value });
        let (assigned, answered) = (view.total.assigned.rate, view.total.answered.rate);
        gauges.extend(rate("huiyin_assigned_rate", "Matters assigned in time within 90 days, 0 to 1.", assigned));
        gauges.extend(rate("huiyin_answered_rate", "Replies delivered in time within 90 days, 0 to 1.", answered));
        Ok(gauges)
    }

    async fn alarms(&self, health: &Health, now: DateTime<Utc>) -> Result<Vec<Alarm>, OfficeError> {
        let set_aside = self.parts.engine.metrics().await.map_err(failed)?.set_aside;
        self.parts.desk.alarms(health, now, set_aside, self.parts.demo.is_some()).map_err(failed)
    }

    fn stretch(&self, choice: PeriodChoice, now: DateTime<Utc>) -> Result<Stretch, OfficeError> {
        let calendar = self.district()?.calendar;
        Stretch::read(asked(choice, calendar.date_of(now)), &calendar, now).map_err(failed)
    }

    fn names(&self) -> Names {
        Names::of(&self.directory(), &self.parts.engine.registry().in_force())
    }

    fn proof(&self, proof: &Proof) -> ProofView {
        let definition = self.parts.engine.registry().definition(&proof.hash);
        let title = definition.map_or_else(
            || Text::same(&proof.workflow),
            |definition| Text::new(&definition.title.zh, &definition.title.en),
        );
        ProofView {
            workflow: proof.workflow.clone(),
            title,
            version: proof.version,
            proved: proof.proved,
            configurations: proof.configurations,
            assumptions: proof.assumptions.clone(),
        }
    }
}

fn asked(choice: PeriodChoice, today: NaiveDate) -> Asked<'static> {
    let last_month = today - Days::new(u64::from(today.day()));
    match choice {
        PeriodChoice::Days90 => Asked::Last(90),
        PeriodChoice::Month => Asked::MonthOf(today),
        PeriodChoice::LastMonth => Asked::MonthOf(last_month),
        PeriodChoice::Quarter => Asked::QuarterOf(today),
        PeriodChoice::LastQuarter => {
            let months = chrono::Months::new(today.month0() % 3 + 1);
            Asked::QuarterOf(today - Days::new(u64::from(today.day0())) - months)
        }
    }
}

fn both(text: words::Text) -> Text {
    Text { zh: text.zh, en: text.en }
}

fn line(line: Line) -> RatesLineView {
    RatesLineView { key: line.key, name: both(line.name), rates: line.rates.into() }
}

fn alarm_view(alarm: Alarm) -> AlarmView {
    let Alarm { name, raised, value, above, words } = alarm;
    AlarmView { name: name.to_owned(), raised, value, above, words: both(words) }
}

fn broken_view(broken: huiyin_assurance::report::BrokenCase) -> BrokenView {
    BrokenView {
        number: broken.number,
        promise: match broken.promise {
            Promise::Assigned => PromiseView::Assigned,
            Promise::Answered => PromiseView::Answered,
        },
        unit: both(broken.unit),
        category: both(broken.category),
        due: broken.due,
        done: broken.done,
        dropped: broken.dropped,
        days_late: broken.days_late,
        reachable: broken.reachable,
        story: broken.story.into_iter().map(|line| StoryLineView { at: line.at, what: both(line.what) }).collect(),
    }
}

fn definitions() -> Vec<DefinitionView> {
    let define =
        |figure: &str, zh: &str, en: &str| DefinitionView { figure: figure.to_owned(), counts: Text::new(zh, en) };
    let counted = DEFINITIONS.iter().map(|(figure, zh, en)| define(figure, zh, en));
    let checks = [
        define(
            "unassigned",
            "由派单员持有或由值班室兜底、尚无责任单位的在办事项",
            "open matters with the dispatcher, or with the duty desk because nobody assigned them",
        ),
        define("overdue", "任一时限已超期的在办案件", "open cases with any deadline over"),
        define("timers_overdue", "到点而尚未触发的定时器", "timers that should have fired"),
        define(
            "rungs_late",
            "近 24 小时内比计划晚 5 秒以上触发的提醒",
            "rungs that fired within 24 hours, more than 5 seconds later than planned",
        ),
        define(
            "clocks_without_timer",
            "正在计时而没有定时器的案件，应为 0",
            "cases with a running clock and no timer; must be 0",
        ),
        define("mails_failed", "最终未被接受而放弃的邮件", "mails given up"),
        define("mails_retried", "被拒收、等待重试的邮件", "mails refused so far and tried again"),
        define(
            "cases_unreadable",
            "无法由日志重演的案件，应为 0；不在任何数字之内",
            "cases that cannot be lived through again from their journal; must be 0; in no figure",
        ),
    ];
    counted.chain(checks).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_last_quarter_is_the_one_before_this() {
        for (today, first) in [("2026-11-24", "2026-07-01"), ("2026-01-31", "2025-10-01"), ("2026-05-31", "2026-01-01")]
        {
            let Asked::QuarterOf(day) = asked(PeriodChoice::LastQuarter, today.parse().unwrap()) else { panic!() };
            let quarter = |day: NaiveDate| (day.year(), day.month0() / 3);
            assert_eq!(quarter(day), quarter(first.parse().unwrap()), "{today}");
        }
        let Asked::MonthOf(day) = asked(PeriodChoice::LastMonth, "2026-03-31".parse().unwrap()) else { panic!() };
        assert_eq!(day.to_string(), "2026-02-28");
    }
}
