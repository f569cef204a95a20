//! The local mailbox as the console shows it: where mails are kept when no relay is configured, and what exercises write.
//!
//! The HTML of a mail is shown inside a sandboxed frame; [`framed`] gives the document and the policy that goes with it.

use huiyin_journal::delivery::{Attempt, AttemptOutcome, Delivery, DeliveryState};

use crate::templates::escape;

/// The `Content-Security-Policy` under which a mail is shown: no script, no picture from outside, no form.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups";

/// The HTML of a mail as a page of its own, headed by who, when and what became of it.
#[must_use]
pub fn framed(delivery: &Delivery) -> String {
    let head = format!(
        "<div style=\"font:14px/1.6 sans-serif;padding:12px 16px;background:#eef1f4;color:#1c2833\">\
         <strong>{}</strong><br>{} &lt;{}&gt; · {}</div>",
        escape(&delivery.subject),
        escape(&delivery.recipient_name),
        escape(&delivery.address),
        state_in_words(delivery.state),
    );
    match delivery.html.find("<body").and_then(|at| delivery.html[at..].find('>').map(|end| at + end + 1)) {
        Some(at) => format!("{}{head}{}", &delivery.html[..at], &delivery.html[at..]),
        None => format!(
            "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><body>{head}{}</body></html>",
            delivery.html
        ),
    }
}

/// The mail as plain text, with its headers and attempts: for the terminal and for copying.
#[must_use]
pub fn plain(delivery: &Delivery, attempts: &[Attempt]) -> String {
    let mut out = format!(
        "To: {} <{}>\nSubject: {}\nMessage-ID: {}\nState: {}\n\n{}\n",
        delivery.recipient_name,
        delivery.address,
        delivery.subject,
        delivery.message_id,
        delivery.state.as_str(),
        delivery.text
    );
    for attempt in attempts {
        out.push_str(&format!(
            "\n{} {} {} {} {}",
            attempt.n,
            attempt.at.to_rfc3339(),
            attempt.via,
            outcome_in_words(attempt.outcome),
            attempt.result
        ));
    }
    out
}

/// A state in Chinese.
#[must_use]
pub fn state_in_words(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "待发送",
        DeliveryState::Held => "待汇总",
        DeliveryState::Sent => "已发送",
        DeliveryState::Failed => "发送失败",
        DeliveryState::Local => "本地信箱",
        DeliveryState::Suppressed => "未发送",
    }
}

/// The end of an attempt in Chinese.
#[must_use]
pub fn outcome_in_words(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Started => "无结果",
        AttemptOutcome::Accepted => "已接收",
        AttemptOutcome::Transient => "暂时失败",
        AttemptOutcome::Permanent => "被拒绝",
    }
}
