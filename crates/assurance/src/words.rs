//! The words of the figures: what each column counts, in Chinese and English. Law and definitions: the two promises
//! 交办率 and 按时回复率 as the house defines them (`chart::rates`).

use huiyin_chart::rates::{Rates, Share};
use serde::Serialize;

/// The same words in two languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// From both.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// A column of a table of rates.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Stable name, the same in CSV, JSON and the web answers.
    pub key: &'static str,
    /// Heading, Chinese.
    pub zh: &'static str,
    /// Heading, English.
    pub en: &'static str,
    /// Its value.
    pub value: fn(&Rates) -> Figure,
}

/// A figure in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// So many.
    Count(u64),
    /// A rate in hundredths of a percent, rounded down: 99.999 % is not yet everything. None: nothing was due.
    Rate(Option<u64>),
}

/// A rate in hundredths of a percent, rounded down.
#[must_use]
pub fn hundredths(share: Share) -> Option<u64> {
    (share.of > 0).then(|| (u128::from(share.kept) * 10_000 / u128::from(share.of)).try_into().unwrap_or(10_000))
}

/// `99.99 %`, rounded down; a dash when nothing was due.
#[must_use]
pub fn percent(share: Share) -> String {
    hundredths(share).map_or_else(|| "–".to_owned(), |n| format!("{}.{:02} %", n / 100, n % 100))
}

macro_rules! column {
    ($key:literal, $zh:literal, $en:literal, $value:expr) => {
        Column { key: $key, zh: $zh, en: $en, value: $value }
    };
}

/// Every column, in order: first 交办率, then 按时回复率.
pub const COLUMNS: [Column; 16] = [
    column!("assigned_rate", "交办率", "assigned in time", |r| Figure::Rate(hundredths(r.assigned))),
    column!("assigned_kept", "时限内交办", "assigned within the limit", |r| Figure::Count(r.assigned.kept)),
    column!("assigned_of", "应交办", "due for assignment", |r| Figure::Count(r.assigned.of)),
    column!("fallback", "其中值班室兜底", "of these by the duty desk", |r| Figure::Count(r.fallback)),
    column!("fallback_open", "其中仍在值班室", "of these still at the duty desk", |r| Figure::Count(
        r.fallback_open
    )),
    column!("duplicates", "重复件（不计）", "same matter again (left out)", |r| Figure::Count(r.duplicates)),
    column!("ended_first", "时限内先行办结、转送（不计）", "ended first (left out)", |r| Figure::Count(
        r.ended_first
    )),
    column!("answered_rate", "按时回复率", "answered in time", |r| Figure::Rate(hundredths(r.answered))),
    column!("answered_kept", "按时送达", "delivered in time", |r| Figure::Count(r.answered.kept)),
    column!("answered_of", "应回复", "replies due", |r| Figure::Count(r.answered.of)),
    column!(
        "answered_without_extensions_rate",
        "按时回复率（不计延期）",
        "the same without extensions",
        |r| { Figure::Rate(hundredths(r.answered_without_extensions)) }
    ),
    column!(
        "answered_without_extensions_kept",
        "按时送达（不计延期）",
        "delivered in time (without extensions)",
        |r| { Figure::Count(r.answered_without_extensions.kept) }
    ),
    column!("answered_without_extensions_of", "应回复（不计延期）", "replies due (without extensions)", |r| {
        Figure::Count(r.answered_without_extensions.of)
    }),
    column!("overdue_open", "超期未回复", "overdue and open", |r| Figure::Count(r.overdue_open)),
    column!("unreachable_kept", "匿名、无法联系：按时", "anonymous or unreachable: in time", |r| {
        Figure::Count(r.unreachable.kept)
    }),
    column!("unreachable_of", "匿名、无法联系：应回复", "anonymous or unreachable: due", |r| Figure::Count(
        r.unreachable.of
    )),
];

/// What is counted, figure by figure.
pub const DEFINITIONS: [(&str, &str, &str); 8] = [
    (
        "assigned",
        "交办率＝时限内已有责任单位的事项数÷交办时限在本期届满的登记事项数；值班室兜底的计入并单列；同一人同一事项只计一次，时限内已依法办结或转送的不计，均另列",
        "assigned in time = matters that had a responsible unit within the limit ÷ registered matters whose assignment limit \
         fell in the period; those the duty desk took over count and are told apart; the same matter of the same person \
         counts once, and what lawfully ended or was passed on within the limit is left out: both are told",
    ),
    (
        "fallback",
        "值班室兜底：时限内无人交办、由系统交值班室的；仍在值班室：至今尚无人另派责任单位的",
        "by the duty desk: nobody assigned it within the limit and the system gave it to the duty desk; still there: nobody \
         has named a responsible unit since",
    ),
    (
        "answered",
        "按时回复率＝期限内送达答复的事项数÷（答复期限在本期届满的事项数＋此前到期而期末仍未答复的事项数）；以送达日期为准，阶段性答复不计；超期后才撤回、转送的仍计为未按期",
        "answered in time = replies delivered by the due date ÷ replies due in the period plus those overdue and open at its \
         end; the day of delivery counts, interim replies never do; what is dropped after it was due still fails",
    ),
    (
        "answered_without_extensions",
        "不计延期：同上，按延期前的期限计算",
        "without extensions: the same by the dates before any extension",
    ),
    (
        "overdue_open",
        "超期未回复：期末已到期而未答复的，不论何时到期，均计为未按期",
        "overdue and open: due by the end of the period and not answered then, whenever it was due; each counts as a failure",
    ),
    (
        "unreachable",
        "匿名、无法联系：不在上述两项回复率之内，单列按时办结（含有记录的无法送达）与应办数",
        "anonymous or unreachable: in neither rate of replies; answered, or recorded as undeliverable, by the due date, of \
         those due",
    ),
    (
        "unit",
        "责任单位：最近一次承办该事项的单位；从未派出的列为“未派单”",
        "unit: the unit that had the matter last; what no unit ever had is told as unassigned",
    ),
    (
        "source",
        "全部数字由日志逐件重演得出，以统计时刻所知为准；办理期限取约束办理的最早期限",
        "every figure comes from living through the journal again, as known at the moment of counting; of several dates the \
         earliest that binds counts",
    ),
];
