//! Extensions: asked for and granted before due, granted by the approver, no longer and no oftener than the workflow allows.
//! What a refused person reads is written here.

use huiyin_calendar::{Instant, Span};
use serde_json::Value;

use super::ClockRun;
use crate::actor::{Actor, ActorKind};
use crate::definition::{ClockDecl, Extension};
use crate::refusal::Refusal;

/// Why more time cannot be asked for now.
pub(crate) fn asked(run: &ClockRun, decl: &ClockDecl, extension: &Extension, now: Instant) -> Result<(), Refusal> {
    if run.extensions.len() >= extension.times as usize {
        return Err(too_often(decl, extension));
    }
    let until = run.ask_before();
    if now > until {
        let until = crate::expr::write_instant(until);
        return Err(Refusal::new(
            "too_late",
            format!("“{}”已于 {until} 到期；延期须在到期前申请", decl.title.zh),
            format!("{} was due at {until}; an extension must be asked for before it is due", decl.title.en),
        ));
    }
    Ok(())
}

/// Why nothing waits for a decision.
pub(crate) fn waits(run: &ClockRun, decl: &ClockDecl) -> Result<(), Refusal> {
    if run.asked_at.is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        "not_expected_here",
        format!("“{}”没有待审批的延期申请；须先在到期前申请", decl.title.zh),
        format!("nobody asked for an extension of {}; it must be asked for before it is due", decl.title.en),
    ))
}

/// Why nothing can be granted now: used up, not asked for, or the time is over already: what has passed is not extended.
pub(crate) fn grantable(run: &ClockRun, decl: &ClockDecl, extension: &Extension, now: Instant) -> Result<(), Refusal> {
    if run.extensions.len() >= extension.times as usize {
        return Err(too_often(decl, extension));
    }
    waits(run, decl)?;
    let until = run.ask_before();
    if now > until {
        let until = crate::expr::write_instant(until);
        return Err(Refusal::new(
            "too_late",
            format!("“{}”已于 {until} 到期，到期后不能再批准延期", decl.title.zh),
            format!("{} was due at {until}; what is over cannot be extended any more", decl.title.en),
        ));
    }
    Ok(())
}

/// What is granted.
pub(crate) struct Granted {
    /// How much longer; for an exact date as many whole units as it takes.
    pub(crate) by: Span,
    /// The exact new date, from whoever gave the old one.
    pub(crate) until: Option<Instant>,
}

/// The extension that is granted, or why not.
pub(crate) fn granted(
    run: &ClockRun,
    decl: &ClockDecl,
    extension: &Extension,
    data: &Value,
    actor: Option<&Actor>,
    now: Instant,
) -> Result<Granted, Refusal> {
    grantable(run, decl, extension, now)?;
    if let Some(actor) = actor.filter(|actor| actor.kind == ActorKind::Person)
        && !actor.is(&extension.approved_by)
    {
        let who = &extension.approved_by;
        return Err(Refusal::new(
            "not_allowed",
            format!("延期由 {who} 批准"),
            format!("an extension is approved by {who}"),
        ));
    }
    let most = extension.up_to;
    if let (Some(_), Some(text)) = (&decl.due, data.get("new_due_at").and_then(Value::as_str)) {
        return until(run, text, most);
    }
    let days = data.get("days").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let Some(n) = days else {
        return Err(Refusal::field(
            "days",
            format!("请填写延长多少，最多 {}", most.zh()),
            format!("say how much longer, at most {most}"),
        ));
    };
    if n > most.n {
        return Err(Refusal::new(
            "limit_exceeded",
            format!("最多延长 {}，不能延长 {n}", most.zh()),
            format!("at most {most} can be granted, not {n}"),
        ));
    }
    Ok(Granted { by: Span { n, unit: most.unit }, until: None })
}

/// The exact new date of a clock whose date somebody else gave.
fn until(run: &ClockRun, text: &str, most: Span) -> Result<Granted, Refusal> {
    let field = |zh: String, en: String| Refusal::field("new_due_at", zh, en);
    let Some(at) = crate::expr::read_instant(text) else {
        return Err(field(
            "应为带时区的时间，如 2026-03-02T09:30:00+08:00".into(),
            "expected a time like 2026-03-02T09:30:00+08:00".into(),
        ));
    };
    let days = ((at - run.due).num_seconds() + 86_399).div_euclid(86_400);
    let n = u32::try_from(days).ok().filter(|_| at > run.due);
    let Some(n) = n else {
        let due = crate::expr::write_instant(run.due);
        return Err(field(format!("应晚于原期限 {due}"), format!("expected a time after {due}")));
    };
    if n > most.n {
        return Err(Refusal::new(
            "limit_exceeded",
            format!("最多延长 {}", most.zh()),
            format!("at most {most} can be granted"),
        ));
    }
    Ok(Granted { by: Span { n, unit: most.unit }, until: Some(at) })
}

fn too_often(decl: &ClockDecl, extension: &Extension) -> Refusal {
    Refusal::new(
        "limit_exceeded",
        format!("“{}”最多延期 {} 次，已用完", decl.title.zh, extension.times),
        format!("{} can be extended {} time(s) at most, all used", decl.title.en, extension.times),
    )
}
