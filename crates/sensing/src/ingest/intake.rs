//! One committer for all doors: it drains what waits into one transaction and answers each door once that is committed.

use std::sync::Arc;

use chrono::TimeDelta;
use huiyin_journal::Journal;
use huiyin_journal::sensing::ObservationRow;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::counts::{Counts, Reason};
use crate::observation::{Flag, Kind, Observation, Source};
use crate::registry::Registry;

/// Deliveries that may wait for the committer; more and the doors wait, which slows their senders down.
const LINE: usize = 1024;
/// Readings of one transaction.
const MOST: usize = 4096;
/// A reading from further ahead is no reading; quality control judges what is nearer.
const AHEAD: TimeDelta = TimeDelta::days(1);
/// Back-filled readings may be so old.
const BEHIND: TimeDelta = TimeDelta::days(366);

/// Where readings belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// District code.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
}

/// The store did not take them; they are to be sent again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store does not answer.
    #[error("the store did not take the readings ({0}); send them again")]
    Store(String),
    /// The service is going down.
    #[error("the service is shutting down; send the readings again")]
    Closed,
}

/// A reading that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("station {station}, pollutant {pollutant}: {problem}")]
pub struct Refused {
    /// Station as it was named.
    pub station: String,
    /// Pollutant as it was named.
    pub pollutant: String,
    /// Which kind of fault.
    pub reason: Reason,
    /// What is wrong and what was expected.
    pub problem: String,
}

struct Delivery {
    rows: Vec<ObservationRow>,
    source: Source,
    answer: oneshot::Sender<Result<u64, IntakeError>>,
}

/// The way in for readings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    line: mpsc::Sender<Delivery>,
    registry: Arc<Registry>,
    counts: Arc<Counts>,
    news: Arc<Notify>,
}

impl Intake {
    /// Starts the committer. It ends when the last clone of the intake is gone.
    #[must_use]
    pub fn start(journal: Journal, scope: Scope, registry: Arc<Registry>) -> (Self, JoinHandle<()>) {
        let (line, waits) = mpsc::channel(LINE);
        let (counts, news) = (Arc::new(Counts::default()), Arc::new(Notify::new()));
        let task = tokio::spawn(commit_all(journal, scope, waits, Arc::clone(&counts), Arc::clone(&news)));
        (Self { line, registry, counts, news }, task)
    }

    /// Stations, pollutants and limits.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What came and what was refused.
    #[must_use]
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Wakes whoever reads the record: something new was committed.
    #[must_use]
    pub fn news(&self) -> &Arc<Notify> {
        &self.news
    }

    /// Whether a reading can be taken.
    ///
    /// # Errors
    /// What the registry, or the time, says against it.
    pub fn check(&self, one: &Observation) -> Result<(), Refused> {
        row(&self.registry, one).map(|_| ())
    }

    /// Keeps readings; they are committed when it returns. A bad one never takes good ones down: it is refused by itself.
    /// Gives how many were new, and what was refused.
    ///
    /// # Errors
    /// When nothing was kept; then all are to be sent again.
    pub async fn keep(&self, observations: &[Observation]) -> Result<(u64, Vec<Refused>), IntakeError> {
        let Some(source) = observations.first().map(|one| one.source) else { return Ok((0, Vec::new())) };
        let (mut rows, mut refused) = (Vec::with_capacity(observations.len()), Vec::new());
        for one in observations {
            match row(&self.registry, one) {
                Ok(row) => rows.push(row),
                Err(problem) => {
                    self.counts.refused(one.source, problem.reason);
                    refused.push(problem);
                }
            }
        }
        if rows.is_empty() {
            return Ok((0, refused));
        }
        let (answer, answered) = oneshot::channel();
        self.line.send(Delivery { rows, source, answer }).await.map_err(|_| IntakeError::Closed)?;
        let new = answered.await.map_err(|_| IntakeError::Closed)??;
        self.counts.heard(observations);
        Ok((new, refused))
    }
}

async fn commit_all(
    journal: Journal,
    scope: Scope,
    mut waits: mpsc::Receiver<Delivery>,
    counts: Arc<Counts>,
    news: Arc<Notify>,
) {
    while let Some(first) = waits.recv().await {
        let mut rows = first.rows;
        let mut answers = vec![(first.answer, first.source, rows.len())];
        while rows.len() < MOST
            && let Ok(more) = waits.try_recv()
        {
            answers.push((more.answer, more.source, more.rows.len()));
            rows.extend(more.rows);
        }
        let kept = journal.keep_observations(&scope.district, &scope.timeline, &rows).await;
        if let Err(error) = &kept {
            tracing::warn!(%error, readings = rows.len(), "readings were not kept; their senders are told to send them again");
        }
        // The store says how many of all were new, not whose: the first are given them.
        let mut new = kept.as_ref().copied().unwrap_or(0);
        for (answer, source, came) in answers {
            let mine = new.min(came as u64);
            new -= mine;
            let told = match &kept {
                Ok(_) => {
                    counts.kept(source, came as u64, mine);
                    Ok(mine)
                }
                Err(error) => Err(IntakeError::Store(error.to_string())),
            };
            // Whoever hung up sends them again, which changes nothing.
            let _ = answer.send(told);
        }
        if kept.is_ok() {
            news.notify_one();
        }
    }
}

/// Checks a reading against the registry.
fn row(registry: &Registry, one: &Observation) -> Result<ObservationRow, Refused> {
    let refuse = |reason, problem: String| Refused {
        station: one.station.clone(),
        pollutant: one.pollutant.clone(),
        reason,
        problem,
    };
    let Some(station) = registry.station(&one.station) else {
        let problem = "no such station is registered; add it to stations.yaml".to_owned();
        return Err(refuse(Reason::UnknownStation, problem));
    };
    let Some(parameter) = station.parameter(&one.pollutant) else {
        let known: Vec<&str> = station.parameters.iter().map(|one| one.pollutant.as_str()).collect();
        let problem = format!("not registered at this station, which measures {}", known.join(", "));
        return Err(refuse(Reason::UnknownPollutant, problem));
    };
    if parameter.unit != one.unit {
        let problem = format!("the unit is {}, registered is {}", one.unit, parameter.unit);
        return Err(refuse(Reason::WrongUnit, problem));
    }
    if !one.value.is_finite() {
        return Err(refuse(Reason::NotANumber, "the value is no finite number".to_owned()));
    }
    let (observed_at, received_at) = (one.observed_at, one.received_at);
    if observed_at > received_at + AHEAD || observed_at < received_at - BEHIND {
        let problem =
            format!("observed at {observed_at}, received at {received_at}: more than a day ahead or a year old");
        return Err(refuse(Reason::BadTime, problem));
    }
    Ok(ObservationRow {
        station: one.station.clone(),
        pollutant: one.pollutant.clone(),
        kind: one.kind.name().to_owned(),
        observed_at,
        value: one.value,
        unit: one.unit.clone(),
        flag: one.flag.letter().to_owned(),
        received_at,
        source: one.source.name().to_owned(),
    })
}

impl Observation {
    /// A reading as it was stored; none if the record holds words that this version does not know.
    #[must_use]
    pub fn from_row(row: &ObservationRow) -> Option<Self> {
        Some(Self {
            station: row.station.clone(),
            pollutant: row.pollutant.clone(),
            kind: Kind::named(&row.kind)?,
            value: row.value,
            unit: row.unit.clone(),
            flag: Flag::of_letter(&row.flag)?,
            observed_at: row.observed_at,
            received_at: row.received_at,
            source: Source::named(&row.source)?,
        })
    }
}
