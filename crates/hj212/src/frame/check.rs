//! Is what stands behind a header a frame? Length, end, checksum, and the cipher that the checksum lies under.

use std::ops::Range;

use super::{CRC, HEAD};
use crate::cipher::{BLOCK, Keys, StationKey, encrypts, looks_encrypted};
use crate::crc::{crc, digits};
use crate::fault::Fault;
use crate::segment::{CP, field};

/// A header with a readable length.
#[derive(Clone, Copy)]
pub(super) struct Header {
    /// Place of `##`.
    pub(super) at: usize,
    /// Declared bytes of the data segment.
    pub(super) length: usize,
}

impl Header {
    /// Place of the data segment.
    pub(super) fn segment(self) -> Range<usize> {
        self.at + HEAD..self.at + HEAD + self.length
    }

    /// Place behind the checksum.
    pub(super) fn end(self) -> usize {
        self.at + HEAD + self.length + CRC
    }
}

/// What the check of a good frame found.
pub(super) struct Checked {
    pub(super) crc: u16,
    pub(super) encrypted: bool,
    pub(super) lower_case: bool,
}

/// Place of the next header. Of a run of `#` the last two count, so a run that may go on is none yet, unless all is `over`.
pub(super) fn find_header(bytes: &[u8], over: bool) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == b'#') {
        let at = from + found;
        let run = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
        let goes_on = at + run == bytes.len() && !over;
        if run >= 2 && !goes_on {
            return Some(at + run - 2);
        }
        from = at + run;
    }
    None
}

/// The length that four digits say.
pub(super) fn declared(field: &[u8]) -> Option<usize> {
    field.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + usize::from(byte - b'0')))
}

/// Checks the frame at `header`, all of whose bytes are there. When it was encrypted, `clear` has its segment in the clear.
pub(super) fn check(held: &[u8], header: Header, keys: &dyn Keys, clear: &mut Vec<u8>) -> Result<Checked, Fault> {
    let segment = &held[header.segment()];
    if !segment.ends_with(b"&&") || has_header(segment) {
        return Err(Fault::WrongLength { declared: header.length });
    }
    let mut field = [0; CRC];
    field.copy_from_slice(&held[header.end() - CRC..header.end()]);
    let written = digits(field);
    let lower_case = field.iter().any(u8::is_ascii_lowercase);
    let good = |crc, encrypted, clear: &[u8]| match has_header(clear) {
        true => Err(Fault::WrongLength { declared: header.length }),
        false => Ok(Checked { crc, encrypted, lower_case }),
    };
    let as_it_stands = crc(segment);
    let wrong = |computed| Fault::WrongCrc { found: String::from_utf8_lossy(&field).into_owned(), computed };
    let Some(area) = area_in_question(segment) else {
        return if written == Some(as_it_stands) { good(as_it_stands, false, b"") } else { Err(wrong(as_it_stands)) };
    };
    let noise = looks_encrypted(&segment[area.clone()]);
    let key = key_of(segment, keys);
    if let Some(key) = key {
        clear.clear();
        clear.extend_from_slice(segment);
        key.decrypt(&mut clear[area.clone()]);
        let decrypted = crc(clear);
        let (before, after) = (&segment[area.clone()], &clear[area]);
        // Both may fit by chance: one checksum in 256 does.
        let chosen = noise || written != Some(as_it_stands) || (printable(after) && !printable(before));
        if written == Some(decrypted) && !looks_encrypted(after) && chosen {
            return good(decrypted, true, clear);
        }
    }
    match (written == Some(as_it_stands), noise) {
        (true, false) => good(as_it_stands, false, b""),
        (_, true) => Err(Fault::Encrypted { with_key: key.is_some() }),
        (false, false) => Err(wrong(as_it_stands)),
    }
}

fn printable(area: &[u8]) -> bool {
    area.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// The data area of a segment, when the standard of 2025 encrypts it and it has a whole block.
fn area_in_question(segment: &[u8]) -> Option<Range<usize>> {
    let begin = segment.windows(CP.len()).position(|window| window == CP)? + CP.len();
    let end = segment.len().checked_sub(2).filter(|end| *end >= begin + BLOCK)?;
    field(&segment[..begin], b"CN").is_some_and(encrypts).then_some(begin..end)
}

fn key_of<'k>(segment: &[u8], keys: &'k dyn Keys) -> Option<&'k StationKey> {
    keys.key(std::str::from_utf8(field(segment, b"MN")?).ok()?)
}

/// A header inside of a segment, with the name of a field behind it, means that the length led over the neighbour; one
/// checksum in 256 does not see it. Cipher text has one by chance once in some thousand million frames.
pub(crate) fn has_header(segment: &[u8]) -> bool {
    let mut from = 0;
    while segment[from..].contains(&b'#') {
        let Some(found) = find_header(&segment[from..], false) else { break };
        from += found + 2;
        if let [a, b, c, d, name, next, ..] = segment[from..]
            && declared(&[a, b, c, d]).is_some()
            && name.is_ascii_uppercase()
            && next.is_ascii_alphabetic()
        {
            return true;
        }
    }
    false
}
