//! Case numbers: the pattern of a workflow, the local date, and a counter.
//!
//! `XF-{date}-{seq:6}` gives `XF-20261124-000017`. Placeholders: `{date}` (the counter starts anew each day), `{year}`
//! (each year, when there is no date), `{seq}` and `{seq:N}` (at least N digits).

use chrono::FixedOffset;
use huiyin_chart::Definition;
use huiyin_journal::Instant;

const DEFAULT: &str = "{date}-{seq:6}";

/// The pattern of a workflow.
pub(crate) fn pattern(definition: &Definition) -> String {
    definition.number.clone().unwrap_or_else(|| format!("{}-{DEFAULT}", definition.name))
}

/// The period in which a number is given once.
pub(crate) fn period(pattern: impl AsRef<str>, now: Instant, zone: FixedOffset) -> String {
    let format = match pattern.as_ref() {
        p if p.contains("{date}") => "%Y%m%d",
        p if p.contains("{year}") => "%Y",
        _ => return String::new(),
    };
    now.with_timezone(&zone).format(format).to_string()
}

/// Writes a number.
pub(crate) fn write(pattern: impl AsRef<str>, now: Instant, zone: FixedOffset, n: i64) -> String {
    let local = now.with_timezone(&zone);
    let mut out = String::new();
    let mut rest = pattern.as_ref();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match name.split_once(':').unwrap_or((name, "")) {
            ("date", _) => out.push_str(&local.format("%Y%m%d").to_string()),
            ("year", _) => out.push_str(&local.format("%Y").to_string()),
            ("seq", width) => {
                let width = width.parse().unwrap_or(1);
                out.push_str(&format!("{n:0width$}"));
            }
            _ => out.push_str(&format!("{{{name}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn numbers_carry_the_local_date() {
        let zone = FixedOffset::east_opt(8 * 3600).expect("an offset");
        let late = chrono::Utc.with_ymd_and_hms(2026, 11, 23, 17, 0, 0).single().expect("an instant");
        assert_eq!(write("XF-{date}-{seq:6}", late, zone, 17), "XF-20261124-000017");
        assert_eq!(period("XF-{date}-{seq:6}", late, zone), "20261124");
        assert_eq!(
            (write("A{year}/{seq}", late, zone, 8), period("A{year}/{seq}", late, zone)),
            ("A2026/8".into(), "2026".into())
        );
        assert_eq!(write("{odd", late, zone, 8), "{odd");
    }
}
