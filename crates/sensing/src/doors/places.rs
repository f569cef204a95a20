//! How many lines are open, altogether and from each address: a door's bound against one who opens them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Open {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// The places of a door. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Places {
    open: Arc<Mutex<Open>>,
    most: usize,
    most_of_one: usize,
}

/// One open line; it counts itself out.
#[derive(Debug)]
pub(super) struct Place {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self { open: Arc::default(), most, most_of_one }
    }

    /// A place for one more line; none when all are taken, or all that one address may have.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = open.of.get(&address).copied().unwrap_or(0);
        if open.all >= self.most || mine >= self.most_of_one {
            return None;
        }
        open.all += 1;
        open.of.insert(address, mine + 1);
        Some(Place { open: Arc::clone(&self.open), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(lines) = open.of.get_mut(&self.address) {
            *lines -= 1;
            if *lines == 0 {
                open.of.remove(&self.address);
            }
        }
    }
}
