//! What a data area says: items `name=value`, separated by `,`, in groups, separated by `;`. Items `code-Field=value` are
//! readings. HJ 212-2017 and -2025, 6.3.2.
//!
//! Digits stay as written. Units are not here: they are registered for each station and pollutant, and tables of codes
//! have them wrong. The moment of a reading is `DataTime`: of the reading itself (2011), or the beginning of the period for
//! minutes, hours and days (2051, 2061, 2031).

use std::fmt;
use std::ops::Range;

use crate::remark::{Kind, Remark};
use crate::segment::moment;

/// Fields that are figures.
const FIGURES: [&str; 13] =
    ["Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "ZsAvg", "ZsMin", "ZsMax", "ValidNum", "TotalNum", "Day", "Night"];
/// Data flags: normal, stopped, maintenance, set by hand, fault, calibration, above range, no communication.
const FLAGS: [&str; 8] = ["N", "F", "M", "S", "D", "C", "T", "B"];
/// A number has at most so many characters; more are no measurement.
const LONGEST_NUMBER: usize = 40;

/// A data area as it stands between `CP=&&` and `&&`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Area<'a> {
    raw: &'a [u8],
}

/// The value of an item, as written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(pub &'a [u8]);

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its whole name: `w21003-Rtd`, `DataTime`.
    pub name: &'a str,
    /// Code of a reading (`w21003`); for a parameter its name.
    pub code: &'a str,
    /// Field of a reading (`Rtd`); `None` for a parameter.
    pub field: Option<&'a str>,
    /// What it says.
    pub value: Value<'a>,
}

/// What one station says about one code at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// Pollutant or thing (`w21003`, `i12001`).
    pub code: &'a str,
    /// `DataTime` before it, as written.
    pub data_time: Option<&'a str>,
    /// `PolId` of its group: the pollutant that information is about.
    pub pol_id: Option<&'a str>,
    /// Parameters that stand before it: the same item twice with none between is a duplicate.
    scope: usize,
    /// Its items.
    items: Range<usize>,
}

/// A data area, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents<'a> {
    /// All items in their order.
    items: Vec<Item<'a>>,
    /// Readings in their order.
    pub readings: Vec<Reading<'a>>,
    /// The first `DataTime`, as written.
    pub data_time: Option<&'a str>,
    /// What is odd.
    pub remarks: Vec<Remark<'a>>,
    pol_id: Option<&'a str>,
    now: Option<&'a str>,
    scope: usize,
}

impl<'a> Area<'a> {
    /// A data area from its bytes in the clear.
    #[must_use]
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// Its bytes.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Reads it. Nothing in it makes the others unreadable: what does not read is a remark.
    #[must_use]
    pub fn read(self) -> Contents<'a> {
        let mut contents = Contents { items: Vec::with_capacity(self.raw.len() / 18 + 1), ..Contents::default() };
        contents.readings.reserve(self.raw.len() / 32 + 1);
        for group in self.raw.split(|byte| *byte == b';') {
            contents.pol_id = None;
            for piece in group.split(|byte| *byte == b',') {
                contents.take(piece);
            }
        }
        contents
    }
}

impl<'a> Contents<'a> {
    /// Items of a reading.
    #[must_use]
    pub fn items(&self, reading: &Reading<'a>) -> &[Item<'a>] {
        &self.items[reading.items.clone()]
    }

    /// Value of a field of a reading.
    #[must_use]
    pub fn value(&self, reading: &Reading<'a>, field: &str) -> Option<Value<'a>> {
        self.items(reading).iter().find(|item| item.field == Some(field)).map(|item| item.value)
    }

    /// Parameters in their order, `DataTime` and `PolId` left out.
    pub fn params(&self) -> impl Iterator<Item = &Item<'a>> {
        self.items.iter().filter(|item| item.field.is_none() && !matches!(item.name, "DataTime" | "PolId"))
    }

    fn take(&mut self, piece: &'a [u8]) {
        if piece.is_empty() {
            return;
        }
        let Some(item) = item(piece) else {
            self.remarks.push(Remark::of(Kind::NotAnItem, "", piece));
            return;
        };
        if item.value.text().is_none() {
            self.remarks.push(Remark::of(Kind::NotUtf8, item.name, b""));
        }
        match item.field {
            Some(field) => self.take_reading(item, field),
            None => self.take_parameter(item),
        }
        self.items.push(item);
    }

    fn take_parameter(&mut self, item: Item<'a>) {
        self.scope += 1;
        match item.name {
            "DataTime" => {
                self.now = item.value.text();
                self.data_time = self.data_time.or(self.now);
                if self.now.and_then(moment).is_none() {
                    self.remarks.push(Remark::of(Kind::BadDataTime, item.name, item.value.0));
                }
            }
            "PolId" => self.pol_id = item.value.text(),
            name if self.items.iter().any(|other| other.name == name) => {
                self.remarks.push(Remark::of(Kind::Duplicate, name, item.value.0));
            }
            _ => {}
        }
    }

    fn take_reading(&mut self, item: Item<'a>, field: &'a str) {
        self.examine(item, field);
        let at = self.items.len();
        let (scope, code) = (self.scope, item.code);
        let same = |reading: &Reading<'_>| reading.scope == scope && reading.code == code;
        let twice = |reading: &Reading<'a>| same(reading) && self.value(reading, field).is_some();
        let duplicate = self.readings.iter().rev().take_while(|reading| reading.scope == scope).any(twice);
        if duplicate {
            self.remarks.push(Remark::of(Kind::Duplicate, item.name, item.value.0));
        } else if let Some(last) = self.readings.last_mut().filter(|last| same(last) && last.items.end == at) {
            last.items.end += 1;
            return;
        }
        let (data_time, pol_id) = (self.now, self.pol_id);
        self.readings.push(Reading { code, data_time, pol_id, scope, items: at..at + 1 });
    }

    fn examine(&mut self, item: Item<'a>, field: &str) {
        let kind = match field {
            "Flag" if !item.value.text().is_some_and(|flag| FLAGS.contains(&flag)) => Kind::UnknownFlag,
            _ if FIGURES.contains(&field) && !item.value.is_number() => Kind::NotANumber,
            _ => return,
        };
        self.remarks.push(Remark::of(kind, item.name, item.value.0));
    }
}

fn item(piece: &[u8]) -> Option<Item<'_>> {
    let at = piece.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&piece[..at]).ok().filter(|name| !name.is_empty())?;
    let value = Value(&piece[at + 1..]);
    let (code, field) = match name.split_once('-') {
        Some((code, field)) if !code.is_empty() && !field.is_empty() => (code, Some(field)),
        _ => (name, None),
    };
    Some(Item { name, code, field, value })
}

impl<'a> Value<'a> {
    /// As text; `None` when it is no UTF-8.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// As a number, when it is a plain decimal: a sign, digits, a point. No exponent, no infinity, nothing empty.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        if self.is_number() { self.text()?.parse().ok() } else { None }
    }

    /// Whether it is a plain decimal.
    #[must_use]
    pub fn is_number(self) -> bool {
        let digits = match self.0 {
            [b'-' | b'+', digits @ ..] => digits,
            digits => digits,
        };
        let (mut points, mut count) = (0, 0);
        for byte in digits {
            match byte {
                b'0'..=b'9' => count += 1,
                b'.' => points += 1,
                _ => return false,
            }
        }
        count > 0 && points <= 1 && digits.len() <= LONGEST_NUMBER
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.0))
    }
}

impl fmt::Debug for Area<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.raw))
    }
}

#[cfg(test)]
mod tests;
