//! The fields of a plan as `plans/fields.yaml` lists them: read, checked, and compared with what the workflow asks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::network::problem::Findings;
use crate::network::{Problems, Text};

/// The most bytes of the file, and the most fields in it: the workflow keeps no more.
const MOST_BYTES: usize = 256 * 1024;
const MOST_FIELDS: usize = 60;
/// Fields of kind `list` are these three, each with a shape of its own.
const LISTS: [&str; 3] = ["contacts", "materials", "tasks"];

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Text.
    Text,
    /// A date, `2026-11-30`.
    Date,
    /// Text about protection zones; the zones themselves are the network's.
    Zone,
    /// Rows: contacts, materials or tasks, by the field's id.
    List,
}

/// What a field rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// An article that was read in its text.
    Law,
    /// An article that was read second-hand.
    Secondary,
    /// Custom of plans elsewhere; no article was read.
    Customary,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Id, under which a plan keeps it.
    pub id: String,
    /// Title.
    pub title: Text,
    /// What stands in it.
    pub kind: Kind,
    /// A plan cannot be sent to review without it.
    pub required: bool,
    /// What it rests on.
    pub from: From,
    /// The article or document, in Chinese.
    pub law: Option<String>,
    /// What to write, in a few words.
    pub hint: Option<Text>,
}

/// One chapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chapter {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// In the order in which they are printed.
    pub fields: Vec<Field>,
}

/// All chapters of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// In the order in which they are printed.
    pub chapters: Vec<Chapter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    chapters: Vec<ChapterEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterEntry {
    id: Spanned<String>,
    title: Text,
    fields: Vec<FieldEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEntry {
    id: Spanned<String>,
    title: Text,
    kind: Kind,
    #[serde(default)]
    required: bool,
    from: From,
    #[serde(default)]
    law: Option<String>,
    #[serde(default)]
    hint: Option<Text>,
}

impl Fields {
    /// Reads the list. `path` names the file in what is said about it.
    ///
    /// # Errors
    /// Every mistake with its line: a shape that is none, an id twice, a list that is not known, a law that is not named.
    pub fn load(path: &str, text: &str) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        if text.len() > MOST_BYTES {
            findings.file(path, format!("the file has {} bytes", text.len()), format!("at most {MOST_BYTES}"));
            return Err(findings.into_problems());
        }
        let file: File = match serde_saphyr::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let said = error.without_snippet().to_string().replace('\n', " ");
                match error.location() {
                    Some(at) => findings.at(path, at, "shape", said, "the shape of the shipped plans/fields.yaml"),
                    None => findings.file(path, said, "the shape of the shipped plans/fields.yaml"),
                }
                return Err(findings.into_problems());
            }
        };
        let mut seen = BTreeSet::new();
        for chapter in &file.chapters {
            own_id(path, &chapter.id, &mut seen, &mut findings);
            for field in &chapter.fields {
                own_id(path, &field.id, &mut seen, &mut findings);
                field.check(path, &mut findings);
            }
        }
        let count = file.chapters.iter().map(|chapter| chapter.fields.len()).sum::<usize>();
        if !(1..=MOST_FIELDS).contains(&count) {
            findings.file(path, format!("{count} fields"), format!("1 to {MOST_FIELDS}"));
        }
        if !findings.none() {
            return Err(findings.into_problems());
        }
        Ok(Self { chapters: file.chapters.into_iter().map(ChapterEntry::read).collect() })
    }

    /// Every field in the order of the chapters.
    pub fn all(&self) -> impl Iterator<Item = &Field> {
        self.chapters.iter().flat_map(|chapter| &chapter.fields)
    }

    /// The field with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Field> {
        self.all().find(|field| field.id == id)
    }

    /// Where the workflow's requirements for `submit` (as expressions) and the required fields of this list differ; nothing
    /// when they agree. A text field is asked for by `'id'` in quotes, a list by `data.id`.
    #[must_use]
    pub fn differences(&self, requirements: &[&str]) -> Vec<String> {
        let asks = |field: &Field| {
            let word = match field.kind {
                Kind::List => format!("data.{}", field.id),
                _ => format!("'{}'", field.id),
            };
            requirements.iter().any(|requirement| requirement.contains(&word))
        };
        let mut found = Vec::new();
        for field in self.all().filter(|field| field.required != asks(field)) {
            found.push(if field.required {
                format!("{} ({}) is required, and `submit` does not ask for it", field.id, field.title.zh)
            } else {
                format!("{} ({}) is asked for by `submit`, and is not required", field.id, field.title.zh)
            });
        }
        found
    }
}

/// 2 to 40 of `a-z0-9-`, as the workflow admits it, and only once.
fn own_id<'a>(path: &str, id: &'a Spanned<String>, seen: &mut BTreeSet<&'a str>, findings: &mut Findings) {
    let plain = id.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain || !(2..=40).contains(&id.value.len()) {
        findings.at(path, id.defined, "id", format!("`{}` is no id", id.value), "2 to 40 of a-z, 0-9 and -");
    }
    if !seen.insert(&id.value) {
        findings.at(path, id.defined, "id", format!("{} stands there twice", id.value), "an id of its own");
    }
}

impl FieldEntry {
    fn check(&self, path: &str, findings: &mut Findings) {
        let id = &self.id;
        if (self.kind == Kind::List) != LISTS.contains(&id.value.as_str()) {
            let what = format!("{}: kind {:?}", id.value, self.kind);
            findings.at(path, id.defined, "kind", what, format!("list for {}, and only for them", LISTS.join(", ")));
        }
        if self.from != From::Customary && self.law.is_none() {
            let what = format!("{} rests on {:?}", id.value, self.from);
            findings.at(path, id.defined, "law", what, "the article under `law`");
        }
        for text in [Some(&self.title), self.hint.as_ref()].into_iter().flatten() {
            if text.zh.is_empty() || text.en.is_empty() {
                findings.at(path, id.defined, "title", format!("{}: an empty text", id.value), "both languages");
            }
        }
    }
}

impl ChapterEntry {
    fn read(self) -> Chapter {
        let fields = self.fields.into_iter().map(|field| Field {
            id: field.id.value,
            title: field.title,
            kind: field.kind,
            required: field.required,
            from: field.from,
            law: field.law,
            hint: field.hint,
        });
        Chapter { id: self.id.value, title: self.title, fields: fields.collect() }
    }
}
