//! Confidential values: sealed with a key per case, found again by keyed pieces, forgotten by destroying the key.
//!
//! XChaCha20-Poly1305. The key of a case is wrapped by the master key, so that destroying one row of `case_keys`
//! makes every sealed value of that case unreadable while its chain stays whole.

mod grams;
mod master;
mod seal;

use std::sync::{Mutex, MutexGuard, PoisonError};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use sha2::Sha256;
use uuid::Uuid;

pub(crate) use master::{load as load_master, parse as parse_master, read as read_master};
pub use seal::{is_sealed, mask};

use crate::error::JournalError;

/// Length of a nonce, in bytes.
const NONCE: usize = 24;

/// The key of one case.
#[derive(Clone)]
pub struct CaseKey {
    case: Uuid,
    key: [u8; 32],
}

impl std::fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaseKey({})", self.case)
    }
}

/// Holds the master key and the source of keys and nonces.
pub struct Vault {
    master: [u8; 32],
    rng: Mutex<ChaCha20Rng>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// `seed`: the source of keys and nonces; two vaults with the same master key and seed, asked the same, answer the same.
    #[must_use]
    pub fn new(master: [u8; 32], seed: [u8; 32]) -> Self {
        Self { master, rng: Mutex::new(ChaCha20Rng::from_seed(seed)) }
    }

    fn rng(&self) -> MutexGuard<'_, ChaCha20Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nonce(&self) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        self.rng().fill_bytes(&mut nonce);
        nonce
    }

    /// A new key for a case, and how it is stored.
    #[must_use]
    pub fn new_case_key(&self, case: Uuid) -> (CaseKey, Vec<u8>) {
        let mut key = [0; 32];
        self.rng().fill_bytes(&mut key);
        let wrapped = encrypt(&self.master, &self.nonce(), case.as_bytes(), &key);
        (CaseKey { case, key }, wrapped)
    }

    /// The key of a case from its stored form.
    ///
    /// # Errors
    /// When it was not wrapped by this master key for this case.
    pub fn open_case_key(&self, case: Uuid, wrapped: &[u8]) -> Result<CaseKey, JournalError> {
        let key = decrypt(&self.master, case.as_bytes(), wrapped).and_then(|k| <[u8; 32]>::try_from(k).ok());
        Ok(CaseKey { case, key: key.ok_or(JournalError::Sealed { case })? })
    }

    /// A key for a purpose, derived from the master key.
    pub(crate) fn purpose(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let mut key = mac(&self.master, purpose.as_bytes());
        key = mac(&key, bytes);
        key
    }
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; an all-zero result would only ever fail a comparison.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mut mac| {
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    })
}

fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let mut out = nonce.to_vec();
    // Encryption in memory fails only beyond 256 GiB.
    out.extend(cipher.encrypt(&XNonce::from(*nonce), Payload { msg, aad }).unwrap_or_default());
    out
}

fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(nonce), Payload { msg, aad }).ok()
}
