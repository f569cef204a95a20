//! What rules remember between readings. Serialisable, and bounded: by the rules, by the stations of the registry, and by
//! the longest window of each rule.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::agreement::River;
use super::anomaly::Watch;
use super::debounce::Debounce;
use super::model::{Rule, What};
use super::outcome::Evidence;
use super::silence::Silences;
use crate::words::Text;

/// Most places that are remembered without a registry to bound them.
pub(super) const MOST_PLACES: usize = 10_000;

/// What rules remember. Begin with the default and call [`tick`](super::Rules::tick) once: the clocks of silence start
/// then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When the clocks of silence started.
    pub(super) begun: Option<DateTime<Utc>>,
    /// Rule → place → what is remembered.
    pub(super) cells: BTreeMap<String, BTreeMap<String, Cell>>,
    /// Station → pollutant → the last reading that was not used.
    pub(super) unused: BTreeMap<String, BTreeMap<String, Unused>>,
}

/// A reading that no rule may alarm on, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unused {
    pub(super) at: DateTime<Utc>,
    pub(super) late: bool,
    pub(super) words: Text,
}

/// One rule at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) open: Option<Open>,
    pub(super) cool_until: Option<DateTime<Utc>>,
    pub(super) memory: Memory,
}

/// The alarm that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) start: DateTime<Utc>,
    /// How many of the rule's multiples were told.
    pub(super) level: usize,
    pub(super) reason: Text,
    pub(super) evidence: Vec<Evidence>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Memory {
    /// Threshold and rate: one part a pollutant.
    Parts(BTreeMap<String, Part>),
    Silences(Silences),
    Watch(Watch),
    River(River),
}

/// One pollutant of a threshold or a rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) last: Option<(DateTime<Utc>, f64)>,
    pub(super) debounce: Debounce,
    /// Rate only: what lies within the window, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) window: VecDeque<(DateTime<Utc>, f64)>,
}

impl Cell {
    /// Empty, for a rule.
    pub(super) fn new(rule: &Rule) -> Self {
        let memory = match rule.what {
            What::Threshold(_) | What::Rate(_) => Memory::Parts(BTreeMap::new()),
            What::Missing(_) => Memory::Silences(Silences::default()),
            What::Anomaly(_) => Memory::Watch(Watch::default()),
            What::Agreement(_) => Memory::River(River::default()),
        };
        Self { open: None, cool_until: None, memory }
    }

    /// Whether the memory is of the rule's kind; a rule that became another kind begins anew.
    fn fits(&self, rule: &Rule) -> bool {
        matches!(
            (&self.memory, &rule.what),
            (Memory::Parts(_), What::Threshold(_) | What::Rate(_))
                | (Memory::Silences(_), What::Missing(_))
                | (Memory::Watch(_), What::Anomaly(_))
                | (Memory::River(_), What::Agreement(_))
        )
    }
}

impl State {
    /// What a rule remembers of a place; nothing when there are too many places.
    pub(super) fn cell(&mut self, rule: &Rule, place: &str) -> Option<&mut Cell> {
        if !self.cells.contains_key(&rule.id) {
            self.cells.insert(rule.id.clone(), BTreeMap::new());
        }
        let places = self.cells.get_mut(&rule.id)?;
        if !places.contains_key(place) {
            if places.len() >= MOST_PLACES {
                return None;
            }
            places.insert(place.to_owned(), Cell::new(rule));
        }
        let cell = places.get_mut(place)?;
        if !cell.fits(rule) {
            *cell = Cell::new(rule);
        }
        Some(cell)
    }

    /// What a rule remembers of a place, to look at.
    pub(super) fn look(&self, rule: &Rule, place: &str) -> Option<&Cell> {
        self.cells.get(&rule.id)?.get(place).filter(|cell| cell.fits(rule))
    }

    /// Remembers a reading that is not used.
    pub(super) fn set_aside(&mut self, station: &str, pollutant: &str, unused: Unused) {
        if !self.unused.contains_key(station) && self.unused.len() >= MOST_PLACES {
            return;
        }
        let of_station = self.unused.entry(station.to_owned()).or_default();
        let newer = of_station.get(pollutant).is_none_or(|last| last.at <= unused.at);
        if newer && (of_station.len() < 1_000 || of_station.contains_key(pollutant)) {
            of_station.insert(pollutant.to_owned(), unused);
        }
    }

    /// The alarms that are open: rule, place, since when.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str, DateTime<Utc>)> {
        self.cells.iter().flat_map(|(rule, places)| {
            places
                .iter()
                .filter_map(move |(place, cell)| Some((rule.as_str(), place.as_str(), cell.open.as_ref()?.start)))
        })
    }
}
