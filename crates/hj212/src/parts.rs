//! Packets (PNUM, PNO) back into one data area. Bounded in sets, packets, bytes and time; the time is the caller's.
//!
//! A set is known by (MN, QN, CN). Sets of several stations may interleave, packets may come twice and in any order; what is
//! given up is named with the packets that are missing. One assembler for each connection keeps stations from pushing each
//! other out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::segment::Segment;

/// What an assembler holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Packets of a set.
    pub packets: u32,
    /// Bytes of all data areas that wait.
    pub bytes: usize,
    /// Sets that wait.
    pub sets: usize,
    /// How long a set waits for its next packet.
    pub patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { packets: 99, bytes: 256 * 1024, sets: 16, patience: Duration::from_secs(60) }
    }
}

/// Which set a packet belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SetKey {
    /// Number of the station.
    pub mn: String,
    /// Request number.
    pub qn: String,
    /// Command.
    pub cn: String,
}

/// A set that was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "packets {missing:?} of {pnum} are missing of MN {} QN {} CN {}: {why}; the station must send all of them again",
    .key.mn, .key.qn, .key.cn
)]
pub struct GivenUp {
    /// Which one.
    pub key: SetKey,
    /// How many packets it has.
    pub pnum: u32,
    /// Those that never came.
    pub missing: Vec<u32>,
    /// Why it was given up.
    pub why: Why,
}

/// Why a set was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// No packet came for as long as it waits.
    TooLate,
    /// It was the oldest when there was no room.
    NoRoom,
    /// The line was closed.
    Closed,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLate => "none of them came in time",
            Self::NoRoom => "newer sets needed the room",
            Self::Closed => "the line was closed",
        })
    }
}

/// Why a packet was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A set of too many packets.
    #[error("PNUM is {pnum}, at most {most} packets are put together")]
    TooManyPackets {
        /// Declared.
        pnum: u32,
        /// Admitted.
        most: u32,
    },
    /// The same packet with other contents, or another number of packets.
    #[error("packet {pno} contradicts what came before under the same MN, QN and CN; the first one is kept")]
    Contradicts {
        /// Which packet.
        pno: u32,
    },
    /// A set that is larger than everything that may wait.
    #[error("the packets of this set have more than {most} bytes; the set is given up")]
    TooLarge {
        /// Bytes that may wait.
        most: usize,
    },
}

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is no packet: its data area is whole as it is.
    Whole,
    /// It is kept until the others come.
    Waiting,
    /// It came before; nothing changed.
    Duplicate,
    /// It was the last: the data area of all of them, in the order of their numbers.
    Complete(Vec<u8>),
}

#[derive(Debug)]
struct Set {
    pnum: u32,
    areas: BTreeMap<u32, Vec<u8>>,
    touched: DateTime<Utc>,
    /// Sets are as old as their first packet.
    number: u64,
}

/// Puts packets together.
#[derive(Debug)]
pub struct Assembler {
    bounds: Bounds,
    sets: HashMap<SetKey, Set>,
    /// Sets that were completed last: a packet of theirs that comes again begins no new one.
    done: VecDeque<SetKey>,
    bytes: usize,
    begun: u64,
}

impl Assembler {
    /// An assembler that holds nothing.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, sets: HashMap::new(), done: VecDeque::new(), bytes: 0, begun: 0 }
    }

    /// Takes a packet at the moment `now`. Sets that are given up to make room are pushed onto `given_up`.
    ///
    /// # Errors
    /// When the packet cannot belong to a set.
    pub fn add(
        &mut self,
        segment: &Segment<'_>,
        now: DateTime<Utc>,
        given_up: &mut Vec<GivenUp>,
    ) -> Result<Outcome, Refused> {
        let (Some(pnum), Some(pno)) = (segment.pnum, segment.pno) else { return Ok(Outcome::Whole) };
        if pnum == 1 {
            return Ok(Outcome::Whole);
        }
        if pnum > self.bounds.packets {
            return Err(Refused::TooManyPackets { pnum, most: self.bounds.packets });
        }
        given_up.extend(self.expire(now));
        let key = SetKey { mn: segment.mn.to_owned(), qn: segment.qn.to_owned(), cn: segment.cn.to_owned() };
        let area = segment.area.raw();
        if let Some(known) = self.known(&key, pnum, pno, area) {
            return known;
        }
        self.make_room(&key, area.len(), given_up)?;
        let number = self.begun;
        self.begun += 1;
        let set = self.sets.entry(key.clone()).or_insert(Set { pnum, areas: BTreeMap::new(), touched: now, number });
        set.touched = set.touched.max(now);
        set.areas.insert(pno, area.to_vec());
        self.bytes += area.len();
        if set.areas.len() < pnum as usize {
            return Ok(Outcome::Waiting);
        }
        Ok(self.complete(key))
    }

    /// Gives up what has waited too long at the moment `now`, oldest first.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Vec<GivenUp> {
        let patience = chrono::TimeDelta::from_std(self.bounds.patience).unwrap_or(chrono::TimeDelta::MAX);
        self.give_up_where(Why::TooLate, |set| now.signed_duration_since(set.touched) > patience)
    }

    /// Gives up everything: the line is closed.
    pub fn close(&mut self) -> Vec<GivenUp> {
        self.give_up_where(Why::Closed, |_| true)
    }

    /// Sets that wait, and the bytes of their data areas.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.sets.len(), self.bytes)
    }

    fn known(&self, key: &SetKey, pnum: u32, pno: u32, area: &[u8]) -> Option<Result<Outcome, Refused>> {
        if self.done.contains(key) {
            return Some(Ok(Outcome::Duplicate));
        }
        let set = self.sets.get(key)?;
        let there = set.areas.get(&pno);
        if set.pnum != pnum || there.is_some_and(|there| there != area) {
            return Some(Err(Refused::Contradicts { pno }));
        }
        there.map(|_| Ok(Outcome::Duplicate))
    }

    fn make_room(&mut self, key: &SetKey, length: usize, given_up: &mut Vec<GivenUp>) -> Result<(), Refused> {
        while self.bytes + length > self.bounds.bytes
            || (self.sets.len() >= self.bounds.sets && !self.sets.contains_key(key))
        {
            let others = self.sets.iter().filter(|(other, _)| *other != key);
            let Some(oldest) = others.min_by_key(|(_, set)| set.number).map(|(other, _)| other.clone()) else {
                given_up.extend(self.give_up(key, Why::NoRoom));
                return Err(Refused::TooLarge { most: self.bounds.bytes });
            };
            given_up.extend(self.give_up(&oldest, Why::NoRoom));
        }
        Ok(())
    }

    fn give_up_where(&mut self, why: Why, given: impl Fn(&Set) -> bool) -> Vec<GivenUp> {
        let chosen = self.sets.iter().filter(|(_, set)| given(set));
        let mut keys: Vec<_> = chosen.map(|(key, set)| (set.number, key.clone())).collect();
        keys.sort_by_key(|(number, _)| *number);
        keys.iter().filter_map(|(_, key)| self.give_up(key, why)).collect()
    }

    fn give_up(&mut self, key: &SetKey, why: Why) -> Option<GivenUp> {
        let (key, set) = self.sets.remove_entry(key)?;
        self.bytes -= set.areas.values().map(Vec::len).sum::<usize>();
        let missing = (1..=set.pnum).filter(|pno| !set.areas.contains_key(pno)).collect();
        Some(GivenUp { key, pnum: set.pnum, missing, why })
    }

    fn complete(&mut self, key: SetKey) -> Outcome {
        let mut whole = Vec::new();
        for area in self.sets.remove(&key).into_iter().flat_map(|set| set.areas.into_values()) {
            self.bytes -= area.len();
            join(&mut whole, &area);
        }
        if self.done.len() >= self.bounds.sets {
            self.done.pop_front();
        }
        self.done.push_back(key);
        Outcome::Complete(whole)
    }
}

/// Appends the data area of the next packet. The standard does not say whether packets are cut between groups or anywhere:
/// a separator is put in only between an item that is whole and one that begins.
fn join(whole: &mut Vec<u8>, next: &[u8]) {
    let separator = |byte: &u8| matches!(byte, b';' | b',');
    let last = whole.rsplit(separator).next().unwrap_or_default();
    let first = next.split(separator).next().unwrap_or_default();
    if last.contains(&b'=') && first.contains(&b'=') {
        whole.push(b';');
    }
    whole.extend_from_slice(next);
}

#[cfg(test)]
mod tests;
