//! Frames out of a byte stream: `##`, four digits of length, data segment, four digits of checksum, `\r\n`.
//!
//! Cut by length alone: an encrypted data area may contain `\r\n` and `&&`. What is broken is told and costs nothing of
//! its valid neighbours: after a fault the search goes on right behind the bad header. What a segment says is not read here.
//! Time is the caller's: it says when the line is quiet ([`Framer::quiet`]) and when it is over ([`Framer::end`]).

pub(crate) mod check;

use crate::cipher::Keys;
use crate::fault::{Fault, Misread};
use check::{Checked, Header, declared, find_header};

/// Bytes before the data segment: `##` and the length.
const HEAD: usize = 6;
/// Bytes of the checksum.
const CRC: usize = 4;
/// A run of bytes that belong to no frame is told in portions of so many bytes.
pub const PORTION: usize = 4096;

/// What a framer admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest data segment, bytes; at most 9999, which is what four digits can say.
    pub segment: usize,
}

impl Limits {
    /// HJ 212-2017: a data segment of at most 1024 bytes.
    pub const OF_2017: Self = Self { segment: 1024 };
}

impl Default for Limits {
    /// Four times what the standard of 2017 admits: stations of 2025 and careless ones are heard.
    fn default() -> Self {
        Self { segment: 4096 }
    }
}

/// A whole frame whose checksum is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Bytes from the beginning of the stream to its header.
    pub offset: u64,
    /// Data segment in the clear, from `QN=` to the last `&&`.
    pub segment: &'a [u8],
    /// Its checksum.
    pub crc: u16,
    /// Whether the data area came encrypted.
    pub encrypted: bool,
    /// Whether `\r\n` followed.
    pub tail: bool,
    /// Whether the checksum was written with small letters.
    pub lower_case: bool,
}

/// What the stream gave: a frame, or a fault.
pub type Piece<'a> = Result<Frame<'a>, Misread>;

/// Cuts a stream into frames. Holds at most two of the longest frames and a little more, whatever comes.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    /// Bytes taken in; those before `at` are done with.
    held: Vec<u8>,
    at: usize,
    /// Bytes of the stream before `held`.
    before: u64,
    /// Bytes that belong to no frame and have not been told: where they begin, how many.
    stray: Option<(u64, usize)>,
    /// Behind a fault: what comes before the next header belongs to it.
    behind_fault: bool,
    /// Segment that was decrypted last.
    clear: Vec<u8>,
}

/// What is known about the end of what was taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// More may come at any moment.
    Coming,
    /// Nothing has come for a while.
    Quiet,
    /// Nothing will come.
    Over,
}

/// One step; places are in `held`.
enum Step {
    Wait,
    Fault(u64, Fault),
    Frame { header: Header, tail: bool, checked: Checked },
}

impl Framer {
    /// A framer at the beginning of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = Limits { segment: limits.segment.min(9999) };
        let held = Vec::with_capacity(capacity(limits));
        Self { limits, held, at: 0, before: 0, stray: None, behind_fault: false, clear: Vec::new() }
    }

    /// Takes in as many bytes as there is room for and gives back the others: take pieces out with [`Framer::next`] until
    /// there is none, then feed the rest. There is always room for some after that.
    pub fn feed<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let room = capacity(self.limits);
        if self.held.len() + bytes.len() > room {
            self.held.drain(..self.at);
            self.before += self.at as u64;
            self.at = 0;
        }
        let (taken, rest) = bytes.split_at(bytes.len().min(room - self.held.len()));
        self.held.extend_from_slice(taken);
        rest
    }

    /// The next frame or fault; `None` until more comes.
    pub fn next(&mut self, keys: &dyn Keys) -> Option<Piece<'_>> {
        self.step(keys, Rest::Coming)
    }

    /// The same when nothing has come for a while: a frame that only lacks its `\r\n` is given, and one that was cut is given
    /// up when a whole one stands behind it. A frame that may still be on its way is waited for.
    pub fn quiet(&mut self, keys: &dyn Keys) -> Option<Piece<'_>> {
        self.step(keys, Rest::Quiet)
    }

    /// The same when nothing will come: what is left is told, too.
    pub fn end(&mut self, keys: &dyn Keys) -> Option<Piece<'_>> {
        self.step(keys, Rest::Over)
    }

    /// Bytes that wait for more.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.held.len() - self.at
    }

    /// Bytes of memory that it occupies, itself left out.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.held.capacity() + self.clear.capacity()
    }

    fn step(&mut self, keys: &dyn Keys, rest: Rest) -> Option<Piece<'_>> {
        match self.advance(keys, rest) {
            Step::Wait => None,
            Step::Fault(offset, fault) => Some(Err(Misread { offset, fault })),
            Step::Frame { header, tail, checked } => Some(Ok(Frame {
                offset: self.before + header.at as u64,
                segment: if checked.encrypted { &self.clear } else { &self.held[header.segment()] },
                crc: checked.crc,
                encrypted: checked.encrypted,
                tail,
                lower_case: checked.lower_case,
            })),
        }
    }

    fn advance(&mut self, keys: &dyn Keys, rest: Rest) -> Step {
        if let Some(told) = self.seek_header(rest) {
            return told;
        }
        let at = self.at;
        let left = &self.held[at..];
        if left.is_empty() || (left.len() < HEAD && rest != Rest::Over) {
            return Step::Wait;
        }
        let Some(field) = left.get(2..HEAD) else {
            return self.fault(Fault::Truncated { declared: None, have: left.len() });
        };
        let Some(length) = declared(field) else {
            return self.fault(Fault::BadLength { found: String::from_utf8_lossy(field).into_owned() });
        };
        if length > self.limits.segment {
            return self.fault(Fault::Oversized { declared: length, most: self.limits.segment });
        }
        let header = Header { at, length };
        if left.len() < HEAD + length + CRC {
            let given_up = rest == Rest::Over || (rest == Rest::Quiet && self.whole_frame_behind(at, keys));
            let have = left.len();
            return if given_up { self.fault(Fault::Truncated { declared: Some(length), have }) } else { Step::Wait };
        }
        match check::check(&self.held, header, keys, &mut self.clear) {
            Err(fault) => self.fault(fault),
            Ok(checked) => self.with_tail(header, checked, rest),
        }
    }

    /// Goes on to the next header. What lies before it is told, unless it belongs to a fault that was.
    fn seek_header(&mut self, rest: Rest) -> Option<Step> {
        let left = &self.held[self.at..];
        let header = find_header(left, rest == Rest::Over);
        // One or two # at the end may be the beginning of a header.
        let kept =
            if rest == Rest::Over { 0 } else { left.iter().rev().take(2).take_while(|byte| **byte == b'#').count() };
        let until = self.at + header.unwrap_or(left.len() - kept);
        self.skip(until - self.at);
        let arrived = self.at == until;
        let full = self.stray.is_some_and(|(_, length)| length >= PORTION);
        if (full || (arrived && (header.is_some() || rest == Rest::Over)))
            && let Some((offset, skipped)) = self.stray.take()
        {
            return Some(Step::Fault(offset, Fault::NoHeader { skipped }));
        }
        if header.is_none() {
            return Some(Step::Wait);
        }
        self.behind_fault = false;
        None
    }

    /// Leaves `count` bytes behind, or fewer when a portion of stray ones is full.
    fn skip(&mut self, count: usize) {
        let bytes = &self.held[self.at..self.at + count];
        if self.behind_fault {
            self.at += count;
            return;
        }
        let (mut from, mut length) = (0, 0);
        let begun = match self.stray {
            Some((begun, already)) => {
                length = already;
                begun
            }
            None => {
                from = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(count);
                self.before + (self.at + from) as u64
            }
        };
        let taken = (count - from).min(PORTION - length);
        self.at += from + taken;
        if length + taken > 0 {
            self.stray = Some((begun, length + taken));
        }
    }

    /// Tells a fault of the header at hand and goes on behind it.
    fn fault(&mut self, fault: Fault) -> Step {
        let offset = self.before + self.at as u64;
        self.at = (self.at + 2).min(self.held.len());
        self.behind_fault = true;
        Step::Fault(offset, fault)
    }

    /// Gives a frame with what follows its checksum, once that is known.
    fn with_tail(&mut self, header: Header, checked: Checked, rest: Rest) -> Step {
        let end = header.end();
        let (taken, tail) = match &self.held[end..] {
            [] | [b'\r'] if rest == Rest::Coming => return Step::Wait,
            [b'\r', b'\n', ..] => (2, true),
            [b'\n' | b'\r', ..] => (1, false),
            _ => (0, false),
        };
        self.at = end + taken;
        Step::Frame { header, tail, checked }
    }

    /// Does a whole, valid frame stand behind the incomplete one at `at`?
    fn whole_frame_behind(&self, at: usize, keys: &dyn Keys) -> bool {
        let mut from = at + 2;
        let mut clear = Vec::new();
        while let Some(found) = find_header(&self.held[from..], false) {
            let at = from + found;
            let length = self.held.get(at + 2..at + HEAD).and_then(declared);
            let header = length.filter(|length| *length <= self.limits.segment).map(|length| Header { at, length });
            if let Some(header) = header.filter(|header| header.end() <= self.held.len())
                && check::check(&self.held, header, keys, &mut clear).is_ok()
            {
                return true;
            }
            from = at + 2;
        }
        false
    }
}

/// Room for two of the longest frames: one that is waited for, and what came with its end.
fn capacity(limits: Limits) -> usize {
    2 * (HEAD + limits.segment + CRC + 2)
}

#[cfg(test)]
mod tests;
