//! Encrypted data areas of HJ 212-2025 (6.4.2, annex A.2): SM4, ECB, no padding. Length and checksum are those of the clear
//! text; whole blocks are encrypted and what is shorter than a block at the end stays as it is, so the length never changes.
//!
//! Where keys come from and where they are kept is not here. ECB shows equal blocks and proves nothing about the sender.

use std::collections::HashMap;
use std::fmt;

use sm4::Sm4;
use sm4::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

/// Bytes of a block of SM4, and of its key.
pub const BLOCK: usize = 16;

/// The key of one station, ready for use. Never shown.
#[derive(Clone)]
pub struct StationKey(Sm4);

/// A key that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the SM4 key is not 32 hexadecimal digits (16 bytes); give it as the station's register shows it")]
pub struct BadKey;

impl StationKey {
    /// From its 16 bytes.
    #[must_use]
    pub fn new(key: [u8; BLOCK]) -> Self {
        Self(Sm4::new(&key.into()))
    }

    /// From 32 hexadecimal digits.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn from_hex(digits: &str) -> Result<Self, BadKey> {
        let mut key = [0; BLOCK];
        hex::decode_to_slice(digits.trim(), &mut key).map_err(|_| BadKey)?;
        Ok(Self::new(key))
    }

    /// Encrypts a data area where it stands.
    pub fn encrypt(&self, area: &mut [u8]) {
        blocks(area, |block| self.0.encrypt_block(block.into()));
    }

    /// Decrypts a data area where it stands.
    pub fn decrypt(&self, area: &mut [u8]) {
        blocks(area, |block| self.0.decrypt_block(block.into()));
    }
}

/// Gives every whole block to `change`; a shorter rest stays.
fn blocks(area: &mut [u8], change: impl Fn(&mut [u8; BLOCK])) {
    for block in area.as_chunks_mut::<BLOCK>().0 {
        change(block);
    }
}

impl fmt::Debug for StationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StationKey(…)")
    }
}

/// Whether the data areas of a command are encrypted for a station that has a key: uploads (2000–2999), the key exchange
/// (1014) and information from the site (3020). HJ 212-2025, 6.4.2.
#[must_use]
pub fn encrypts(cn: &[u8]) -> bool {
    let [thousands, rest @ ..] = cn else { return false };
    cn == b"1014" || cn == b"3020" || (*thousands == b'2' && rest.len() == 3 && rest.iter().all(u8::is_ascii_digit))
}

/// Who knows the keys of stations.
pub trait Keys {
    /// The key of the station with this MN; `None` when it speaks in the clear or is not known.
    fn key(&self, mn: &str) -> Option<&StationKey>;
}

/// No station has a key.
impl Keys for () {
    fn key(&self, _: &str) -> Option<&StationKey> {
        None
    }
}

/// One key for whoever speaks, or none.
impl Keys for Option<StationKey> {
    fn key(&self, _: &str) -> Option<&StationKey> {
        self.as_ref()
    }
}

/// Keys by MN.
impl Keys for HashMap<String, StationKey> {
    fn key(&self, mn: &str) -> Option<&StationKey> {
        self.get(mn)
    }
}

/// Does this data area look like the output of a cipher? Text, GBK too, has no control bytes; noise has one in eight.
pub(crate) fn looks_encrypted(area: &[u8]) -> bool {
    let whole = &area[..area.len() / BLOCK * BLOCK];
    let count = |odd: fn(&u8) -> bool| whole.iter().filter(|byte| odd(byte)).count();
    let (control, foreign) = (count(u8::is_ascii_control), count(|byte| !(0x20..0x7f).contains(byte)));
    !whole.is_empty() && control * 16 >= whole.len() && foreign * 3 > whole.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// Annex A.2 of HJ 212-2025: the second pair, a clear text of 147 bytes, key sixteen times 0x30.
    const CLEAR: &[u8] = b"DataTime=20240520210600;a01011-Min=1.35,a01011-Avg=1.35,a01011-Max=1.35,a01011-Flag=N;\
        a01014-Min=3.20,a01014-Avg=3.20,a01014-Max=3.20,a01014-Flag=N";
    const SECRET: &str = "E43E159ACFAB242CB53155FB8B9281A1A242577ABFAED881BE88B72D69FC55ED1A80119FAAC8B3CD33D285CC76F57F2C\
        A7F88B9573C6647E0F07E24609BD6B63EB20C5B9784F28E71D2F4994FF61D9E13B391A1D2A454B65388D5D9435DBF021528C7BF9755EF165\
        18710C0CAC0ADEF9C5156CD0A5A17674AC0ED2ABC40023E9EF70128554B82438E91ADCE98A0D03A4";

    #[test]
    fn the_example_of_the_standard_is_met_and_its_short_end_stays_clear() {
        let key = StationKey::new([0x30; BLOCK]);
        let mut area = CLEAR.to_vec();
        key.encrypt(&mut area);
        assert_eq!(hex::encode_upper(&area[..144]), SECRET);
        assert_eq!(&area[144..], b"g=N");
        assert!(looks_encrypted(&area) && !looks_encrypted(CLEAR));
        key.decrypt(&mut area);
        assert_eq!(area, CLEAR);
    }

    #[test]
    fn the_commands_in_question() {
        for cn in ["2011", "2051", "2999", "1014", "3020"] {
            assert!(encrypts(cn.as_bytes()), "{cn}");
        }
        for cn in ["1011", "3019", "9014", "", "2", "20510", "2o51"] {
            assert!(!encrypts(cn.as_bytes()), "{cn}");
        }
    }

    #[test]
    fn a_key_is_32_digits_and_is_not_shown() {
        assert_eq!(StationKey::from_hex("30").unwrap_err(), BadKey);
        let key = StationKey::from_hex("30303030303030303030303030303030").unwrap();
        assert_eq!(format!("{key:?}"), "StationKey(…)");
    }
}
