//! How wide a text will be, guessed without a font, and where it breaks. A Chinese character is as wide as it is high;
//! everything else about half, a little more to be safe.

/// Width of a text in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| share(c) * size).sum()
}

fn share(c: char) -> f64 {
    match c {
        '\u{2e80}'.. => 1.0,
        'i' | 'l' | 'j' | 'I' | '\'' | '|' | '.' | ',' | ':' | ';' | ' ' | '(' | ')' | '[' | ']' => 0.36,
        'm' | 'w' | 'M' | 'W' | '→' | '—' => 0.95,
        'A'..='Z' | '&' | '=' | '<' | '>' | '+' => 0.72,
        _ => 0.58,
    }
}

/// Breaks a text into lines no wider than this, at spaces where there are some, else between characters. At most `most`
/// lines; what is left out ends in an ellipsis.
pub(super) fn wrap(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        if !line.is_empty() && width(&line, size) + width(word.trim_end(), size) > room {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        for c in word.chars() {
            if c != ' ' && width(&line, size) + share(c) * size > room && !line.is_empty() {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            line.push(c);
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while width(last, size) + size > room && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}

/// Pieces between which a line may break: after a space, and around every Chinese character.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if c == ' ' || c >= '\u{2e80}' {
            if c >= '\u{2e80}' && start < at && !forbidden_at_start(c) {
                found.push(&text[start..at]);
                start = at;
            }
            let next = text[end..].chars().next();
            if !next.is_some_and(forbidden_at_start) {
                found.push(&text[start..end]);
                start = end;
            }
        }
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

/// No line begins with these (GB/T 15834).
fn forbidden_at_start(c: char) -> bool {
    "，。、；：）》」』！？”’%".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_between_chinese_characters() {
        assert_eq!(wrap("assigned to a unit", 10.0, 60.0, 9), ["assigned to", "a unit"]);
        assert_eq!(wrap("已交办，待签收", 10.0, 40.0, 9), ["已交办，", "待签收"]);
        assert_eq!(wrap("", 10.0, 40.0, 9), [""]);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let lines = wrap("一二三四五六七八九十", 10.0, 40.0, 2);
        assert_eq!(lines, ["一二三四", "五六七…"]);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 40.0));
        assert!(wrap("averyveryverylongword", 10.0, 50.0, 9).iter().all(|line| width(line, 10.0) <= 50.0));
    }
}
