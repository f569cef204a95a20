//! The district's files as they are written: shapes only. What they mean together is checked in `build`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_saphyr::Spanned;

/// A text for people, in Chinese and English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// `district.yaml`: the district itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// GB/T 2260 code, six digits, e.g. `500110`.
    pub code: String,
    /// What people call it.
    pub name: Text,
    /// The office that runs the system, as it signs its letters.
    pub office: Text,
    /// Offset from UTC, e.g. `+08:00`.
    pub zone: String,
    /// Working hours of a working day, in local time, in order.
    pub hours: Vec<Hours>,
    /// Where the public can ask, printed on letters.
    pub telephone: String,
    /// Where this page is reached from outside, e.g. `https://huiyin.example.invalid`; used in links of mails.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Per workflow: values merged over the schema's defaults when a case is opened (thresholds, policies).
    #[serde(default)]
    pub defaults: std::collections::BTreeMap<String, Value>,
}

impl District {
    /// Working hours as the calendar reads them, e.g. `09:00-12:30, 14:00-18:00`.
    #[must_use]
    pub fn hours_text(&self) -> String {
        let part = |h: &Hours| format!("{}-{}", h.from.0.format("%H:%M"), h.to.0.format("%H:%M"));
        self.hours.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// A span of working hours within one day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// From, e.g. `09:00`.
    pub from: Hour,
    /// To, e.g. `12:30`.
    pub to: Hour,
}

/// A time of day, written `09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub chrono::NaiveTime);

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: serde::Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        let text = String::deserialize(de)?;
        chrono::NaiveTime::parse_from_str(&text, "%H:%M").map(Self).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is not a time of day. expected: hours and minutes, e.g. \"09:00\""
            ))
        })
    }
}

impl Serialize for Hour {
    fn serialize<S: serde::Serializer>(&self, ser: S) -> Result<S::Ok, S::Error> {
        ser.collect_str(&self.0.format("%H:%M"))
    }
}

/// `directory.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryFile {
    pub(crate) duty_desk: Spanned<String>,
    pub(crate) roles: Vec<RoleEntry>,
    pub(crate) categories: Vec<CategoryEntry>,
    pub(crate) units: Vec<UnitEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleEntry {
    pub(crate) id: Spanned<String>,
    pub(crate) name: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryEntry {
    pub(crate) id: Spanned<String>,
    pub(crate) name: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitEntry {
    pub(crate) id: Spanned<String>,
    pub(crate) name: Text,
    pub(crate) relation: crate::answers::Relation,
    pub(crate) kind: crate::answers::Kind,
    /// The unit above it.
    #[serde(default)]
    pub(crate) parent: Option<Spanned<String>>,
    /// Units so close to it that they must stay away from a matter about it (and it from theirs).
    #[serde(default)]
    pub(crate) related: Vec<Spanned<String>>,
    /// Towns: the nine-digit code.
    #[serde(default)]
    pub(crate) town_code: Option<Spanned<String>>,
}

/// `people.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleFile {
    pub(crate) people: Vec<PersonEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonEntry {
    pub(crate) id: Spanned<String>,
    pub(crate) name: String,
    pub(crate) email: Spanned<String>,
    #[serde(default)]
    pub(crate) units: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) roles: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) heads: Vec<Spanned<String>>,
    /// Enterprises and units this person has an interest in (回避).
    #[serde(default)]
    pub(crate) recused_from: Vec<Spanned<String>>,
    /// Has left: kept for the names in old journals, never mailed.
    #[serde(default)]
    pub(crate) left: bool,
}

/// `rota.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotaFile {
    pub(crate) shifts: Vec<ShiftEntry>,
    #[serde(default)]
    pub(crate) dates: Vec<DatesEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShiftEntry {
    pub(crate) on: Vec<Weekday>,
    pub(crate) from: Hour,
    /// Not after `from`: the shift ends on the next day.
    pub(crate) to: Hour,
    pub(crate) people: Vec<Spanned<String>>,
}

/// Days of special duty (holidays), whole days; they replace the week's shifts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatesEntry {
    pub(crate) from: chrono::NaiveDate,
    pub(crate) to: chrono::NaiveDate,
    pub(crate) people: Vec<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// `routing.yaml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingFile {
    pub(crate) rules: Vec<RuleEntry>,
    pub(crate) out_of_area: Vec<OutOfAreaEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleEntry {
    pub(crate) id: Spanned<String>,
    /// Town codes; none: every town.
    #[serde(default)]
    pub(crate) places: Vec<Spanned<String>>,
    /// Category ids; none: every category.
    #[serde(default)]
    pub(crate) categories: Vec<Spanned<String>>,
    /// The unit, or `@town`: the town the place lies in.
    pub(crate) unit: Spanned<String>,
    pub(crate) reason: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutOfAreaEntry {
    pub(crate) partner: Spanned<String>,
    pub(crate) reason: Text,
    pub(crate) places: Vec<PlaceEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceEntry {
    pub(crate) code: Spanned<String>,
    pub(crate) name: Text,
}
