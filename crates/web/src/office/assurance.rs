//! The figures of assurance, measured from the cases themselves: nothing is written down on the side that could differ.
//!
//! Reading every case is dear, so the two rates are measured at most once a minute of the office's time.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_chart::rates::{FALLBACK, Matter, Period, Rates, rates};
use huiyin_chart::{CaseState, ClockRun, Definition};
use huiyin_engine::look_through;
use huiyin_journal::delivery::DeliveryState;
use huiyin_journal::read::CaseFilter;
use tokio::sync::Mutex;

use super::{Bureau, REAL, failed};
use crate::ports::{Gauge, OfficeError};
use crate::views::Text;
use crate::views::assurance::{AssuranceView, DefinitionView};

/// The rates look back so far.
const PERIOD: TimeDelta = TimeDelta::days(90);
/// An ended matter that was due in the period was received at most so long before its end.
const RECEIVED_WITHIN: TimeDelta = TimeDelta::days(400);
/// Rates older than this are measured again.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// The last measurement.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<Measured>>);

/// What reading the cases gave.
#[derive(Clone)]
struct Measured {
    at: DateTime<Utc>,
    rates: Rates,
    /// Open cases that nobody but the dispatcher or, for want of anybody, the duty desk owns.
    unassigned: u64,
    /// Number of the one that was received first.
    oldest: Option<String>,
}

/// What is collected while cases are read.
#[derive(Default)]
struct Collected {
    matters: Vec<Matter>,
    unassigned: u64,
    /// Received when, and its number.
    oldest: Option<(DateTime<Utc>, String)>,
}

impl Bureau {
    pub(super) async fn measure(&self) -> Result<AssuranceView, OfficeError> {
        let now = self.time();
        let Measured { rates, unassigned, oldest: oldest_unassigned, .. } = self.measured(now).await?;
        let overdue = CaseFilter { open: Some(true), overdue: Some(true), ..self.all() };
        let overdue_open = self.journal.count_cases(&overdue, now).await.map_err(failed)?;
        let (timers_overdue, oldest) =
            self.journal.overdue_timers(&self.parts.district, REAL, now).await.map_err(failed)?;
        let missing = self.journal.clocks_without_timer(&self.parts.district, REAL, 1000).await.map_err(failed)?;
        let deliveries = self.journal.deliveries();
        let failed_mails = deliveries.count(&self.parts.district, REAL, DeliveryState::Failed).await.map_err(failed)?;
        Ok(AssuranceView {
            oldest_unassigned,
            unassigned,
            overdue_open,
            timers_overdue,
            oldest_timer_seconds: oldest.map_or(0.0, |at| seconds(now - at)),
            clocks_without_timer: missing.len() as u64,
            mails_failed: failed_mails.unsigned_abs(),
            assigned_rate: rates.assigned.rate(),
            assigned_by_fallback: rates.fallback,
            assigned_by_fallback_open: rates.fallback_open,
            assigned_duplicates: rates.duplicates,
            assigned_ended_first: rates.ended_first,
            answered_rate: rates.answered.rate(),
            answered_rate_without_extensions: rates.answered_without_extensions.rate(),
            answers_nobody_can_receive: rates.unreachable.of,
            definitions: definitions(),
        })
    }

    pub(super) async fn figures(&self) -> Result<Vec<Gauge>, OfficeError> {
        let view = self.measure().await?;
        let engine = self.parts.engine.metrics().await.map_err(failed)?;
        let gauge = |name, help, value| Gauge { name, help, value };
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let count = |n: u64| n as f64;
        let mut gauges = vec![
            gauge("huiyin_timer_oldest_overdue_seconds", "Age of the oldest overdue timer.", view.oldest_timer_seconds),
            gauge("huiyin_timers_overdue", "Timers that should have fired.", count(view.timers_overdue)),
            gauge(
                "huiyin_clocks_without_timer",
                "Running clocks without a timer; must be 0.",
                count(view.clocks_without_timer),
            ),
            gauge("huiyin_cases_unassigned", "Open cases without a responsible unit.", count(view.unassigned)),
            gauge("huiyin_cases_overdue", "Open cases with a deadline over.", count(view.overdue_open)),
            gauge("huiyin_mails_failed", "Mails given up.", count(view.mails_failed)),
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
        gauges.extend(rate("huiyin_assigned_rate", "Matters assigned in time, 0 to 1.", view.assigned_rate));
        gauges.extend(rate("huiyin_answered_rate", "Replies delivered in time, 0 to 1.", view.answered_rate));
        Ok(gauges)
    }

    fn all(&self) -> CaseFilter {
        CaseFilter { district: self.parts.district.clone(), timeline: REAL.to_owned(), ..CaseFilter::default() }
    }

    async fn measured(&self, now: DateTime<Utc>) -> Result<Measured, OfficeError> {
        let mut last = self.measured.0.lock().await;
        if let Some(known) = last.as_ref().filter(|known| now >= known.at && now - known.at < FRESH) {
            return Ok(known.clone());
        }
        let all = self.collect(now).await?;
        let rates = rates(&all.matters, Period { from: now - PERIOD, to: now });
        let oldest = all.oldest.map(|(_, number)| number);
        let measured = Measured { at: now, rates, unassigned: all.unassigned, oldest };
        *last = Some(measured.clone());
        Ok(measured)
    }

    async fn collect(&self, now: DateTime<Utc>) -> Result<Collected, OfficeError> {
        let (engine, calendar) = (&self.parts.engine, self.district()?.calendar);
        let mut all = Collected::default();
        for (open, received_from) in [(true, None), (false, Some(now - RECEIVED_WITHIN))] {
            let filter = CaseFilter { open: Some(open), received_from, ..self.all() };
            look_through(&self.journal, engine.registry(), &filter, now, &mut |case| {
                let Some(matter) = Matter::of(case.definition, case.state, &calendar) else { return };
                all.matters.push(matter);
                if case.state.closed_at.is_none() && waits_for_a_unit(case.definition, case.state) {
                    all.unassigned += 1;
                    let this = (case.record.received_at, case.record.number.clone());
                    all.oldest =
                        Some(all.oldest.take().map_or_else(|| this.clone(), |oldest| oldest.min(this.clone())));
                }
            })
            .await
            .map_err(failed)?;
        }
        Ok(all)
    }
}

/// Still with the dispatcher, or with the duty desk because nobody assigned it.
fn waits_for_a_unit(definition: &Definition, state: &CaseState) -> bool {
    state.owner == "role:dispatcher" || run(definition, state, FALLBACK).is_some_and(ClockRun::is_running)
}

fn run<'a>(definition: &Definition, state: &'a CaseState, name: &str) -> Option<&'a ClockRun> {
    let clock = definition.clocks.iter().position(|clock| clock.name == name)?;
    state.clocks.get(clock)?.as_ref()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an age are far below 2^52")]
fn seconds(age: TimeDelta) -> f64 {
    age.num_milliseconds() as f64 / 1000.0
}

fn definitions() -> Vec<DefinitionView> {
    let define =
        |figure: &str, zh: &str, en: &str| DefinitionView { figure: figure.to_owned(), counts: Text::new(zh, en) };
    vec![
        define(
            "assigned_rate",
            "近90日内交办时限届满的信访事项中，在时限内已有责任单位的比例；值班室兜底的计入，并单列；同一人同一事项只计一次，时限内已依法办结或转送的不计，均另列",
            "of the petitions whose assignment limit fell in the last 90 days, the share that had a responsible unit in time; \
             those the duty desk took over count, and are told apart; the same matter of the same person counts once, and \
             what lawfully ended within the limit does not count: both are told",
        ),
        define(
            "answered_rate",
            "近90日内应答复的事项（含此前超期未结）中，按送达日期在期限内答复的比例；阶段性答复不计；超期后才撤回、转送的仍计为未按期；匿名、无法联系的单列",
            "of the replies due in the last 90 days, and those overdue and open, the share delivered in time; interim replies \
             never count; what is dropped after it was due still fails; anonymous and unreachable petitioners stand apart",
        ),
        define(
            "answered_rate_without_extensions",
            "同上，按延期前的期限计算",
            "the same by the dates before any extension",
        ),
        define("unassigned", "仍由派单员持有、尚无责任单位的在办事项", "open cases still with the dispatcher"),
        define("overdue_open", "任一时限已超期的在办事项", "open cases with any deadline over"),
        define(
            "clocks_without_timer",
            "正在计时而没有定时器的案件，应为0",
            "cases with a running clock and no timer; must be 0",
        ),
    ]
}
