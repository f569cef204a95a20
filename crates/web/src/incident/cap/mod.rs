//! The public warning of an incident as messages of the Common Alerting Protocol 1.2 (OASIS, 2010).
//!
//! A message exists only because the journal has, one after the other, what was asked for, the approval of the authority
//! that was named, and the publication; a cancellation, because that authority lifted it. What was asked for and never
//! approved gives none. The identifiers follow from the case and the order of its messages, so they stay as they are.

mod atom;
mod xml;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use atom::{Feed, feed};
pub use xml::xml;

use super::{Entry, instant, words};

/// Where the messages of a case come from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// District code, GB/T 2260.
    pub district: String,
    /// Name of the district.
    pub district_name: String,
    /// Case number.
    pub number: String,
    /// Category of the case, such as `water`.
    pub category: String,
    /// It belongs to an exercise: every message says so.
    pub exercise: bool,
    /// Whom to call.
    pub telephone: String,
    /// The district's offset from UTC.
    pub zone: chrono::FixedOffset,
}

/// `msgType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first of a warning.
    Alert,
    /// Replaces what it refers to.
    Update,
    /// Ends it.
    Cancel,
}

impl Kind {
    /// As the standard writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Update => "Update",
            Self::Cancel => "Cancel",
        }
    }
}

/// What a warning says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// `blue`, `yellow`, `orange` or `red`.
    pub colour: String,
    /// `district_government` or `city_government`.
    pub authority: String,
    /// From when.
    pub begins: Option<DateTime<Utc>>,
    /// Until when, as far as is known.
    pub ends: Option<DateTime<Utc>>,
    /// Where, in words.
    pub area: String,
    /// Codes of the towns, GB/T 10114.
    pub towns: Vec<String>,
    /// What is warned of and what to do.
    pub text: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `identifier`: stays the same for ever.
    pub identifier: String,
    /// `sender`.
    pub sender: String,
    /// `sent`: when it was published, to the second.
    pub sent: DateTime<Utc>,
    /// `msgType`.
    pub kind: Kind,
    /// `references`: the messages of this warning before it, as `sender,identifier,sent`.
    pub references: Vec<String>,
    /// What it says.
    pub content: Content,
    /// Somebody had confirmed the incident by then.
    pub confirmed: bool,
    /// Why it is lifted.
    pub reason: String,
    /// Who approved it: kept on the case, not in the message.
    pub approval: String,
}

/// Something that was asked for, and whether its authority has approved it.
struct Asked {
    content: Content,
    approval: Option<String>,
}

/// The messages of a case, oldest first, from its journal.
#[must_use]
pub fn messages(origin: &Origin, entries: &[Entry]) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::new();
    let (mut asked, mut in_force): (Option<Asked>, Vec<usize>) = (None, Vec::new());
    let mut confirmed = false;
    for entry in entries {
        let approval = || words(&entry.data, "approval").to_owned();
        match entry.event.as_deref() {
            Some("confirm") => confirmed = true,
            Some("warning.ask") => asked = Some(Asked { content: content(&entry.data), approval: None }),
            Some("warning.refuse" | "warning.withdraw") => asked = None,
            Some("warning.approve") => {
                let named = words(&entry.data, "authority");
                if let Some(asked) = asked.as_mut().filter(|asked| asked.content.authority == named) {
                    asked.approval = Some(approval()).filter(|words| !words.is_empty());
                }
            }
            Some("warning.publish") => {
                let Some(Asked { content, approval: Some(approval) }) = asked.take() else { continue };
                let kind = if in_force.is_empty() { Kind::Alert } else { Kind::Update };
                let message = made(origin, &out, &in_force, entry.at, kind, content, approval, confirmed);
                in_force.push(out.len());
                out.push(message);
            }
            Some("warning.lift") => {
                asked = None;
                let last = in_force.last().map(|&last| out[last].content.clone());
                let Some(content) = last.filter(|last| last.authority == words(&entry.data, "authority")) else {
                    continue;
                };
                let mut message = made(origin, &out, &in_force, entry.at, Kind::Cancel, content, approval(), confirmed);
                words(&entry.data, "reason").clone_into(&mut message.reason);
                in_force.clear();
                out.push(message);
            }
            _ => {}
        }
    }
    out
}

#[expect(clippy::too_many_arguments, reason = "the parts of one message, named where it is made")]
fn made(
    origin: &Origin,
    before: &[Message],
    in_force: &[usize],
    at: DateTime<Utc>,
    kind: Kind,
    content: Content,
    approval: String,
    confirmed: bool,
) -> Message {
    let drill = if origin.exercise { "drill-" } else { "" };
    let reference = |&i: &usize| {
        let earlier = &before[i];
        format!("{},{},{}", earlier.sender, earlier.identifier, xml::time(earlier.sent, origin.zone))
    };
    Message {
        identifier: format!("{}-{drill}{}-{}", origin.district, origin.number, before.len() + 1),
        sender: format!("huiyin.{}", origin.district),
        sent: at,
        kind,
        references: in_force.iter().map(reference).collect(),
        content,
        confirmed,
        reason: String::new(),
        approval,
    }
}

fn content(data: &Value) -> Content {
    let towns = data["towns"].as_array().map(Vec::as_slice).unwrap_or_default();
    Content {
        colour: words(data, "colour").to_owned(),
        authority: words(data, "authority").to_owned(),
        begins: instant(data, "begins_at"),
        ends: instant(data, "ends_at"),
        area: words(data, "area").to_owned(),
        towns: towns.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        text: words(data, "text").to_owned(),
    }
}

/// The colour and its level.
pub(crate) fn level(colour: &str) -> &'static str {
    match colour {
        "red" => "红色（一级）",
        "orange" => "橙色（二级）",
        "yellow" => "黄色（三级）",
        _ => "蓝色（四级）",
    }
}

/// What the incident is called before the public.
pub(crate) fn event(category: &str) -> &'static str {
    match category {
        "water" => "突发水环境事件",
        "air" => "突发大气环境事件",
        "soil" => "突发土壤环境事件",
        "solid_waste" => "突发固体废物环境事件",
        "ecology" => "突发生态破坏事件",
        "radiation" => "辐射事故",
        _ => "突发环境事件",
    }
}

/// What a message says in one line.
#[must_use]
pub fn headline(origin: &Origin, message: &Message) -> String {
    let exercise = if origin.exercise { "【演练】" } else { "" };
    let (what, level) = (event(&origin.category), level(&message.content.colour));
    match message.kind {
        Kind::Alert => format!("{exercise}{}发布{what}{level}预警", issuer(origin, message)),
        Kind::Update => format!("{exercise}{}变更{what}预警为{level}", issuer(origin, message)),
        Kind::Cancel => format!("{exercise}{}解除{what}{level}预警", issuer(origin, message)),
    }
}

/// The authority in whose name it is published.
pub(crate) fn issuer(origin: &Origin, message: &Message) -> String {
    if message.content.authority == "city_government" {
        "重庆市人民政府（或者其授权部门）".to_owned()
    } else {
        format!("{}人民政府（或者其授权部门）", origin.district_name)
    }
}
