//! Settings that only a holder of the master key can have written: each carries an HMAC over its name and its value. Who has
//! the database alone can take one away or put an older one back, and cannot make a new one.

use crate::error::JournalError;
use crate::store::Journal;

/// A setting of this kind, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// There is none.
    Missing,
    /// Written under this store's master key, for this name.
    Ours(String),
    /// Damaged, written by hand, or written under another name or key. Not to be used.
    NotOurs,
}

impl Journal {
    /// Writes a setting that [`Journal::vouched`] will know.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn vouch(&self, key: &str, value: &str) -> Result<(), JournalError> {
        self.set_setting(key, &format!("{} {value}", self.voucher(key, value))).await
    }

    /// A setting that [`Journal::vouch`] wrote.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn vouched(&self, key: &str) -> Result<Vouched, JournalError> {
        let Some(found) = self.setting(key).await? else { return Ok(Vouched::Missing) };
        Ok(match found.split_once(' ') {
            Some((mac, value)) if mac == self.voucher(key, value) => Vouched::Ours(value.to_owned()),
            _ => Vouched::NotOurs,
        })
    }

    /// Names hold no line breaks, so that name and value cannot be cut apart elsewhere.
    fn voucher(&self, key: &str, value: &str) -> String {
        debug_assert!(!key.contains('\n'), "the name of a setting is one line");
        hex::encode(self.vault().purpose("vouched setting", format!("{key}\n{value}").as_bytes()))
    }
}
