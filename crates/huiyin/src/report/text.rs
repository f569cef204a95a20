//! For people at a terminal: Chinese with the English beside it.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, Utc};
use huiyin_assurance::report::BrokenCase;
use huiyin_assurance::words::{COLUMNS, DEFINITIONS, Figure};
use huiyin_assurance::{Line, Report};
use huiyin_chart::rates::Rates;

use super::{both, figures, parts, promise};

/// See the module.
pub(crate) fn text(report: &Report, zone: FixedOffset) -> String {
    let mut out = String::new();
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let Report { district_name, period, counted_at, matters, .. } = report;
    let _ = writeln!(out, "{} {}", both(district_name), report.district);
    let _ = writeln!(out, "本期 period: {} / {}", period.zh, period.en);
    let _ = writeln!(out, "统计时刻 counted at: {}", day(*counted_at));
    let _ = writeln!(out, "全部登记事项 matters on record: {matters}");
    if report.forgotten > 0 {
        let _ = writeln!(out, "密钥已按保存期限销毁、不再计入 key destroyed, in no figure: {}", report.forgotten);
    }
    if report.unreadable > 0 {
        let _ = writeln!(
            out,
            "！无法由日志重演 cannot be lived through again, in no figure: {} (huiyin verify)",
            report.unreadable
        );
    }
    for (_, title, lines) in parts(report) {
        let _ = writeln!(out, "\n{}", both(&title));
        if lines.is_empty() {
            let _ = writeln!(out, "  本期没有到期的 nothing was due");
        }
        for line in lines {
            rates(&mut out, &line);
        }
    }
    let _ = writeln!(out, "\n未兑现的 broken promises: {}", report.broken.len());
    for broken in &report.broken {
        story(&mut out, broken, &day);
    }
    let _ = writeln!(out, "\n口径 what is counted");
    for (_, zh, en) in DEFINITIONS {
        let _ = writeln!(out, "  {zh}\n    {en}");
    }
    out
}

fn rates(out: &mut String, line: &Line) {
    let _ = writeln!(out, "  {}", both(&line.name));
    if line.rates == Rates::default() {
        let _ = writeln!(out, "    本期没有到期的 nothing was due");
        return;
    }
    for (column, figure) in COLUMNS.iter().zip(figures(&line.rates)) {
        let shown = match figure {
            Figure::Count(n) => n.to_string(),
            Figure::Rate(None) => "–".to_owned(),
            Figure::Rate(Some(n)) => format!("{}.{:02} %", n / 100, n % 100),
        };
        let _ = writeln!(out, "    {shown:>9}  {} {}", column.zh, column.en);
    }
}

fn story(out: &mut String, broken: &BrokenCase, day: &dyn Fn(DateTime<Utc>) -> String) {
    let came = match (broken.done, broken.dropped) {
        (Some(at), _) => format!("{} 才办到 done late", day(at)),
        (None, Some(at)) => format!("超期后于 {} 不再办理 dropped after it was due", day(at)),
        (None, None) => "至今未办到 still open".to_owned(),
    };
    let apart = if broken.reachable { "" } else { "；匿名、无法联系，单列 told apart" };
    let _ = writeln!(
        out,
        "\n  {}  {}  {}  期限 due {}  {came}  超 {} 天 days{apart}",
        broken.number,
        both(&promise(broken.promise)),
        both(&broken.unit),
        day(broken.due),
        broken.days_late
    );
    for line in &broken.story {
        let _ = writeln!(out, "    {}  {} / {}", day(line.at), line.what.zh, line.what.en);
    }
}
