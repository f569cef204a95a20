//! Titles, spans, parties and recipients: the small things written everywhere.

use huiyin_calendar::{Span, Unit};

use super::Loader;
use super::node::{Kind, Node};
use crate::definition::{Owner, Party, Recipient, Text};

impl Loader {
    /// A text for people: a string for both languages, or `{zh, en}`.
    pub(super) fn title(&mut self, node: &Node, path: &str) -> Option<Text> {
        if let Kind::Text(text) = &node.kind {
            return Some(Text { zh: text.clone(), en: text.clone() });
        }
        let fields = self.fields(node, path, &["zh", "en"])?;
        let Some(zh) = fields.get("zh") else {
            self.problem(node, path, "the Chinese text is missing", "write {zh: …, en: …}");
            return None;
        };
        let zh = self.text(zh, path)?;
        let en = fields.get("en").and_then(|en| self.text(en, path)).unwrap_or_else(|| zh.clone());
        Some(Text { zh, en })
    }

    /// A span of time.
    pub(super) fn span(&mut self, node: &Node, path: &str) -> Option<Span> {
        let text = self.text(node, path)?;
        match text.parse::<Span>() {
            Ok(span) => Some(span),
            Err(error) => {
                self.problem(node, path, error.to_string(), "write it like 7 days, 15 working days, 2 hours, 2 months");
                None
            }
        }
    }

    /// A delay key of `after:`; a bare number is milliseconds.
    pub(super) fn delay(&mut self, key: &str, node: &Node, path: &str) -> Option<Span> {
        if let Ok(n) = key.parse::<u32>() {
            return Some(Span { n, unit: Unit::Millisecond });
        }
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            let problem = format!("{} milliseconds are too long", crate::expr::quoted(key));
            self.problem(node, path, problem, "at most 4294967295 (49 days); with a unit more, like `60 days`");
            return None;
        }
        self.span(&Node { kind: Kind::Text(key.to_owned()), ..node.clone() }, path)
    }

    /// `role:x`, `unit:x`, `person:x`.
    pub(super) fn party(&mut self, node: &Node, path: &str) -> Option<Party> {
        let text = self.text(node, path)?;
        let party = Party::parse(&text);
        match &party {
            Some(party) => self.mention_party(party, node, path),
            None => self.problem(node, path, format!("`{text}` is no party"), "write role:…, unit:… or person:…"),
        }
        party
    }

    /// An owner: a party or an expression.
    pub(super) fn owner(&mut self, node: &Node, path: &str) -> Option<Owner> {
        if let Kind::Text(text) = &node.kind
            && let Some(party) = Party::parse(text)
        {
            self.mention_party(&party, node, path);
            return Some(Owner::Party(party));
        }
        if let Kind::Text(text) = &node.kind {
            for party in parties_in(text) {
                self.mention_party(&party, node, path);
            }
        }
        self.expr(node, path).map(Owner::Expr)
    }

    /// One recipient or a list.
    pub(super) fn recipients(&mut self, node: &Node, path: &str) -> Vec<Recipient> {
        let mut found = Vec::new();
        for item in Self::list(node) {
            let Some(text) = self.text(item, path) else {
                continue;
            };
            found.extend(match text.as_str() {
                "owner" => Some(Recipient::Owner),
                "unit-head" => Some(Recipient::UnitHead),
                "petitioner" => Some(Recipient::Petitioner),
                other => {
                    let party = Party::parse(other);
                    match &party {
                        Some(party) => self.mention_party(party, item, path),
                        None => {
                            let cure = "write owner, unit-head, petitioner, role:…, unit:… or person:…";
                            self.problem(item, path, format!("`{other}` is no recipient"), cure);
                        }
                    }
                    party.map(Recipient::Party)
                }
            });
        }
        found
    }
}

/// Parties that stand as whole texts in an expression: `data.unit == '' ? 'role:dispatcher' : data.unit`. One that
/// is put together, like `'unit:' + data.unit`, is not.
fn parties_in(expression: &str) -> Vec<Party> {
    let quoted = |quote: char| expression.split(quote).skip(1).step_by(2).filter_map(Party::parse);
    quoted('\'').chain(quoted('"')).collect()
}

impl Party {
    /// Reads `role:x`, `unit:x`, `person:x`; the name has letters, digits, `-`, `_`, `.`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        match kind {
            _ if !plain => None,
            "role" => Some(Self::Role(name.to_owned())),
            "unit" => Some(Self::Unit(name.to_owned())),
            "person" => Some(Self::Person(name.to_owned())),
            _ => None,
        }
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Unit(name) => write!(f, "unit:{name}"),
            Self::Person(name) => write!(f, "person:{name}"),
        }
    }
}

impl serde::Serialize for Party {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Party {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no party; expected role:…, unit:… or person:…"))
        })
    }
}
