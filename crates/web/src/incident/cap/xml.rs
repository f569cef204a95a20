//! One message as XML. The order of the elements is fixed by the schema; times are local, to the second, with their offset
//! in figures; a circle or a polygon is not given, because nothing on the case says where the edges lie.

use chrono::{DateTime, FixedOffset, Utc};

use super::{Kind, Message, Origin, event, headline, issuer, level};
use crate::incident::xml_text;

const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// A time as the standard wants it: `2026-06-01T10:05:00+08:00`, never `Z`, no fraction.
pub(super) fn time(at: DateTime<Utc>, zone: FixedOffset) -> String {
    let text = at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    // UTC itself is written as minus zero.
    text.strip_suffix("+00:00").map_or_else(|| text.clone(), |rest| format!("{rest}-00:00"))
}

/// The message as a document.
#[must_use]
pub fn xml(origin: &Origin, message: &Message) -> String {
    let mut out = Writer { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() };
    out.text.push_str(&format!("<alert xmlns=\"{NAMESPACE}\">\n"));
    out.put("identifier", &message.identifier);
    out.put("sender", &message.sender);
    out.put("sent", &time(message.sent, origin.zone));
    out.put("status", if origin.exercise { "Exercise" } else { "Actual" });
    out.put("msgType", message.kind.as_str());
    out.put("source", &format!("{} {}", origin.district_name, origin.number));
    out.put("scope", if origin.exercise { "Restricted" } else { "Public" });
    if origin.exercise {
        out.put("restriction", "演练：不得对外发布");
        out.put("note", "演练，不是真实预警。This is an exercise.");
    }
    if !message.references.is_empty() {
        out.put("references", &message.references.join(" "));
    }
    out.put("incidents", &format!("{}-{}", origin.district, origin.number));
    info(&mut out, origin, message);
    out.text.push_str("</alert>\n");
    out.text
}

fn info(out: &mut Writer, origin: &Origin, message: &Message) {
    let content = &message.content;
    out.text.push_str("<info>\n");
    out.put("language", "zh-CN");
    out.put("category", "Env");
    if origin.category == "radiation" {
        out.put("category", "CBRNE");
    }
    out.put("event", event(&origin.category));
    out.put("responseType", if message.kind == Kind::Cancel { "AllClear" } else { "Execute" });
    out.put("urgency", urgency(message));
    out.put("severity", severity(&content.colour));
    out.put("certainty", if message.confirmed { "Observed" } else { "Likely" });
    out.put("effective", &time(message.sent, origin.zone));
    if message.kind != Kind::Cancel {
        if let Some(begins) = content.begins {
            out.put("onset", &time(begins, origin.zone));
        }
        if let Some(ends) = content.ends {
            out.put("expires", &time(ends, origin.zone));
        }
    }
    out.put("senderName", &issuer(origin, message));
    out.put("headline", &headline(origin, message));
    match message.kind {
        Kind::Cancel => out.put("description", &format!("预警解除。{}", message.reason)),
        _ => {
            out.put("description", &format!("{}，影响范围：{}。", level(&content.colour), content.area));
            out.put("instruction", &content.text);
        }
    }
    if !origin.telephone.is_empty() {
        out.put("contact", &origin.telephone);
    }
    out.pair("parameter", "预警级别", level(&content.colour));
    out.text.push_str("<area>\n");
    out.put("areaDesc", &content.area);
    for town in &content.towns {
        out.pair("geocode", "GB/T 10114", town);
    }
    out.text.push_str("</area>\n</info>\n");
}

fn urgency(message: &Message) -> &'static str {
    if message.kind == Kind::Cancel {
        return "Past";
    }
    match message.content.begins.map(|begins| begins - message.sent) {
        Some(wait) if wait > chrono::TimeDelta::hours(1) => "Future",
        Some(wait) if wait > chrono::TimeDelta::zero() => "Expected",
        _ => "Immediate",
    }
}

fn severity(colour: &str) -> &'static str {
    match colour {
        "red" => "Extreme",
        "orange" => "Severe",
        "yellow" => "Moderate",
        "blue" => "Minor",
        _ => "Unknown",
    }
}

/// Writes elements, their text escaped.
struct Writer {
    text: String,
}

impl Writer {
    fn put(&mut self, name: &str, text: &str) {
        self.text.push_str(&format!("<{name}>{}</{name}>\n", xml_text(text)));
    }

    fn pair(&mut self, name: &str, value_name: &str, value: &str) {
        self.text.push_str(&format!("<{name}>\n"));
        self.put("valueName", value_name);
        self.put("value", value);
        self.text.push_str(&format!("</{name}>\n"));
    }
}
