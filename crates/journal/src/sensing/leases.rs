//! Leases: only one process at a time does what needs only one. A lease saves work and keeps two from disturbing each other;
//! what must not happen twice is fenced where it is written.

use uuid::Uuid;

use crate::error::JournalError;
use crate::store::{Journal, writing};
use crate::time::{Instant, micros};

const TAKE: &str = "INSERT INTO leases (district, timeline, name, holder, until_at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (district, timeline, name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at \
    WHERE leases.holder = excluded.holder OR leases.until_at <= $6";
const GIVE_BACK: &str = "DELETE FROM leases WHERE district = $1 AND timeline = $2 AND name = $3 AND holder = $4";

/// What is leased, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease<'a> {
    /// District code.
    pub district: &'a str,
    /// `real` or the name of an exercise.
    pub timeline: &'a str,
    /// What is done.
    pub name: &'a str,
    /// The process.
    pub holder: Uuid,
}

impl Journal {
    /// Takes a lease, or makes one's own longer. False: somebody else holds it until later than `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_lease(&self, lease: &Lease<'_>, now: Instant, until: Instant) -> Result<bool, JournalError> {
        let taken = writing!(self, pool => {
            sqlx::query(TAKE)
                .bind(lease.district)
                .bind(lease.timeline)
                .bind(lease.name)
                .bind(lease.holder)
                .bind(micros(until))
                .bind(micros(now))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(taken == 1)
    }

    /// Gives one's own lease back before its time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn give_back_lease(&self, lease: &Lease<'_>) -> Result<(), JournalError> {
        writing!(self, pool => {
            sqlx::query(GIVE_BACK)
                .bind(lease.district)
                .bind(lease.timeline)
                .bind(lease.name)
                .bind(lease.holder)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}
