//! Ids of cases: ordered by time, so that new rows append; random, or derived from what caused them.

use std::sync::{Mutex, PoisonError};

use huiyin_journal::{Instant, canonical};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

/// Namespace of ids derived from effect keys.
const EFFECTS: Uuid = Uuid::from_u128(0x6d1f_7d0e_6a5b_5b3c_9a51_0f9d_8e0e_2711);

/// The source of new ids.
#[derive(Debug)]
pub(crate) struct Ids {
    rng: Mutex<ChaCha20Rng>,
}

impl Ids {
    /// `seed`: the same seed gives the same ids; none: the system's randomness.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let rng = match seed {
            Some(seed) => ChaCha20Rng::seed_from_u64(seed),
            None => ChaCha20Rng::from_rng(&mut rand::rng()),
        };
        Self { rng: Mutex::new(rng) }
    }

    /// A new case id.
    pub(crate) fn case(&self, now: Instant) -> Uuid {
        let mut random = [0; 10];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut random);
        v7(now, random)
    }
}

/// The id of a case that an effect opens: the same whenever the effect is repeated.
pub(crate) fn child(effect_key: &str, at: Instant) -> Uuid {
    let hash = canonical::hash(effect_key.as_bytes());
    let mut part = [0; 10];
    part.copy_from_slice(&hash[..10]);
    v7(at, part)
}

/// The id of the command that an effect becomes: the same whenever the effect is repeated.
pub(crate) fn effect_command(effect_key: &str) -> Uuid {
    Uuid::new_v5(&EFFECTS, effect_key.as_bytes())
}

/// The id of the command by which a case adopts a calendar: the same however often it is adopted.
pub(crate) fn adopt_command(case: Uuid, calendar: &str) -> Uuid {
    Uuid::new_v5(&EFFECTS, format!("{case} adopts {calendar}").as_bytes())
}

/// The id of the command by which a case goes over to a version after its entry `seq`: the same however often it is asked.
pub(crate) fn migrate_command(case: Uuid, to: &str, plan: &str, seq: i64) -> Uuid {
    Uuid::new_v5(&EFFECTS, format!("{case} after {seq} goes to {to} by {plan}").as_bytes())
}

/// The id of the command by which the migration in entry `seq` of a case is undone.
pub(crate) fn undo_command(case: Uuid, seq: i64) -> Uuid {
    Uuid::new_v5(&EFFECTS, format!("{case} undoes {seq}").as_bytes())
}

fn v7(at: Instant, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
