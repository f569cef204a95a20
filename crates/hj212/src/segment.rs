//! What a data segment says of itself: who speaks (ST, MN, PW), when and what about (QN, CN), in which version and in how
//! many packets (Flag, PNUM, PNO), and whether it was sent before and lost (RF). HJ 212-2017 and -2025, 6.3.
//!
//! Borrows everything; copies nothing. Which of it is believed is decided elsewhere: the registered profile of a station
//! counts, not the version that its Flag claims.

use std::fmt;

use chrono::NaiveDateTime;

use crate::area::Area;
use crate::fault::Malformed;
use crate::remark::{Kind, Remark, short};

/// What stands between header and data area.
pub(crate) const CP: &[u8] = b"CP=&&";

/// A data segment. `Debug` shows no password.
#[derive(Clone)]
pub struct Segment<'a> {
    /// Request number: the moment of sending, yyyyMMddHHmmsszzz, by the station's clock.
    pub qn: &'a str,
    /// System code, two digits: what kind of station speaks.
    pub st: &'a str,
    /// Command, four digits.
    pub cn: &'a str,
    /// Password, in the clear.
    pub pw: Option<&'a str>,
    /// Number of the station.
    pub mn: &'a str,
    /// Version, answer, packets.
    pub flag: Option<Flag>,
    /// Number of packets.
    pub pnum: Option<u32>,
    /// Number of this packet, from 1.
    pub pno: Option<u32>,
    /// Whether it is sent after the fact (2025).
    pub resent: bool,
    /// The header as it stands, up to `CP=`.
    pub header: &'a [u8],
    /// The data area.
    pub area: Area<'a>,
    /// What is odd about the header.
    pub remarks: Vec<Remark<'a>>,
}

/// The Flag field: bit 0 asks for an answer, bit 1 announces packets, the bits above are the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub u8);

/// Versions of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HJ/T 212-2005.
    V2005,
    /// HJ 212-2017.
    V2017,
    /// HJ 212-2025.
    V2025,
}

impl Flag {
    /// The flag of a version.
    #[must_use]
    pub fn new(version: Version, answer: bool, packets: bool) -> Self {
        let bits = match version {
            Version::V2005 => 0,
            Version::V2017 => 4,
            Version::V2025 => 8,
        };
        Self(bits | u8::from(answer) | u8::from(packets) << 1)
    }

    /// Whether an answer is asked for.
    #[must_use]
    pub fn answer(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether packets are announced.
    #[must_use]
    pub fn packets(self) -> bool {
        self.0 & 2 == 2
    }

    /// The version it claims; `None` when no standard has these bits.
    #[must_use]
    pub fn version(self) -> Option<Version> {
        match self.0 >> 2 {
            0 => Some(Version::V2005),
            1 => Some(Version::V2017),
            2 => Some(Version::V2025),
            _ => None,
        }
    }
}

impl Version {
    /// Year of the standard.
    #[must_use]
    pub fn year(self) -> &'static str {
        match self {
            Self::V2005 => "2005",
            Self::V2017 => "2017",
            Self::V2025 => "2025",
        }
    }
}

/// A field of a header, before the segment as a whole is read.
pub(crate) fn field<'a>(segment: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    segment.split(|byte| *byte == b';').take(12).find_map(|piece| piece.strip_prefix(name)?.strip_prefix(b"="))
}

/// Fields as they are met.
#[derive(Default)]
struct Found<'a> {
    values: [Option<&'a str>; NAMES.len()],
    remarks: Vec<Remark<'a>>,
}

const NAMES: [&str; 9] = ["QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF"];

impl<'a> Found<'a> {
    fn read(header: &'a [u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        for piece in header.split(|byte| *byte == b';').filter(|piece| !piece.is_empty()) {
            let odd = |byte: &u8| byte.is_ascii_control() || matches!(byte, b'&' | b'#');
            let text = std::str::from_utf8(piece).ok().filter(|_| !piece.iter().any(odd));
            let Some((name, value)) = text.and_then(|text| text.split_once('=')) else {
                let secret = piece.starts_with(b"PW");
                return Err(Malformed::NotAField {
                    piece: if secret { "PW…".into() } else { short(piece).into_owned() },
                });
            };
            match NAMES.iter().position(|known| *known == name) {
                Some(index) if found.values[index].is_some() => return Err(Malformed::Twice { field: NAMES[index] }),
                Some(index) => found.values[index] = Some(value),
                None => found.remarks.push(Remark::of(Kind::UnknownField, name, b"")),
            }
        }
        Ok(found)
    }

    fn digits(&self, index: usize, count: usize, expected: &'static str) -> Result<&'a str, Malformed> {
        let field = NAMES[index];
        let value = self.values[index].ok_or(Malformed::Missing { field })?;
        if value.len() == count && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(value);
        }
        Err(Malformed::BadField { field, value: short(value.as_bytes()).into_owned(), expected })
    }

    fn number(&self, index: usize, range: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, Malformed> {
        let Some(value) = self.values[index] else { return Ok(None) };
        let plain = value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| plain && range.contains(number));
        let bad = || {
            let expected = if index == FLAG { "a number from 0 to 255" } else { "a number from 1 to 9999" };
            Malformed::BadField { field: NAMES[index], value: short(value.as_bytes()).into_owned(), expected }
        };
        number.map(Some).ok_or_else(bad)
    }
}

const FLAG: usize = 5;

impl<'a> Segment<'a> {
    /// Reads a data segment, from `QN=` to the last `&&`.
    ///
    /// # Errors
    /// When it has no QN, ST, CN, MN or data area, or one of the fields of the header does not have its form or stands there
    /// twice. What is merely odd is a remark.
    pub fn parse(segment: &'a [u8]) -> Result<Self, Malformed> {
        let missing = Malformed::Missing { field: "CP" };
        let begin = segment.windows(CP.len()).position(|window| window == CP).ok_or(missing.clone())?;
        let (header, area) = segment.split_at(begin);
        let area = area[CP.len()..].strip_suffix(b"&&").ok_or(missing.clone())?;
        if !header.ends_with(b";") {
            return Err(missing);
        }
        let mut found = Found::read(header)?;
        let qn = found.digits(0, 17, "17 digits, yyyyMMddHHmmsszzz")?;
        if moment(&qn[..14]).is_none() {
            let expected = "a moment, yyyyMMddHHmmsszzz";
            return Err(Malformed::BadField { field: "QN", value: qn.to_owned(), expected });
        }
        let mut read = Self {
            qn,
            st: found.digits(1, 2, "two digits")?,
            cn: found.digits(2, 4, "four digits")?,
            pw: found.values[3],
            mn: found.values[4].filter(|mn| !mn.is_empty()).ok_or(Malformed::Missing { field: "MN" })?,
            flag: found.number(FLAG, 0..=255)?.map(|flag| Flag(flag as u8)),
            pnum: found.number(6, 1..=9999)?,
            pno: found.number(7, 1..=9999)?,
            resent: found.values[8] == Some("1"),
            header,
            area: Area::new(area),
            remarks: std::mem::take(&mut found.remarks),
        };
        read.check_packets()?;
        read.remark(found.values[8]);
        Ok(read)
    }

    fn check_packets(&self) -> Result<(), Malformed> {
        match (self.pnum, self.pno) {
            (Some(pnum), Some(pno)) if pno > pnum => {
                let value = format!("{pno} of {pnum}");
                Err(Malformed::BadField { field: "PNO", value, expected: "a number up to PNUM" })
            }
            _ => Ok(()),
        }
    }

    fn remark(&mut self, rf: Option<&'a str>) {
        let mut say = |kind, name, value: &'a str| self.remarks.push(Remark::of(kind, name, value.as_bytes()));
        if self.mn.len() != 24 || !self.mn.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)) {
            say(Kind::MnForm, "MN", self.mn);
        }
        if self.pw.is_some_and(|pw| pw.len() > 6) {
            say(Kind::PwLong, "PW", "");
        }
        if rf.is_some_and(|rf| rf != "1") {
            say(Kind::UnknownField, "RF", rf.unwrap_or_default());
        }
        let numbered = self.pnum.is_some() && self.pno.is_some();
        match self.flag {
            None => say(Kind::FlagMissing, "Flag", ""),
            Some(flag) => {
                match flag.version() {
                    None => say(Kind::VersionUnknown, "Flag", ""),
                    Some(Version::V2025) if self.st == "21" => say(Kind::VersionDoubtful, "Flag", ""),
                    Some(_) => {}
                }
                if flag.packets() && !numbered {
                    say(Kind::PacketsUnnumbered, "Flag", "");
                } else if !flag.packets() && numbered {
                    say(Kind::PacketsUnannounced, "Flag", "");
                }
            }
        }
    }

    /// The version that its Flag claims. A claim, not a fact: the registered profile of the station decides.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.flag.and_then(Flag::version)
    }

    /// Fields of the header in the order in which they stand, with their digits as written.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let pieces = self.header.split(|byte| *byte == b';');
        pieces.filter_map(|piece| std::str::from_utf8(piece).ok()?.split_once('='))
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { qn, st, cn, mn, flag, pnum, pno, resent, area, .. } = self;
        f.debug_struct("Segment")
            .field("qn", qn)
            .field("st", st)
            .field("cn", cn)
            .field("mn", mn)
            .field("flag", flag)
            .field("packet", &(pno, pnum))
            .field("resent", resent)
            .field("area", area)
            .finish_non_exhaustive()
    }
}

/// A moment written yyyyMMddHHmmss, by the station's clock (Beijing time). `None` when it is none.
#[must_use]
pub fn moment(digits: &str) -> Option<NaiveDateTime> {
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits[from..to].parse::<u32>().ok();
    let date = chrono::NaiveDate::from_ymd_opt(part(0, 4)? as i32, part(4, 6)?, part(6, 8)?)?;
    date.and_hms_opt(part(8, 10)?, part(10, 12)?, part(12, 14)?)
}
