//! The feed of warnings: Atom (RFC 4287), newest first, each entry leading to its CAP message.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Message, Origin, headline, issuer};
use crate::incident::xml_text;

/// What the feed says of itself.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Address under which people reach the service, without a slash at its end.
    pub base: String,
    /// District code.
    pub district: String,
    /// Who gives it.
    pub office: String,
    /// It is that of the exercises.
    pub exercise: bool,
    /// When nothing was ever published: when it was asked for.
    pub now: DateTime<Utc>,
}

/// The feed with these messages, newest first.
#[must_use]
pub fn feed(about: &Feed, messages: &[(Origin, Message)]) -> String {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (base, mark) = (xml_text(&about.base), if about.exercise { "【演练】" } else { "" });
    let name = if about.exercise { "drill" } else { "public" };
    let updated = messages.iter().map(|(_, message)| message.sent).max().unwrap_or(about.now);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh-CN\">\n\
         <id>urn:huiyin:{}:cap:{name}</id>\n<title>{mark}突发环境事件预警</title>\n<updated>{}</updated>\n\
         <author><name>{}</name></author>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{base}/feeds/cap.atom\"/>\n",
        xml_text(&about.district),
        stamp(updated),
        xml_text(&about.office),
    );
    for (origin, message) in messages {
        let (identifier, sent) = (xml_text(&message.identifier), stamp(message.sent));
        out.push_str(&format!(
            "<entry>\n<id>urn:huiyin:cap:{identifier}</id>\n<title>{}</title>\n<updated>{sent}</updated>\n\
             <published>{sent}</published>\n<author><name>{}</name></author>\n<summary>{}</summary>\n\
             <link rel=\"alternate\" type=\"application/cap+xml\" href=\"{base}/feeds/cap/{identifier}\"/>\n</entry>\n",
            xml_text(&headline(origin, message)),
            xml_text(&issuer(origin, message)),
            xml_text(&message.content.area),
        ));
    }
    out.push_str("</feed>\n");
    out
}
