//! What goes out to people: one row per notice × recipient × channel, with every attempt, and the digests.
//!
//! Stores and finds; it decides nothing. When a mail is held, retried or given up is the business of `notify`.
//! Ids are given by the caller and are deterministic, so that writing the same delivery twice changes nothing.

mod row;
mod sql;
mod store;

pub use row::{Attempt, AttemptOutcome, Delivery, DeliveryFilter, DeliveryState, DigestDue, InvalidRow};
pub use store::{Deliveries, DeliveryError, Digest, Finish};
