//! Lines and words on paper: SVG, escaped, with a rough idea of how wide a text is.

use std::fmt::Write as _;

use super::Language;

/// Writes SVG.
pub(super) struct Pen {
    svg: String,
    language: Language,
}

impl Pen {
    pub(super) const fn new(language: Language) -> Self {
        Self { svg: String::new(), language }
    }

    /// The words in the language of the sheet.
    pub(super) const fn say(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    pub(super) const fn language(&self) -> Language {
        self.language
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), size: f64, bold: bool, words: &str) {
        if words.is_empty() {
            return;
        }
        let weight = if bold { " font-weight=\"700\"" } else { "" };
        let words = escaped(words);
        let _ = write!(
            self.svg,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\"{weight} fill=\"#1b2733\">{words}</text>"
        );
    }

    /// A text with a white edge, readable on a map.
    pub(super) fn label(&mut self, (x, y): (f64, f64), size: f64, bold: bool, words: &str) {
        let weight = if bold { " font-weight=\"700\"" } else { "" };
        let words = escaped(words);
        let _ = write!(
            self.svg,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\"{weight} fill=\"#1b2733\" stroke=\"#fff\" \
             stroke-width=\"0.9\" paint-order=\"stroke\" stroke-linejoin=\"round\">{words}</text>"
        );
    }

    /// A text in lines of a width; gives where the next one goes.
    pub(super) fn lines(&mut self, (x, mut y): (f64, f64), size: f64, width: f64, words: &str) -> f64 {
        let (mut line, mut used) = (String::new(), 0.0);
        for letter in words.chars() {
            let wide = size * breadth(letter);
            // A line does not begin with a mark that closes something.
            let closes = matches!(letter, '）' | '。' | '，' | '、' | '；' | ')' | '.' | ',');
            if used + wide > width && !closes {
                self.text((x, y), size, false, &line);
                (line, used) = (String::new(), 0.0);
                y += size * 1.45;
            }
            line.push(letter);
            used += wide;
        }
        self.text((x, y), size, false, &line);
        y + size * 1.45
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        let _ = write!(
            self.svg,
            "<line x1=\"{:.2}\" y1=\"{:.2}\" x2=\"{:.2}\" y2=\"{:.2}\" stroke=\"{color}\" stroke-width=\"{width}\" \
             stroke-linecap=\"round\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
        let points = points.join(" ");
        let _ = write!(self.svg, "<polygon points=\"{points}\" fill=\"{fill}\" stroke=\"#fff\" stroke-width=\"0.3\"/>");
    }

    pub(super) fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        let _ = write!(
            self.svg,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"#fff\" stroke-width=\"0.3\"/>"
        );
    }

    /// Anything else, well formed.
    pub(super) fn raw(&mut self, svg: &str) {
        self.svg.push_str(svg);
    }

    pub(super) fn done(self) -> String {
        self.svg
    }
}

/// Breadth of a letter in its own size: Chinese ones are square.
fn breadth(letter: char) -> f64 {
    if (letter as u32) < 0x2000 { 0.56 } else { 1.0 }
}

/// Breadth of a text.
pub(super) fn wide(words: &str, size: f64) -> f64 {
    words.chars().map(|letter| size * breadth(letter)).sum()
}

/// As much of a text as fits, with … where it was cut.
pub(super) fn shorter(words: &str, width: f64, size: f64) -> String {
    if wide(words, size) <= width {
        return words.to_owned();
    }
    let (mut kept, mut used) = (String::new(), size);
    for letter in words.chars() {
        used += size * breadth(letter);
        if used > width {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

/// Text of an XML document. Characters that XML does not admit are left out.
pub(super) fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => text.push(letter),
        }
    }
    text
}
