//! The templates of mails: loading, proving that they use only what they may, rendering.
//!
//! A template `NAME` is `NAME.txt` (its first line is the subject, then an empty line, then the plain text) and,
//! if there is one, `NAME.html`; without it the HTML is made from the text. Values are escaped in HTML. Files that
//! begin with `_` are frames that others extend.
//! A template that asks for a variable outside [`NoticeContext`] is refused when it is loaded, with file and line.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::bulletin::{BulletinContext, BulletinLine};
use crate::context::{DigestContext, DigestLine, NoticeContext};

/// The template used when a workflow names one that does not exist: a notice is never lost for want of a text.
pub const FALLBACK: &str = "notice";
/// The template of digests.
pub const DIGEST: &str = "digest";
/// The template of mails about no single case.
pub const BULLETIN: &str = "bulletin";
/// What every mail of an exercise starts with.
pub const EXERCISE: &str = "【演练】";
/// Longest subject, in characters.
const LONGEST_SUBJECT: usize = 120;

const BUILT_IN: [(&str, &str); 6] = [
    ("notice.txt", include_str!("../templates/notice.txt")),
    ("notice.html", include_str!("../templates/notice.html")),
    ("digest.txt", include_str!("../templates/digest.txt")),
    ("digest.html", include_str!("../templates/digest.html")),
    ("bulletin.txt", include_str!("../templates/bulletin.txt")),
    ("bulletin.html", include_str!("../templates/bulletin.html")),
];

/// A finished mail text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML document.
    pub html: String,
}

/// A template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error("template {path}: {source}; expected a readable UTF-8 file")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// It does not parse, or asks for what it may not know.
    #[error(
        "template {file}:{line}: {problem}; a template may only use the variables of a notice (number, workflow_title, category, place_town, unit_name, due_text, due_provisional, clock_title, basis, rung_text, link, now_text, recipient_name, district_name, exercise)"
    )]
    Template {
        /// File.
        file: String,
        /// 1-based line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The text has no subject.
    #[error("template {0}: the first line is empty; expected the subject there, then an empty line, then the text")]
    NoSubject(String),
}

/// All templates of a deployment, loaded and proved.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
}

impl Templates {
    /// The built-in templates alone.
    ///
    /// # Errors
    /// Never in a built binary; a test holds that.
    pub fn built_in() -> Result<Self, TemplateError> {
        Self::load(BTreeMap::new())
    }

    /// The built-in templates and those in a folder (`*.txt`, `*.html`), which win.
    ///
    /// # Errors
    /// When the folder cannot be read or a template is not usable.
    pub fn read_dir(folder: &Path) -> Result<Self, TemplateError> {
        let read = |path: &Path, source| TemplateError::Read { path: path.display().to_string(), source };
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(|e| read(folder, e))? {
            let path = entry.map_err(|e| read(folder, e))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.ends_with(".txt") || name.ends_with(".html") {
                files.insert(name.to_owned(), std::fs::read_to_string(&path).map_err(|e| read(&path, e))?);
            }
        }
        Self::load(files)
    }

    /// The built-in templates and the given ones (file name → text), which win.
    ///
    /// # Errors
    /// When a template is not usable.
    pub fn load(files: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut all: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        all.extend(files);
        for (name, text) in &all {
            env.add_template_owned(name.clone(), text.clone()).map_err(|e| problem(name, &e))?;
        }
        let templates = Self { env };
        for name in all.keys() {
            templates.prove(name)?;
        }
        Ok(templates)
    }

    /// Renders with every variable filled and with every optional one empty, so that each branch is met.
    fn prove(&self, file: &str) -> Result<(), TemplateError> {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        for context in [sample(), sparse()] {
            let rendered = match stem {
                DIGEST => self.file(file, &digest_of(vec![context]))?,
                BULLETIN => self.file(file, &bulletin_of(&context))?,
                _ => self.file(file, &context)?,
            };
            let has_subject = rendered.lines().next().is_some_and(|line| !line.trim().is_empty());
            if file.ends_with(".txt") && !has_subject && !stem.starts_with('_') {
                return Err(TemplateError::NoSubject(file.to_owned()));
            }
        }
        Ok(())
    }

    fn file(&self, name: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        let template = self.env.get_template(name).map_err(|e| problem(name, &e))?;
        template.render(minijinja::value::Serde(context)).map_err(|e| problem(name, &e))
    }

    /// Whether there is a template of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.env.get_template(&format!("{name}.txt")).is_ok()
    }

    /// A notice.
    ///
    /// # Errors
    /// When the template fails on these values.
    pub fn notice(&self, name: &str, context: &NoticeContext) -> Result<Rendered, TemplateError> {
        let name = if self.has(name) { name } else { FALLBACK };
        self.render(name, context, context.exercise)
    }

    /// A digest. One notice alone is shown as itself.
    ///
    /// # Errors
    /// When the template fails on these values.
    pub fn digest(&self, context: &DigestContext) -> Result<Rendered, TemplateError> {
        self.render(DIGEST, context, context.exercise)
    }

    /// A bulletin.
    ///
    /// # Errors
    /// When the template fails on these values.
    pub fn bulletin(&self, context: &BulletinContext) -> Result<Rendered, TemplateError> {
        self.render(BULLETIN, context, context.exercise)
    }

    fn render(&self, name: &str, context: &impl Serialize, exercise: bool) -> Result<Rendered, TemplateError> {
        let whole = self.file(&format!("{name}.txt"), context)?;
        let (subject, text) = whole.split_once('\n').unwrap_or((&whole, ""));
        let subject: String = subject.trim().chars().filter(|c| !c.is_control()).take(LONGEST_SUBJECT).collect();
        let text = text.trim_matches('\n').to_owned();
        let html = format!("{name}.html");
        let html = match self.env.get_template(&html) {
            Ok(_) => self.file(&html, context)?,
            Err(_) => html_of(&subject, &text),
        };
        let rendered = Rendered { subject, text, html };
        Ok(if exercise { marked(rendered) } else { rendered })
    }
}

/// Marks a mail as part of an exercise, whatever its template says of it.
fn marked(rendered: Rendered) -> Rendered {
    let subject = if rendered.subject.starts_with(EXERCISE) {
        rendered.subject
    } else {
        format!("{EXERCISE}{}", rendered.subject)
    };
    const NOTE: &str = "【演练】本邮件属于演练，不对应真实事项。";
    let text = if rendered.text.contains(EXERCISE) { rendered.text } else { format!("{NOTE}\n\n{}", rendered.text) };
    let html = if rendered.html.contains(EXERCISE) { rendered.html } else { with_note(&rendered.html, NOTE) };
    Rendered { subject, text, html }
}

fn with_note(html: &str, note: &str) -> String {
    let note = format!("<p style=\"margin:0 0 16px;font-weight:bold\">{note}</p>");
    match html.find("<body").and_then(|at| html[at..].find('>').map(|end| at + end + 1)) {
        Some(at) => format!("{}{note}{}", &html[..at], &html[at..]),
        None => format!("{note}{html}"),
    }
}

/// An HTML document that says what the text says.
fn html_of(subject: &str, text: &str) -> String {
    let mut body = String::new();
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        let lines: Vec<String> = paragraph.lines().map(line_of_html).collect();
        body.push_str(&format!("<p>{}</p>\n", lines.join("<br>\n")));
    }
    format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
         <body style=\"font-family:'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;font-size:15px;line-height:1.7;max-width:640px;margin:24px auto\">\n{body}</body>\n</html>\n",
        escape(subject)
    )
}

fn line_of_html(line: &str) -> String {
    let escaped = escape(line);
    let is_link = line.trim() == line && (line.starts_with("https://") || line.starts_with("http://"));
    if is_link && !line.contains(' ') { format!("<a href=\"{escaped}\">{escaped}</a>") } else { escaped }
}

/// Escapes for HTML text and attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    out
}

fn problem(file: &str, error: &minijinja::Error) -> TemplateError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    TemplateError::Template { file: file.to_owned(), line: error.line().unwrap_or(1), problem: words }
}

/// A notice with every variable filled, for proving and previewing.
#[must_use]
pub fn sample() -> NoticeContext {
    NoticeContext {
        number: "XF-20261123-000017".into(),
        workflow_title: "信访投诉".into(),
        category: "水污染".into(),
        place_town: "古南街道".into(),
        unit_name: "水生态环境科".into(),
        due_text: "2026年12月1日 23:59".into(),
        due_provisional: true,
        clock_title: "书面告知".into(),
        basis: "信访工作条例 第二十三条".into(),
        rung_text: "到期前 2 个工作日".into(),
        link: "https://huiyin.example/cases/XF-20261123-000017".into(),
        now_text: "2026年11月27日 09:00".into(),
        recipient_name: "示例".into(),
        district_name: "綦江区".into(),
        exercise: false,
    }
}

/// A digest of these notices, for proving and previewing.
#[must_use]
pub fn digest_of(notices: Vec<NoticeContext>) -> DigestContext {
    let like = sample();
    DigestContext {
        count: notices.len(),
        link: "https://huiyin.example/work?view=mine".into(),
        now_text: like.now_text,
        recipient_name: like.recipient_name,
        district_name: like.district_name,
        exercise: notices.iter().any(|notice| notice.exercise),
        lines: notices
            .into_iter()
            .map(|notice| DigestLine { subject: format!("{} {}", notice.number, notice.clock_title), more: 0, notice })
            .collect(),
    }
}

/// A bulletin with what these notices have in common, for proving and previewing.
#[must_use]
pub fn bulletin_of(like: &NoticeContext) -> BulletinContext {
    BulletinContext {
        title_zh: "2026年10月督办月报".into(),
        title_en: "supervision report of October 2026".into(),
        lines: vec![BulletinLine { zh: "交办率".into(), en: "assigned in time".into(), value: "100.00 %".into() }],
        link: "https://huiyin.example/assurance".into(),
        now_text: like.now_text.clone(),
        recipient_name: like.recipient_name.clone(),
        district_name: like.district_name.clone(),
        exercise: like.exercise,
    }
}

/// A notice without a clock, a place or an owner: only what every notice has.
fn sparse() -> NoticeContext {
    let NoticeContext { number, workflow_title, link, now_text, recipient_name, district_name, .. } = sample();
    NoticeContext { number, workflow_title, link, now_text, recipient_name, district_name, ..NoticeContext::default() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn with(files: &[(&str, &str)]) -> Result<Templates, TemplateError> {
        Templates::load(files.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect())
    }

    #[test]
    fn the_built_in_templates_are_usable() {
        let rendered = Templates::built_in().unwrap().notice(FALLBACK, &sample()).unwrap();
        assert_eq!(rendered.subject, "XF-20261123-000017 书面告知：到期前 2 个工作日");
        assert!(rendered.text.contains("到期：2026年12月1日 23:59（暂定"));
        assert!(rendered.html.contains("古南街道"));
    }

    #[test]
    fn a_template_that_asks_for_the_petitioner_is_refused_with_file_and_line() {
        let error = with(&[("x.txt", "主题\n\n您好 {{ petitioner.name }}")]).unwrap_err().to_string();
        assert!(error.starts_with("template x.txt:3:"), "{error}");
    }

    #[test]
    fn a_text_without_subject_is_refused() {
        assert!(matches!(with(&[("x.txt", "\n正文")]), Err(TemplateError::NoSubject(_))));
    }

    #[test]
    fn html_in_a_place_name_is_escaped_with_and_without_an_html_template() {
        let context = NoticeContext { place_town: "<img src=x onerror=alert(1)>".into(), ..sample() };
        let templates = with(&[("x.txt", "主题\n\n地点 {{ place_town }}")]).unwrap();
        for name in [FALLBACK, "x"] {
            let rendered = templates.notice(name, &context).unwrap();
            assert!(!rendered.html.contains("<img"), "{}", rendered.html);
            assert!(rendered.html.contains("&lt;img"));
        }
    }

    #[test]
    fn the_templates_of_the_workflows_are_usable() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/templates");
        let templates = Templates::read_dir(&folder).unwrap();
        let rendered = templates.notice("clock-reminder", &sample()).unwrap();
        assert!(rendered.subject.contains("XF-20261123-000017"), "{}", rendered.subject);
        let drill = templates.notice("clock-reminder", &NoticeContext { exercise: true, ..sample() }).unwrap();
        assert_eq!(drill.text.matches(EXERCISE).count(), 1, "said once: {}", drill.text);
    }

    #[test]
    fn an_unknown_template_falls_back() {
        let templates = Templates::built_in().unwrap();
        assert_eq!(templates.notice("no-such", &sample()).unwrap(), templates.notice(FALLBACK, &sample()).unwrap());
    }

    #[test]
    fn a_mail_of_an_exercise_says_so_whatever_its_template_says() {
        let context = NoticeContext { exercise: true, ..sample() };
        let rendered = Templates::built_in().unwrap().notice(FALLBACK, &context).unwrap();
        assert!(rendered.subject.starts_with(EXERCISE));
        assert!(rendered.text.contains("演练"));
        assert!(rendered.html.contains("演练"));
    }
}
