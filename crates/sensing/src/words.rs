//! Words for people, Chinese and English, and lengths of time as they are written in YAML.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// The longest length of time that a file may name.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// Reads `90s`, `10m`, `2h`, `1d`; nothing else, nothing below a second and nothing above 400 days. `0m` is zero.
#[must_use]
pub(crate) fn length(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let number: i64 = if number.bytes().all(|b| b.is_ascii_digit()) { number.parse().ok()? } else { return None };
    TimeDelta::try_seconds(number.checked_mul(seconds)?).filter(|length| *length <= LONGEST)
}

/// A length of time in the largest unit that holds it well: `3 分钟`, `3 minutes`.
#[must_use]
pub(crate) fn spoken(length: TimeDelta) -> Text {
    let seconds = length.num_seconds();
    let (count, zh, en) = match seconds.abs() {
        0..120 if seconds % 60 != 0 => (seconds, "秒", "second"),
        0..7200 => (seconds / 60, "分钟", "minute"),
        7200..172_800 => (seconds / 3600, "小时", "hour"),
        _ => (seconds / 86_400, "天", "day"),
    };
    Text::new(format!("{count} {zh}"), format!("{count} {en}{}", if count == 1 { "" } else { "s" }))
}

/// A figure for people: at most six digits that matter, no zeros at the end.
#[must_use]
pub(crate) fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits = 5 - value.abs().log10().floor() as i32;
    let text = format!("{value:.*}", usize::try_from(digits.clamp(0, 9)).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_nothing_else_is() {
        assert_eq!(length("90s"), Some(TimeDelta::seconds(90)));
        assert_eq!(length("2h"), Some(TimeDelta::hours(2)));
        for wrong in ["", "h", "-1h", "1.5h", "5", "10 m", "401d", "99999999999999999999s", "三m"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([figure(1.0), figure(0.05), figure(1_234.567_8)], ["1", "0.05", "1234.57"]);
    }
}
