//! A workbook of four sheets: rates, broken promises, their stories, what is counted. Texts are written as texts, never
//! as formulas; counts and rates as numbers.

use chrono::{DateTime, FixedOffset, Utc};
use huiyin_assurance::Report;
use huiyin_assurance::words::{COLUMNS, DEFINITIONS, Figure};
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::{both, cell, figures, parts, promise};
use crate::commands::Failure;

/// Most lines of a sheet, less its head: the format's own limit.
const MOST: usize = 1_048_000;

/// See the module.
pub(crate) fn xlsx(report: &Report, zone: FixedOffset) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    rates(book.add_worksheet(), report, zone, &styles)?;
    broken(book.add_worksheet(), report, zone, &styles)?;
    stories(book.add_worksheet(), report, zone, &styles)?;
    definitions(book.add_worksheet(), &styles)?;
    Ok(book.save_to_buffer()?)
}

struct Styles {
    head: Format,
    rate: Format,
    wrapped: Format,
}

impl Styles {
    fn new() -> Self {
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        Self {
            head: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            rate: Format::new().set_num_format("0.00%"),
            wrapped,
        }
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    sheet.write_string(row, column, cell(text)).map(drop)
}

fn head<'a>(
    sheet: &mut Worksheet,
    row: u32,
    names: impl IntoIterator<Item = &'a str>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    for (column, name) in (0..).zip(names) {
        sheet.write_string_with_format(row, column, cell(name), &styles.head)?;
    }
    Ok(())
}

fn rates(sheet: &mut Worksheet, report: &Report, zone: FixedOffset, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("两率 rates")?;
    put(sheet, 0, 0, &format!("{} {}", both(&report.district_name), report.district))?;
    put(sheet, 1, 0, &both(&report.period))?;
    put(sheet, 2, 0, &format!("统计时刻 counted at {}", minute(report.counted_at, zone)))?;
    let (forgotten, unreadable) = (report.forgotten, report.unreadable);
    put(
        sheet,
        3,
        0,
        &format!("未计入 left out: 密钥已销毁 key destroyed {forgotten}, 无法重演 unreadable {unreadable}"),
    )?;
    let titles: Vec<String> = COLUMNS.iter().map(|column| format!("{}\n{}", column.zh, column.en)).collect();
    head(sheet, 5, ["分组 part", "名称 name"].into_iter().chain(titles.iter().map(String::as_str)), styles)?;
    sheet.set_freeze_panes(6, 2)?;
    sheet.set_column_width(0, 16)?;
    sheet.set_column_width(1, 34)?;
    let mut row = 6;
    for (_, part, lines) in parts(report) {
        for line in lines {
            put(sheet, row, 0, &both(&part))?;
            put(sheet, row, 1, &both(&line.name))?;
            for (column, figure) in (2..).zip(figures(&line.rates)) {
                match figure {
                    Figure::Count(n) => number(sheet, row, column, n)?,
                    Figure::Rate(Some(n)) => {
                        let rate = f64::from(u32::try_from(n).unwrap_or(10_000)) / 10_000.0;
                        sheet.write_number_with_format(row, column, rate, &styles.rate)?;
                    }
                    Figure::Rate(None) => {}
                }
            }
            row += 1;
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn number(sheet: &mut Worksheet, row: u32, column: u16, n: u64) -> Result<(), XlsxError> {
    sheet.write_number(row, column, n as f64).map(drop)
}

fn broken(sheet: &mut Worksheet, report: &Report, zone: FixedOffset, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("未兑现 broken")?;
    let names = [
        "编号 number",
        "承诺 promise",
        "责任单位 unit",
        "来源 channel",
        "类别 category",
        "期限 due",
        "办到 done",
        "超期后终止 dropped",
        "超期天数 days late",
        "匿名、无法联系 told apart",
    ];
    head(sheet, 0, names, styles)?;
    sheet.set_freeze_panes(1, 1)?;
    for column in 0..10 {
        sheet.set_column_width(column, 22)?;
    }
    for (row, broken) in (1..).zip(report.broken.iter().take(MOST)) {
        let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| minute(at, zone));
        put(sheet, row, 0, &broken.number)?;
        put(sheet, row, 1, &both(&promise(broken.promise)))?;
        put(sheet, row, 2, &both(&broken.unit))?;
        put(sheet, row, 3, &both(&broken.channel))?;
        put(sheet, row, 4, &both(&broken.category))?;
        put(sheet, row, 5, &time(Some(broken.due)))?;
        put(sheet, row, 6, &time(broken.done))?;
        put(sheet, row, 7, &time(broken.dropped))?;
        number(sheet, row, 8, broken.days_late.unsigned_abs())?;
        put(sheet, row, 9, if broken.reachable { "" } else { "是 yes" })?;
    }
    Ok(())
}

fn stories(sheet: &mut Worksheet, report: &Report, zone: FixedOffset, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("经过 stories")?;
    head(sheet, 0, ["编号 number", "承诺 promise", "时间 at", "经过 what happened", "in English"], styles)?;
    sheet.set_freeze_panes(1, 1)?;
    for (column, width) in [(0, 22.0), (1, 22.0), (2, 18.0), (3, 60.0), (4, 60.0)] {
        sheet.set_column_width(column, width)?;
    }
    let lines = report.broken.iter().flat_map(|broken| broken.story.iter().map(move |line| (broken, line)));
    for (row, (broken, line)) in (1..).zip(lines.take(MOST)) {
        put(sheet, row, 0, &broken.number)?;
        put(sheet, row, 1, &both(&promise(broken.promise)))?;
        put(sheet, row, 2, &minute(line.at, zone))?;
        put(sheet, row, 3, &line.what.zh)?;
        put(sheet, row, 4, &line.what.en)?;
    }
    Ok(())
}

fn definitions(sheet: &mut Worksheet, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name("口径 definitions")?;
    head(sheet, 0, ["项目 figure", "口径", "what is counted"], styles)?;
    for (column, width) in [(0, 30.0), (1, 80.0), (2, 80.0)] {
        sheet.set_column_width(column, width)?;
    }
    for (row, (figure, zh, en)) in (1..).zip(DEFINITIONS) {
        put(sheet, row, 0, figure)?;
        sheet.write_string_with_format(row, 1, zh, &styles.wrapped)?;
        sheet.write_string_with_format(row, 2, en, &styles.wrapped)?;
    }
    Ok(())
}

fn minute(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}
