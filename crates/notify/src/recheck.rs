//! Whether a notice is still true at the moment of sending. Pure.

use crate::notice::{CaseNow, Instant, Notice};

/// Why a notice is no longer sent; none: it still holds.
///
/// A notice written by the very step that closed the case still goes out (that is what it is about);
/// one written before the case was closed does not. The same goes for a rung that ended its own clock.
#[must_use]
pub fn obsolete(notice: &Notice, case: &CaseNow, written_at: Instant) -> Option<String> {
    if case.closed_at.is_some_and(|closed| closed > written_at) {
        return Some("the case was closed meanwhile".into());
    }
    let Some(rung) = &notice.rung else { return done(notice, case) };
    if rung.ended {
        return None;
    }
    let Some(clock) = case.clock(rung) else {
        return Some(format!("clock {} no longer runs", rung.clock));
    };
    if !clock.open {
        return Some(format!("clock {} was met or became void meanwhile", rung.clock));
    }
    if clock.paused {
        return Some(format!("clock {} was paused meanwhile", rung.clock));
    }
    if clock.due_version > rung.due_version && clock.due_at > rung.due_at {
        return Some(format!("clock {} was extended meanwhile", rung.clock));
    }
    None
}

/// A notice that asks for a step holds as long as anything that the workflow writes it for still waits for that step.
fn done(notice: &Notice, case: &CaseNow) -> Option<String> {
    let mut of =
        case.stands.iter().filter(|stand| stand.template == notice.template && stand.to == notice.to).peekable();
    let first = of.peek()?.of.clone();
    (!of.any(|stand| stand.holds)).then(|| format!("what it asked for is done: {first} no longer waits"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::notice::{ClockNow, RungRef, Stand};

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn notice() -> Notice {
        Notice {
            key: "reply/1/2/1/0".into(),
            to: vec!["owner".into()],
            template: "reply-overdue".into(),
            urgent: false,
            owner: None,
            rung: Some(RungRef {
                clock: "reply".into(),
                run: 1,
                at: "due".into(),
                words: "已到期".into(),
                due_version: 1,
                due_at: Some(at("2026-11-24T15:59:59Z")),
                ended: false,
            }),
        }
    }

    fn case() -> CaseNow {
        CaseNow {
            clocks: vec![ClockNow {
                name: "reply".into(),
                run: 1,
                open: true,
                due_version: 1,
                due_at: Some(at("2026-11-24T15:59:59Z")),
                ..ClockNow::default()
            }],
            ..CaseNow::default()
        }
    }

    const WRITTEN: &str = "2026-11-24T16:00:00Z";

    #[test]
    fn a_notice_whose_clock_runs_is_sent() {
        assert_eq!(obsolete(&notice(), &case(), at(WRITTEN)), None);
    }

    #[test]
    fn a_notice_whose_clock_was_met_or_paused_or_extended_is_not() {
        let mut met = case();
        met.clocks[0].open = false;
        assert!(obsolete(&notice(), &met, at(WRITTEN)).unwrap().contains("met"));
        let mut paused = case();
        paused.clocks[0].paused = true;
        assert!(obsolete(&notice(), &paused, at(WRITTEN)).unwrap().contains("paused"));
        let mut extended = case();
        extended.clocks[0].due_version = 2;
        extended.clocks[0].due_at = Some(at("2026-12-24T15:59:59Z"));
        assert!(obsolete(&notice(), &extended, at(WRITTEN)).unwrap().contains("extended"));
    }

    #[test]
    fn a_rung_that_ended_its_own_clock_still_tells_of_it() {
        let mut met = case();
        met.clocks[0].open = false;
        let mut notice = notice();
        notice.rung.as_mut().unwrap().ended = true;
        assert_eq!(obsolete(&notice, &met, at(WRITTEN)), None);
    }

    #[test]
    fn a_notice_that_asks_for_a_step_is_not_sent_when_the_step_is_done() {
        let asking =
            Notice { rung: None, template: "approval-waiting".into(), to: vec!["unit-head".into()], ..notice() };
        let stand = |holds| Stand {
            template: "approval-waiting".into(),
            to: vec!["unit-head".into()],
            of: "state approving".into(),
            holds,
        };
        let with = |stands: Vec<Stand>| obsolete(&asking, &CaseNow { stands, ..case() }, at(WRITTEN));
        assert_eq!(with(vec![stand(true)]), None);
        assert!(with(vec![stand(false)]).unwrap().contains("state approving no longer waits"));
        assert_eq!(with(vec![stand(false), stand(true)]), None, "written in two places: one of them waits");
        assert_eq!(with(vec![Stand { to: vec!["owner".into()], ..stand(false) }]), None, "another notice");
        assert_eq!(with(Vec::new()), None, "what only tells something stays true");
    }

    #[test]
    fn only_the_notice_of_the_closing_step_itself_survives_the_closing() {
        let plain = Notice { rung: None, ..notice() };
        let mut closed = case();
        closed.closed_at = Some(at(WRITTEN));
        assert_eq!(obsolete(&plain, &closed, at(WRITTEN)), None);
        assert!(obsolete(&plain, &closed, at("2026-11-24T10:00:00Z")).unwrap().contains("closed"));
    }
}
