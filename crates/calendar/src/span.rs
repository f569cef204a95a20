//! A length of time as people write it: `15 working days`, `2h`, `2 months`. Only the grammar; counting is in `count`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest span accepted, in years: far beyond any legal limit, and far from the end of representable time.
const LONGEST_YEARS: u64 = 100;

/// So many units of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// How many.
    pub n: u32,
    /// Of what.
    pub unit: Unit,
}

/// Unit of a [`Span`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `ms`
    Millisecond,
    /// `s`, `seconds`
    Second,
    /// `m`, `minutes`
    Minute,
    /// `h`, `hours`: runs day and night.
    Hour,
    /// `working hours`: runs inside office hours of working days.
    WorkingHour,
    /// `d`, `days`, `natural days`
    Day,
    /// `working days`
    WorkingDay,
    /// `weeks`: seven days each.
    Week,
    /// `months`: calendar months.
    Month,
    /// `years`: calendar years.
    Year,
}

impl Unit {
    /// True for units that are counted in whole days, from the next day to the end of the last.
    #[must_use]
    pub fn counts_days(self) -> bool {
        matches!(self, Unit::Day | Unit::WorkingDay | Unit::Week | Unit::Month | Unit::Year)
    }

    /// True for units that leave out days off.
    #[must_use]
    pub fn is_working(self) -> bool {
        matches!(self, Unit::WorkingDay | Unit::WorkingHour)
    }

    /// Singular English name, singular Chinese counter, and about how many of it make 100 years.
    fn facts(self) -> (&'static str, &'static str, u64) {
        let days = LONGEST_YEARS * 365;
        match self {
            Unit::Millisecond => ("ms", "毫秒", u64::MAX),
            Unit::Second => ("second", "秒", days * 86_400),
            Unit::Minute => ("minute", "分钟", days * 1_440),
            Unit::Hour => ("hour", "小时", days * 24),
            Unit::WorkingHour => ("working hour", "个工作小时", days * 4),
            Unit::Day => ("day", "日", days),
            Unit::WorkingDay => ("working day", "个工作日", days / 2),
            Unit::Week => ("week", "周", days / 7),
            Unit::Month => ("month", "个月", LONGEST_YEARS * 12),
            Unit::Year => ("year", "年", LONGEST_YEARS),
        }
    }
}

impl Span {
    /// `n` of `unit`.
    #[must_use]
    pub const fn new(n: u32, unit: Unit) -> Self {
        Self { n, unit }
    }

    /// In Chinese: `15 个工作日`.
    #[must_use]
    pub fn zh(self) -> String {
        format!("{} {}", self.n, self.unit.facts().1)
    }

    /// Its exact length where it has one regardless of calendar and pauses: seconds, minutes, hours.
    #[must_use]
    pub fn exact(self) -> Option<chrono::TimeDelta> {
        let n = i64::from(self.n);
        match self.unit {
            Unit::Millisecond => Some(chrono::TimeDelta::milliseconds(n)),
            Unit::Second => Some(chrono::TimeDelta::seconds(n)),
            Unit::Minute => Some(chrono::TimeDelta::minutes(n)),
            Unit::Hour => Some(chrono::TimeDelta::hours(n)),
            Unit::WorkingHour | Unit::Day | Unit::WorkingDay | Unit::Week | Unit::Month | Unit::Year => None,
        }
    }
}

impl fmt::Display for Span {
    /// Canonical English, which reads back as the same span: `15 working days`, `1 day`, `10 ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.n == 1 || self.unit == Unit::Millisecond { "" } else { "s" };
        write!(f, "{} {}{plural}", self.n, self.unit.facts().0)
    }
}

/// A text that is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a span of time: {problem}; write a whole number and a unit, such as `15 working days`, `15个工作日`, `7 days`, `2 hours`, `3 working hours`, `30m`, `2 months`"
)]
pub struct SpanError {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = |problem| SpanError { text: text.to_owned(), problem };
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(wrong(match trimmed.as_bytes() {
                [b'-', b'0'..=b'9', ..] => "it is negative and does not begin with a whole number",
                _ => "it does not begin with a whole number",
            }));
        }
        let (number, unit) = trimmed.split_at(digits);
        let words: Vec<String> = unit.split_whitespace().map(str::to_lowercase).collect();
        let unit = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => return Err(wrong("the unit is missing")),
            ["ms" | "millisecond" | "milliseconds"] => Unit::Millisecond,
            ["s" | "sec" | "secs" | "second" | "seconds"] => Unit::Second,
            ["m" | "min" | "mins" | "minute" | "minutes"] => Unit::Minute,
            ["h" | "hour" | "hours"] => Unit::Hour,
            ["working", "hour" | "hours"] => Unit::WorkingHour,
            ["d" | "day" | "days"] | ["natural", "day" | "days"] => Unit::Day,
            ["working", "day" | "days"] => Unit::WorkingDay,
            ["w" | "week" | "weeks"] => Unit::Week,
            ["month" | "months"] => Unit::Month,
            ["y" | "year" | "years"] => Unit::Year,
            chinese => chinese_unit(&chinese.concat()).ok_or_else(|| wrong("the unit is not known"))?,
        };
        let n: u32 = number.parse().map_err(|_| wrong("the number is too large"))?;
        if u64::from(n) > unit.facts().2 {
            return Err(wrong("it is longer than a hundred years"));
        }
        Ok(Span { n, unit })
    }
}

/// `个工作日`, `工作日`, `日`, `小时`, …: as the articles of the law and people write them.
fn chinese_unit(text: &str) -> Option<Unit> {
    Some(match text.strip_prefix('个').unwrap_or(text) {
        "毫秒" => Unit::Millisecond,
        "秒" | "秒钟" => Unit::Second,
        "分" | "分钟" => Unit::Minute,
        "小时" => Unit::Hour,
        "工作小时" => Unit::WorkingHour,
        "日" | "天" | "自然日" => Unit::Day,
        "工作日" => Unit::WorkingDay,
        "周" | "星期" => Unit::Week,
        "月" => Unit::Month,
        "年" => Unit::Year,
        _ => return None,
    })
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_spelling_of_the_language_is_read() {
        for (text, span) in [
            ("10ms", Span::new(10, Unit::Millisecond)),
            ("1s", Span::new(1, Unit::Second)),
            ("30 seconds", Span::new(30, Unit::Second)),
            ("5m", Span::new(5, Unit::Minute)),
            ("5 minutes", Span::new(5, Unit::Minute)),
            ("2h", Span::new(2, Unit::Hour)),
            ("2 hours", Span::new(2, Unit::Hour)),
            ("7 days", Span::new(7, Unit::Day)),
            ("7d", Span::new(7, Unit::Day)),
            ("7 natural days", Span::new(7, Unit::Day)),
            ("15 working days", Span::new(15, Unit::WorkingDay)),
            ("1 working day", Span::new(1, Unit::WorkingDay)),
            ("3 working hours", Span::new(3, Unit::WorkingHour)),
            ("2 weeks", Span::new(2, Unit::Week)),
            ("2 months", Span::new(2, Unit::Month)),
            ("1 year", Span::new(1, Unit::Year)),
            ("  15  Working  Days ", Span::new(15, Unit::WorkingDay)),
            ("15个工作日", Span::new(15, Unit::WorkingDay)),
            ("15 个工作日", Span::new(15, Unit::WorkingDay)),
            ("60日", Span::new(60, Unit::Day)),
            ("2个月", Span::new(2, Unit::Month)),
            ("3 小时", Span::new(3, Unit::Hour)),
            ("2 个工作小时", Span::new(2, Unit::WorkingHour)),
            ("1 周", Span::new(1, Unit::Week)),
        ] {
            assert_eq!(text.parse::<Span>().unwrap(), span, "{text}");
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{span} reads back");
            assert_eq!(span.zh().parse::<Span>().unwrap(), span, "{} reads back", span.zh());
        }
        assert_eq!(Span::new(15, Unit::WorkingDay).zh(), "15 个工作日");
    }

    #[test]
    fn what_is_not_a_span_is_refused_with_the_reason() {
        for (text, problem) in [
            ("", "begin with a whole number"),
            ("fifteen days", "begin with a whole number"),
            ("-1 days", "it is negative"),
            ("15 个工作", "unit is not known"),
            ("15", "unit is missing"),
            ("15 business days", "unit is not known"),
            ("1.5 hours", "unit is not known"),
            ("99999999999 days", "too large"),
            ("101 years", "longer than a hundred years"),
        ] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
