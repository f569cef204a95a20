//! What a template may know. A fixed struct: who complained, how to reach them and what they said are not in it,
//! so no template can write them into a mail.

use serde::Serialize;

use crate::notice::{CaseNow, Contact, Instant, Notice, REAL};
use crate::seams::OfficeHours;

/// Longest text a template gets for one variable, in characters.
const LONGEST: usize = 80;

/// The variables of every notice template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NoticeContext {
    /// Case number.
    pub number: String,
    /// Title of the workflow.
    pub workflow_title: String,
    /// Category in words.
    pub category: String,
    /// Town.
    pub place_town: String,
    /// Owning unit.
    pub unit_name: String,
    /// Due date in words; empty when the notice has no clock.
    pub due_text: String,
    /// The due date is provisional.
    pub due_provisional: bool,
    /// Clock title; empty when the notice has no clock.
    pub clock_title: String,
    /// Law and article.
    pub basis: String,
    /// Which rung, in words.
    pub rung_text: String,
    /// Link to the case in the console.
    pub link: String,
    /// Now, in words.
    pub now_text: String,
    /// Who is written to.
    pub recipient_name: String,
    /// District.
    pub district_name: String,
    /// It belongs to an exercise.
    pub exercise: bool,
}

/// One case in a digest: its most pressing notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DigestLine {
    /// The subject it would have as a mail of its own.
    pub subject: String,
    /// How many other notices on the same case stand behind it.
    pub more: usize,
    /// Its variables.
    pub notice: NoticeContext,
}

/// The variables of a digest template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DigestContext {
    /// One entry per case, the most pressing due date first.
    pub lines: Vec<DigestLine>,
    /// How many.
    pub count: usize,
    /// Link to the work list.
    pub link: String,
    /// Local day in words.
    pub now_text: String,
    /// Who is written to.
    pub recipient_name: String,
    /// District.
    pub district_name: String,
    /// It belongs to an exercise.
    pub exercise: bool,
}

/// Builds the variables of a notice from the case as it is now.
#[must_use]
pub fn notice_context(
    notice: &Notice,
    case: &CaseNow,
    to: &Contact,
    timeline: &str,
    console_url: &str,
    now: Instant,
    hours: &dyn OfficeHours,
) -> NoticeContext {
    let clock = notice.rung.as_ref().and_then(|rung| case.clock(rung));
    NoticeContext {
        number: one_line(&case.number),
        workflow_title: plain(&case.workflow_title),
        category: plain(&case.category),
        place_town: plain(&case.place_town),
        unit_name: plain(&case.unit_name),
        due_text: clock.and_then(|clock| clock.due_at).map(|due| hours.in_words(due)).unwrap_or_default(),
        due_provisional: clock.is_some_and(|clock| clock.provisional),
        clock_title: clock.map(|clock| plain(&clock.title)).unwrap_or_default(),
        basis: clock.map(|clock| plain(&clock.basis)).unwrap_or_default(),
        rung_text: notice.rung.as_ref().map(|rung| plain(&rung.words)).unwrap_or_default(),
        link: format!("{console_url}/cases/{}", case.number),
        now_text: hours.in_words(now),
        recipient_name: plain(&to.name),
        district_name: plain(&case.district_name),
        exercise: timeline != REAL,
    }
}

/// One line, bounded: for what the house itself made up, such as case numbers.
fn one_line(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One line, bounded, without anything that looks like a telephone or identity number: the last line of defence
/// when somebody types one into a field that should not hold it.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_ascii_digit() || (matches!(c, 'X' | 'x') && digits.len() == 17) {
            digits.push(c);
            continue;
        }
        flush(&mut out, &mut digits);
        out.push(if c.is_control() { ' ' } else { c });
    }
    flush(&mut out, &mut digits);
    out
}

/// Eleven digits and more together are a telephone or an identity number, never part of a case number or a date.
fn flush(out: &mut String, digits: &mut String) {
    if digits.len() >= 11 {
        out.push('…');
    } else {
        out.push_str(digits);
    }
    digits.clear();
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_of_telephones_and_identity_cards_do_not_pass() {
        assert_eq!(plain("古南街道 13812345678 李"), "古南街道 … 李");
        assert_eq!(plain("50011019900101123X"), "…");
        assert_eq!(plain("XF-20261123-000017"), "XF-20261123-000017");
    }

    #[test]
    fn a_line_end_cannot_start_a_header() {
        assert_eq!(plain("a\r\nBcc: x"), "a  Bcc: x");
    }
}
