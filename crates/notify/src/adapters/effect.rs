//! From the payload of an effect, as the engine wrote it into the outbox, to a [`Notice`].

use huiyin_chart::Effect;

use crate::notice::{Notice, RungRef};

/// Reads the payload.
///
/// # Errors
/// In words, when it is not a notice; another attempt will not help.
pub(crate) fn read(payload: &str) -> Result<Notice, String> {
    let effect: Effect = serde_json::from_str(payload).map_err(|e| format!("the payload is no effect: {e}"))?;
    let Effect::Notify { key, to, template, urgent, rung, owner } = effect else {
        return Err(format!("effect {} is not a notice", effect.key()));
    };
    let rung = rung.map(|rung| RungRef {
        clock: rung.clock,
        run: rung.run,
        at: rung.at,
        words: rung.words,
        due_version: rung.due_version,
        due_at: rung.due_at,
        ended: rung.ended,
    });
    Ok(Notice { key, to, template, urgent, rung, owner })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::read;

    const WRITTEN: &str = r#"{"kind": "notify", "key": "reply/1/0/1/0", "to": ["owner", "role:supervisor"], "template": "clock-overdue",
        "urgent": false, "owner": "unit:water-section", "rung": {"clock": "reply", "run": 1, "at": "due", "words": "到期",
        "due_version": 1, "due_at": "2026-12-01T15:59:59.999999Z", "ended": true}}"#;

    #[test]
    fn an_effect_as_a_step_writes_it_is_read() {
        let notice = read(WRITTEN).unwrap();
        assert_eq!(notice.to, ["owner", "role:supervisor"]);
        assert!(notice.rung.unwrap().ended);
    }

    #[test]
    fn another_effect_is_not_taken_for_a_notice() {
        let paper = r#"{"kind": "document", "key": "s1/0", "template": "交办单"}"#;
        assert_eq!(read(paper).unwrap_err(), "effect s1/0 is not a notice");
        assert!(read("{").unwrap_err().contains("no effect"));
    }
}
