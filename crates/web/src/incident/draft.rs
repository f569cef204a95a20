//! Report drafts: 初报, 续报 and 处理结果报告 with the elements that 部令第17号 第十二、十三条 names, filled in from the case.
//!
//! What somebody wrote into the case is taken as it is; the rest is put together from its record and marked as drafted;
//! what the record does not give is named as missing and never made up. Sending stays with people: a draft is no report.

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::Value;

use super::sketch::Below;
use super::{Entry, instant, instant_in_words, minute_in_words, words};
use crate::views::Text;
use crate::views::incident::{ElementView, ReportView};

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 初报.
    Initial,
    /// 续报.
    Followup,
    /// 处理结果报告.
    Final,
}

impl Kind {
    /// All three, in their order.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Followup, Self::Final];

    /// By its name in an address.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Name in an address.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Followup => "followup",
            Self::Final => "final",
        }
    }

    /// The event that records that it was sent.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Initial => "report.initial",
            Self::Followup => "report.followup",
            Self::Final => "report.final",
        }
    }

    /// The template that prints it.
    #[must_use]
    pub fn template(self) -> &'static str {
        match self {
            Self::Initial => "初报",
            Self::Followup => "续报",
            Self::Final => "处理结果报告",
        }
    }

    fn title(self) -> Text {
        match self {
            Self::Initial => Text::new("初报", "initial report"),
            Self::Followup => Text::new("续报", "follow-up report"),
            Self::Final => Text::new("处理结果报告", "final report"),
        }
    }
}

/// What is known of an incident, gathered by the office.
pub struct Known<'a> {
    /// Data of the case.
    pub data: &'a Value,
    /// Its journal.
    pub entries: &'a [Entry],
    /// Title of each event, Chinese, for the course of events.
    pub titles: &'a dyn Fn(&str) -> String,
    /// Chinese title of a choice of a field.
    pub choice: &'a dyn Fn(&str, &str) -> String,
    /// The reporting office.
    pub office: &'a str,
    /// Name of the town.
    pub town: &'a str,
    /// Name of the station.
    pub station: &'a str,
    /// Name of the pollutant.
    pub pollutant: &'a str,
    /// Tasks in one line each.
    pub tasks: &'a [String],
    /// Receptors down the river.
    pub below: &'a [Below],
    /// The sketch knows the place.
    pub located: bool,
    /// The district's offset from UTC.
    pub zone: FixedOffset,
}

/// The report as the case gives it now.
#[must_use]
pub fn draft(kind: Kind, known: &Known<'_>) -> ReportView {
    let last = known.entries.iter().rfind(|entry| entry.event.as_deref() == Some(kind.event()));
    let mut made = Made { known, last: last.map(|entry| &entry.data), elements: Vec::new() };
    match kind {
        Kind::Initial => made.initial(),
        Kind::Followup => made.followup(),
        Kind::Final => made.last(),
    }
    made.signed(kind);
    let missing = made.elements.iter().filter(|element| element.missing).map(|element| element.title.clone()).collect();
    ReportView {
        kind: kind.name().to_owned(),
        title: kind.title(),
        basis: "突发环境事件信息报告办法（部令第17号）第十二条、第十三条".to_owned(),
        sent_at: last.and_then(|entry| instant(&entry.data, "sent_at")),
        elements: made.elements,
        missing,
    }
}

struct Made<'a> {
    known: &'a Known<'a>,
    /// What was last sent of this kind.
    last: Option<&'a Value>,
    elements: Vec<ElementView>,
}

impl Made<'_> {
    fn initial(&mut self) {
        let known = self.known;
        let happened = self.last.and_then(|last| instant(last, "happened_at"));
        let since = instant(known.data, "since");
        let at = happened.or(since).map(|at| instant_in_words(at, known.zone)).unwrap_or_default();
        self.add("happened_at", "发生时间", "happened at", &at, happened.is_none());
        self.field("where", "发生地点", "where", &place(known), false);
        self.add("source", "信息来源", "source of the information", &source(known), true);
        self.field("cause", "起因和性质", "cause and nature", "", false);
        self.field("process", "基本过程", "course of events", &course(known), false);
        // The factor that the alarm names is known; how much was released is not.
        let pollutant = if known.pollutant.is_empty() {
            String::new()
        } else {
            format!("{}（监测因子）；排放数量待查。", known.pollutant)
        };
        self.field("pollutants", "主要污染物和数量", "main pollutants and amounts", &pollutant, !pollutant.is_empty());
        self.field("readings", "监测数据", "monitoring data", &readings(known), false);
        self.field("casualties", "人员受害情况", "people harmed", &casualties(known), false);
        self.field("receptors", "饮用水水源地等敏感点受影响情况", "sensitive points", &receptors(known), true);
        self.field("trend", "发展趋势", "trend", "", false);
        self.field("handling", "处置情况", "what is being done", &handling(known), false);
        self.field("measures", "拟采取的措施和下一步建议", "measures planned and proposals", "", false);
        let map = if known.located { "附敏感点分布示意图（位置近似）。" } else { "" };
        self.add("map", "敏感点分布示意图", "sketch of the sensitive points", map, true);
    }

    fn followup(&mut self) {
        let known = self.known;
        self.field("handling", "处置进展", "progress", &handling(known), false);
        // What the report before said is no progress.
        if self.last.is_none()
            && !news(known)
            && let Some(progress) = self.elements.last_mut()
        {
            progress.missing = true;
        }
        self.field("readings", "监测数据", "monitoring data", &readings(known), false);
        self.field("process", "基本过程", "course of events", &course(known), false);
        self.field("cause", "起因和性质", "cause and nature", "", false);
        self.field("pollutants", "主要污染物和数量", "main pollutants and amounts", "", false);
        self.field("casualties", "人员受害情况", "people harmed", &casualties(known), false);
        self.field("receptors", "饮用水水源地等敏感点受影响情况", "sensitive points", &receptors(known), true);
        self.field("trend", "发展趋势", "trend", "", false);
        self.field("measures", "拟采取的措施和下一步建议", "measures planned and proposals", "", false);
    }

    fn last(&mut self) {
        let known = self.known;
        let said = |event: &str, field: &str| {
            let entry = known.entries.iter().rfind(|entry| entry.event.as_deref() == Some(event));
            entry.map(|entry| words(&entry.data, field).to_owned()).unwrap_or_default()
        };
        self.field("measures", "处理措施", "measures taken", &handling(known), false);
        self.field("process", "处理过程", "course", &course(known), false);
        self.add_or("result", "处理结果", "result", &said("response.end", "findings"), false);
        self.add_or(
            "harm",
            "潜在或者间接危害及损失",
            "latent or indirect harm, losses",
            &said("loss.assessed", "result"),
            false,
        );
        self.add_or("effects", "社会影响", "public effect", "", false);
        let remains = said("inquiry.done", "findings");
        self.add_or(
            "remains",
            "遗留问题和责任追究",
            "what remains and who answers for it",
            &remains,
            !remains.is_empty(),
        );
    }

    /// What a written report carries: who reports, who signs, whom to ask (第十三条).
    fn signed(&mut self, kind: Kind) {
        let known = self.known;
        self.add("office", "报告单位", "reporting office", known.office, false);
        // Whoever signed the report before is proposed for the next one.
        let before = known
            .entries
            .iter()
            .rev()
            .find(|entry| Kind::ALL.iter().any(|kind| entry.event.as_deref() == Some(kind.event())));
        let own = self.last.is_some();
        for (name, zh, en) in [("signer", "签发人", "signed by"), ("contact", "联系人和联系方式", "contact")]
        {
            let text = before.map(|entry| words(&entry.data, name).to_owned()).unwrap_or_default();
            self.add(name, zh, en, &text, !own);
        }
        let grade = (known.choice)("grade", words(known.data, "grade"));
        let title = Text::new("事件级别", "grade");
        let known_grade = words(known.data, "grade") != "ungraded";
        let at = usize::from(kind == Kind::Initial) * 2;
        let text = if known_grade { grade } else { "未定级，按重大以上报告".to_owned() };
        let element = ElementView { name: "grade".to_owned(), title, text, drafted: true, missing: false };
        self.elements.insert(at.min(self.elements.len()), element);
    }

    /// What was sent, else what the case has under this name, else what the record gives.
    fn field(&mut self, name: &'static str, zh: &str, en: &str, drafted: &str, in_part: bool) {
        let sent = self.last.map(|last| words(last, name)).filter(|text| !text.is_empty());
        let own = sent.or_else(|| Some(words(self.known.data, name)).filter(|text| !text.is_empty()));
        match own {
            Some(text) => self.push(name, zh, en, text.to_owned(), false, false),
            None => self.push(name, zh, en, drafted.to_owned(), true, in_part || drafted.is_empty()),
        }
    }

    /// What was sent, else what the record gives; the case keeps it under no name of its own.
    fn add_or(&mut self, name: &'static str, zh: &str, en: &str, drafted: &str, in_part: bool) {
        let sent = self.last.map(|last| words(last, name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let own = sent.is_some();
        let text = sent.unwrap_or_else(|| drafted.to_owned());
        let missing = text.is_empty() || (in_part && !own);
        self.push(name, zh, en, text, !own, missing);
    }

    fn add(&mut self, name: &'static str, zh: &str, en: &str, text: &str, drafted: bool) {
        self.push(name, zh, en, text.to_owned(), drafted, text.is_empty());
    }

    fn push(&mut self, name: &str, zh: &str, en: &str, text: String, drafted: bool, missing: bool) {
        let drafted = drafted && !text.is_empty();
        self.elements.push(ElementView { name: name.to_owned(), title: Text::new(zh, en), text, drafted, missing });
    }
}

fn place(known: &Known<'_>) -> String {
    let parts = [known.town, words(known.data, "site"), known.station];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("，")
}

fn source(known: &Known<'_>) -> String {
    let kind = (known.choice)("source", words(known.data, "source"));
    let mut out = kind;
    for (name, title) in [("informant", "报告或者通报单位："), ("petition", "信访件：")] {
        let text = words(known.data, name);
        if !text.is_empty() {
            out.push_str(&format!("，{title}{text}"));
        }
    }
    if !known.station.is_empty() {
        out.push_str(&format!("，站点：{}", known.station));
    }
    if let Some(at) = instant(known.data, "learned_at") {
        out.push_str(&format!("；发现或者得知时间：{}", instant_in_words(at, known.zone)));
    }
    out
}

/// What people did and what the stations said, one line each; timers and notes are left out.
fn course(known: &Known<'_>) -> String {
    let mut lines = Vec::new();
    for entry in known.entries {
        let Some(event) = entry.event.as_deref() else { continue };
        if event.starts_with("report.") || event.starts_with("petition.") || event == "assess" {
            continue;
        }
        let detail = ["findings", "content", "handling", "task", "monitoring", "reason", "result", "told"];
        let detail = detail.into_iter().map(|name| words(&entry.data, name)).find(|text| !text.is_empty());
        let at = match event {
            "case.opened" => instant(known.data, "learned_at").unwrap_or(entry.at),
            _ => entry.at,
        };
        let title = match event {
            "case.opened" => "发现或者得知".to_owned(),
            other => (known.titles)(other),
        };
        let detail = detail.map(|text| format!("：{text}")).unwrap_or_default();
        lines.push(format!("{}，{title}{detail}", minute_in_words(at, known.zone)));
    }
    lines.truncate(60);
    lines.join("；\n")
}

fn readings(known: &Known<'_>) -> String {
    let (value, limit) = (known.data["value"].as_f64(), known.data["limit"].as_f64());
    if words(known.data, "rule").is_empty() {
        return String::new();
    }
    let mut lines = Vec::new();
    let name = if known.pollutant.is_empty() { "监测值" } else { known.pollutant };
    let opening = known.entries.iter().find(|entry| entry.event.as_deref() == Some("case.opened"));
    let first = opening.and_then(|entry| entry.data["value"].as_f64()).or(value);
    if let Some(first) = first {
        let since = instant(known.data, "since").map(|at| format!("{}起，", minute_in_words(at, known.zone)));
        let limit = limit.filter(|limit| *limit != 0.0).map(|limit| format!("，限值{limit}")).unwrap_or_default();
        lines.push(format!("{}{}{name}{first}{limit}", since.unwrap_or_default(), known.station));
    }
    for entry in
        known.entries.iter().filter(|entry| matches!(entry.event.as_deref(), Some("readings.worse" | "readings.clear")))
    {
        let at: Option<DateTime<Utc>> = instant(&entry.data, "observed_at");
        if let (Some(at), Some(value)) = (at, entry.data["value"].as_f64()) {
            lines.push(format!("{}，{name}{value}", minute_in_words(at, known.zone)));
        }
    }
    let text = lines.join("；\n");
    if text.is_empty() { text } else { format!("{text}。数值单位按规则登记。") }
}

/// Only what was counted: nobody has looked yet is not the same as nobody was hurt.
fn casualties(known: &Known<'_>) -> String {
    if words(known.data, "proposed") == "ungraded" {
        return String::new();
    }
    let count = |name: &str| known.data[name].as_u64().unwrap_or_default();
    format!("死亡{}人，中毒或者重伤{}人，疏散转移{}人。", count("deaths"), count("injured"), count("evacuated"))
}

fn receptors(known: &Known<'_>) -> String {
    let mut parts = Vec::new();
    match words(known.data, "sensitive") {
        "" | "none" => {}
        other => parts.push(format!("已认定敏感情形：{}", (known.choice)("sensitive", other))),
    }
    match words(known.data, "drinking") {
        "" | "none" => {}
        other => parts.push(format!("集中式饮用水取水中断：{}", (known.choice)("drinking", other))),
    }
    if !known.below.is_empty() {
        let list: Vec<String> = known
            .below
            .iter()
            .map(|below| {
                format!("{}（{}，约{:.1}公里）", below.name, if below.source { "水源" } else { "断面" }, below.km)
            })
            .collect();
        parts.push(format!("下游敏感点（距离近似）：{}；是否受影响待核实", list.join("、")));
    }
    parts.join("；")
}

/// Whether anything was recorded since the last report.
fn news(known: &Known<'_>) -> bool {
    const NEWS: [&str; 12] = [
        "situation",
        "readings.worse",
        "readings.clear",
        "monitoring.plan",
        "task.assign",
        "task.done",
        "response.start",
        "response.level",
        "confirm",
        "regrade",
        "sensitive.mark",
        "assess",
    ];
    let of_reports = |entry: &Entry| entry.event.as_deref().is_some_and(|event| event.starts_with("report."));
    let since = known.entries.iter().rposition(of_reports).map_or(0, |last| last + 1);
    known.entries[since..].iter().any(|entry| entry.event.as_deref().is_some_and(|event| NEWS.contains(&event)))
}

fn handling(known: &Known<'_>) -> String {
    let mut parts = Vec::new();
    match words(known.data, "level") {
        "" | "none" => {}
        level => parts.push(format!("已启动{}", (known.choice)("level", level))),
    }
    if !words(known.data, "monitoring").is_empty() {
        parts.push(format!("应急监测：{}", words(known.data, "monitoring")));
    }
    parts.extend(known.tasks.iter().cloned());
    parts.join("；\n")
}
