//! `clocks:` with their ladders, and `targets:`.

use super::Loader;
use super::node::{Kind, Node};
use crate::definition::{
    Anchor, Claim, ClockDecl, ClockIx, CountsAs, Extension, Limit, LimitStatus, MentionKind, Repeat, Rung, RungActions,
    TargetDecl, Text, Trigger, TriggerOn,
};

/// Keys of a clock.
pub(crate) const CLOCK_KEYS: [&str; 14] = [
    "title",
    "within",
    "due",
    "limit",
    "rolls",
    "starts",
    "met_by",
    "void_by",
    "pauses_in",
    "restarts",
    "counts_as",
    "extension",
    "ladder",
    "description",
];
/// Keys of a rung.
pub(crate) const RUNG_KEYS: [&str; 8] = ["at", "repeat", "notify", "template", "raise", "reassign", "mark", "urgent"];

impl Loader {
    pub(super) fn clock_decls(&mut self, node: &Node) -> Vec<ClockDecl> {
        let entries = self.entries(node, "clocks").unwrap_or_default();
        entries
            .iter()
            .enumerate()
            .filter_map(|(ix, (name, node))| self.clock_decl(ClockIx::try_from(ix).ok()?, name, node))
            .collect()
    }

    fn clock_decl(&mut self, ix: ClockIx, name: &str, node: &Node) -> Option<ClockDecl> {
        let path = format!("clocks.{name}");
        let fields = self.fields(node, &path, &CLOCK_KEYS)?;
        let within = fields.get("within").and_then(|n| self.span(n, &path));
        let due = fields.get("due").and_then(|n| self.expr(n, &path));
        let limit = fields.get("limit").and_then(|n| self.limit(n, &path));
        if fields.get("within").or(fields.get("due")).or(fields.get("limit")).is_none() {
            self.problem(node, &path, "the clock has no time", "write `within:`, `limit:` or `due:`");
        }
        for key in ["starts", "met_by"] {
            if fields.get(key).is_none() {
                self.problem(node, &path, format!("`{key}` is missing"), "write {event: name} or {entered: state}");
            }
        }
        let (ladder, repeat) = fields.get("ladder").map(|n| self.ladder(n, &path)).unwrap_or_default();
        let counts_as = fields.get("counts_as").and_then(|n| self.word(n, &path, &["assignment", "answer"]));
        Some(ClockDecl {
            ix,
            name: name.to_owned(),
            title: fields
                .get("title")
                .and_then(|n| self.title(n, &path))
                .unwrap_or_else(|| Text { zh: name.to_owned(), en: name.to_owned() }),
            within,
            due,
            limit,
            rolls: fields.get("rolls").is_some_and(|n| self.truth(n, &path)),
            starts: fields.get("starts").map(|n| self.triggers(n, &path, true)).unwrap_or_default(),
            met_by: fields.get("met_by").map(|n| self.triggers(n, &path, true)).unwrap_or_default(),
            void_by: fields.get("void_by").map(|n| self.triggers(n, &path, false)).unwrap_or_default(),
            pauses_in: fields.get("pauses_in").map(|n| self.states_named(n, &path)).unwrap_or_default(),
            restarts: fields.get("restarts").is_some_and(|n| self.truth(n, &path)),
            counts_as: counts_as.map(|word| if word == "answer" { CountsAs::Answer } else { CountsAs::Assignment }),
            extension: fields.get("extension").and_then(|n| self.extension(n, &path)),
            ladder,
            repeat,
            place: node.key_place(&self.file),
        })
    }

    fn states_named(&mut self, node: &Node, path: &str) -> Vec<crate::definition::StateIx> {
        Self::list(node).iter().filter_map(|each| self.state_named(each, path)).collect()
    }

    fn limit(&mut self, node: &Node, path: &str) -> Option<Limit> {
        let fields = self.fields(node, path, &["within", "basis", "status", "confirmed_by", "pauses_in"])?;
        let (Some(within), Some(basis), Some(status)) =
            (fields.get("within"), fields.get("basis"), fields.get("status"))
        else {
            self.problem(
                node,
                path,
                "a limit of law needs its time, its article and how sure we are",
                "write {within, basis, status: verified | secondary | unverified}",
            );
            return None;
        };
        let status = match self.word(status, path, &["verified", "secondary", "unverified"])? {
            "verified" => LimitStatus::Verified,
            "secondary" => LimitStatus::Secondary,
            _ => LimitStatus::Unverified,
        };
        Some(Limit {
            within: self.span(within, path)?,
            basis: self.text(basis, path)?,
            status,
            confirmed_by: fields.get("confirmed_by").and_then(|n| self.text(n, path)),
            pauses_in: fields.get("pauses_in").map(|n| self.states_named(n, path)).unwrap_or_default(),
        })
    }

    fn triggers(&mut self, node: &Node, path: &str, may_date: bool) -> Vec<Trigger> {
        let known: &[&str] = if may_date { &["event", "entered", "when", "at"] } else { &["event", "entered", "when"] };
        let mut found = Vec::new();
        for item in Self::list(node) {
            let Some(fields) = self.fields(item, path, known) else {
                continue;
            };
            let on = match (fields.get("event"), fields.get("entered")) {
                (Some(event), None) => self.text(event, path).map(|name| {
                    self.declared_name(event, path, &name);
                    TriggerOn::Event(name)
                }),
                (None, Some(state)) => self.state_named(state, path).map(TriggerOn::Entered),
                _ => {
                    self.problem(item, path, "this names no single cause", "write {event: name} or {entered: state}");
                    None
                }
            };
            let when = fields.get("when").and_then(|n| self.condition(n, path));
            let at = fields.get("at").and_then(|n| self.expr(n, path));
            found.extend(on.map(|on| Trigger { on, when, at }));
        }
        found
    }

    fn declared_name(&mut self, node: &Node, path: &str, name: &str) {
        if !self.events.is_empty() && !self.events.iter().any(|event| event == name) {
            let cure = super::nearest(name, self.events.iter().map(String::as_str))
                .map_or_else(|| "declare it under `events:`".to_owned(), |near| format!("did you mean `{near}`?"));
            self.problem(node, path, format!("the event `{name}` is not declared"), cure);
        }
    }

    fn extension(&mut self, node: &Node, path: &str) -> Option<Extension> {
        let known = ["asked_by", "granted_by", "refused_by", "up_to", "times", "approved_by", "asked", "sends"];
        let fields = self.fields(node, path, &known)?;
        if let Some(asked) = fields.get("asked") {
            self.word(asked, path, &["before due"]);
        }
        let (Some(asked_by), Some(granted_by), Some(up_to), Some(approved_by)) =
            (fields.get("asked_by"), fields.get("granted_by"), fields.get("up_to"), fields.get("approved_by"))
        else {
            self.problem(
                node,
                path,
                "an extension is not complete",
                "write {asked_by, granted_by, up_to, times, approved_by}",
            );
            return None;
        };
        let (asked, granted) = (self.text(asked_by, path)?, self.text(granted_by, path)?);
        self.declared_name(asked_by, path, &asked);
        self.declared_name(granted_by, path, &granted);
        let refused = fields.get("refused_by").and_then(|node| Some((node, self.text(node, path)?)));
        if let Some((node, name)) = &refused {
            self.declared_name(node, path, name);
        }
        let times = fields.get("times").map_or(Some(1), |n| self.whole(n, path, 1, 100))?;
        Some(Extension {
            asked_by: asked,
            granted_by: granted,
            refused_by: refused.map(|(_, name)| name),
            up_to: self.span(up_to, path)?,
            times: u32::try_from(times).unwrap_or(1),
            approved_by: self.party(approved_by, path)?,
            sends: fields.get("sends").and_then(|n| self.named(MentionKind::Letter, n, path)),
        })
    }

    fn ladder(&mut self, node: &Node, path: &str) -> (Vec<Rung>, Option<Repeat>) {
        let path = format!("{path}.ladder");
        let mut rungs = Vec::new();
        let mut repeat = None;
        for item in Self::list(node) {
            let Some(fields) = self.fields(item, &path, &RUNG_KEYS) else {
                continue;
            };
            let does = self.rung_actions(item, &path);
            let place = item.place(&self.file);
            match (fields.get("at"), fields.get("repeat")) {
                (Some(at), None) if repeat.is_none() => {
                    rungs.extend(self.anchor(at, &path).map(|at| Rung { at, does, place }));
                }
                (None, Some(every)) if repeat.is_none() => {
                    repeat = self.span(every, &path).map(|every| Repeat { every, does, place });
                }
                _ => self.problem(
                    item,
                    &path,
                    "a ladder is rungs with `at:` and one last `repeat:`",
                    "put `repeat:` last, once",
                ),
            }
        }
        (rungs, repeat)
    }

    fn rung_actions(&mut self, node: &Node, path: &str) -> RungActions {
        let raise = node.get("raise").and_then(|n| self.text(n, path));
        let template = node.get("template").and_then(|n| self.named(MentionKind::Template, n, path));
        if let (Some(name), Some(n)) = (&raise, node.get("raise")) {
            self.declared_name(n, path, name);
        }
        RungActions {
            notify: node.get("notify").map(|n| self.recipients(n, path)).unwrap_or_default(),
            template,
            raise,
            reassign: node.get("reassign").and_then(|n| self.party(n, path)),
            mark: node.get("mark").and_then(|n| self.text(n, path)),
            urgent: node.get("urgent").is_some_and(|n| self.truth(n, path)),
        }
    }

    fn anchor(&mut self, node: &Node, path: &str) -> Option<Anchor> {
        let text = self.text(node, path)?;
        let anchor = read_anchor(&text);
        if anchor.is_none() {
            let cure = "write 50%, start + 2 hours, due - 3 working days, due, or due + 1 working day";
            self.problem(node, path, format!("`{text}` is no moment of a clock"), cure);
        }
        anchor
    }

    pub(super) fn target_decls(&mut self, node: &Node) -> Vec<TargetDecl> {
        Self::list(node).iter().filter_map(|each| self.target_decl(each)).collect()
    }

    fn target_decl(&mut self, node: &Node) -> Option<TargetDecl> {
        let path = "targets";
        let fields =
            self.fields(node, path, &["title", "every", "reaches", "within", "even_if", "never", "without"])?;
        let title = fields.get("title").and_then(|n| self.title(n, path)).unwrap_or_default();
        let claim = match (fields.get("every"), fields.get("never")) {
            (Some(every), None) => {
                let event = match &every.kind {
                    Kind::Map(_) => {
                        self.fields(every, path, &["event"])?.get("event").and_then(|n| self.text(n, path))?
                    }
                    _ => self.text(every, path)?,
                };
                self.declared_name(every, path, &event);
                let (Some(reaches), Some(within)) = (fields.get("reaches"), fields.get("within")) else {
                    self.problem(node, path, "the target is not complete", "write {every, reaches, within}");
                    return None;
                };
                let nobody_acts = fields.get("even_if").and_then(|n| self.word(n, path, &["nobody acts"])).is_some();
                Claim::Reaches {
                    every: event,
                    reaches: self.states_named(reaches, path),
                    within: self.span(within, path)?,
                    nobody_acts,
                }
            }
            (None, Some(never)) => {
                let Some(without) = fields.get("without") else {
                    self.problem(node, path, "the target is not complete", "write {never: state, without: state}");
                    return None;
                };
                Claim::NeverWithout { never: self.state_named(never, path)?, without: self.states_named(without, path) }
            }
            _ => {
                self.problem(node, path, "this is no target", "write {every, reaches, within} or {never, without}");
                return None;
            }
        };
        Some(TargetDecl { title, claim, place: node.place(&self.file) })
    }
}

fn read_anchor(text: &str) -> Option<Anchor> {
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        return percent.trim().parse().ok().filter(|percent| (1..=99).contains(percent)).map(Anchor::Percent);
    }
    if let Some(rest) = text.strip_prefix("start") {
        return rest.trim().strip_prefix('+')?.trim().parse().ok().map(Anchor::Start);
    }
    let rest = text.strip_prefix("due")?.trim();
    if rest.is_empty() {
        return Some(Anchor::Due { before: false, offset: None });
    }
    let (before, span) = match rest.split_at_checked(1)? {
        ("-", span) => (true, span),
        ("+", span) => (false, span),
        _ => return None,
    };
    Some(Anchor::Due { before, offset: Some(span.trim().parse().ok()?) })
}
