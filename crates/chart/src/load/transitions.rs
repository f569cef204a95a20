//! Second pass: transitions, guards, actions, owners; every name is resolved here.

use super::node::{Kind, Node};
use super::{Loader, nearest};
use crate::definition::{Action, Descriptor, MentionKind, StateIx, StateKind, Transition, TransitionIx};
use crate::expr::types::Kind as Kinds;
use crate::expr::{Expr, quoted};

impl Loader {
    /// Decodes the behaviour of the root and everything below.
    pub(super) fn behaviour(&mut self, root: &Node) {
        self.behave(root, 0);
    }

    fn behave(&mut self, node: &Node, ix: StateIx) {
        let path = if ix == 0 { String::new() } else { format!("states.{}", self.state_path(ix)) };
        let at = |key: &str| {
            if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
        };
        self.initial(node, ix, &path);
        if let Some(on) = node.get("on") {
            for (name, list) in self.entries(on, &at("on")).unwrap_or_default() {
                let here = format!("{}.{name}", at("on"));
                let Some(descriptor) = self.descriptor(name, list, &here) else { continue };
                self.declared(list, &here, &descriptor);
                let transitions = self.transitions(list, ix, &here);
                self.states[usize::from(ix)].on.push((descriptor, transitions));
            }
        }
        if let Some(always) = node.get("always") {
            self.leads_somewhere(always, &at("always"));
            let transitions = self.transitions(always, ix, &at("always"));
            self.states[usize::from(ix)].always = transitions;
        }
        if let Some(after) = node.get("after") {
            for (delay, list) in self.entries(after, &at("after")).unwrap_or_default() {
                let here = format!("{}.{delay}", at("after"));
                let Some(span) = self.delay(delay, list, &here) else {
                    continue;
                };
                self.leads_somewhere(list, &here);
                let transitions = self.transitions(list, ix, &here);
                let slot = self.states[usize::from(ix)].after.len();
                let event = crate::machine::after_event(&self.states[usize::from(ix)], slot);
                let state = &mut self.states[usize::from(ix)];
                state.after.push((span, transitions.clone()));
                state.on.push((Descriptor::Exact(event), transitions));
            }
        }
        for (key, entry) in [("entry", true), ("exit", false)] {
            if let Some(actions) = node.get(key) {
                let actions = self.actions(actions, &at(key));
                let state = &mut self.states[usize::from(ix)];
                if entry { state.entry = actions } else { state.exit = actions }
            }
        }
        if let Some(owner) = node.get("owner") {
            let owner = self.owner(owner, &at("owner"));
            self.states[usize::from(ix)].owner = owner;
        }
        let children = self.states[usize::from(ix)].children.clone();
        for child in children {
            let key = self.states[usize::from(child)].key.clone();
            if let Some(child_node) = node.get("states").and_then(|states| states.get(&key)) {
                self.behave(child_node, child);
            }
        }
    }

    /// Only an event can be forbidden (`on: {name: null}`): there is nothing to forbid in time or without an event.
    fn leads_somewhere(&mut self, node: &Node, path: &str) {
        if let Some(empty) = Self::list(node).iter().chain([node]).find(|each| matches!(each.kind, Kind::Null)) {
            self.problem(empty, path, "this leads nowhere", "name a target or actions, or leave it out");
        }
    }

    /// What `on:` names: `a.b`, `a.*` or `*`; another pattern would match nothing.
    fn descriptor(&mut self, name: &str, node: &Node, path: &str) -> Option<Descriptor> {
        if name == "*" {
            return Some(Descriptor::Any);
        }
        let (prefix, stem) = match name.strip_suffix(".*") {
            Some(stem) => (true, stem),
            None => (false, name),
        };
        if !event_name(stem) {
            let cure =
                "write `sign` or `reply.sign` for one event, `reply.*` for it and all below it, `*` for every event";
            self.problem(node, path, format!("`{}` matches no event", quoted(name)), cure);
            return None;
        }
        Some(if prefix { Descriptor::Prefix(stem.to_owned()) } else { Descriptor::Exact(stem.to_owned()) })
    }

    /// With an `events:` section every event that comes from outside must be declared.
    fn declared(&mut self, node: &Node, path: &str, descriptor: &Descriptor) {
        let Descriptor::Exact(name) = descriptor else {
            return;
        };
        if self.events.is_empty() || self.events.contains(name) || name.starts_with("done.state.") {
            return;
        }
        let cure = match nearest(name, self.events.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? or declare it under `events:`"),
            None => "declare it under `events:` with a title and who may send it".into(),
        };
        self.problem(node, path, format!("the event `{name}` is not declared"), cure);
    }

    fn initial(&mut self, node: &Node, ix: StateIx, path: &str) {
        let here = if path.is_empty() { "initial".to_owned() } else { format!("{path}.initial") };
        match self.states[usize::from(ix)].kind {
            StateKind::History { .. } => self.history_default(node, ix, path),
            StateKind::Compound => {
                let Some(initial) = node.get("initial") else {
                    let first =
                        self.states[usize::from(ix)].children.first().map(|c| self.states[usize::from(*c)].key.clone());
                    self.problem(
                        node,
                        path,
                        "a state with states inside needs to know where it begins",
                        format!("write `initial: {}`", first.unwrap_or_default()),
                    );
                    return;
                };
                let (target, actions) = match &initial.kind {
                    Kind::Map(_) => {
                        let Some(fields) = self.fields(initial, &here, &["target", "actions"]) else {
                            return;
                        };
                        let actions = fields.get("actions").map(|a| self.actions(a, &here)).unwrap_or_default();
                        (fields.get("target").unwrap_or(initial), actions)
                    }
                    _ => (initial, Vec::new()),
                };
                let targets = self.targets(target, ix, ix, &here);
                if let Some(outside) = targets.iter().find(|t| !self.is_below(**t, ix)) {
                    let id = self.states[usize::from(*outside)].id.clone();
                    self.problem(initial, &here, format!("`{id}` is not inside this state"), "begin in a state inside");
                    return;
                }
                self.begins_in_history(initial, &targets, &here);
                let made = Transition { actions, ..Transition::plain(ix, targets, initial.place(&self.file)) };
                self.states[usize::from(ix)].initial = self.add(made);
            }
            StateKind::Atomic | StateKind::Parallel | StateKind::Final => {}
        }
    }

    /// Where a history state leads while it remembers nothing: its `target`, else the beginning of its parent; in a
    /// parallel state that is every region.
    fn history_default(&mut self, node: &Node, ix: StateIx, path: &str) {
        let parent = self.states[usize::from(ix)].parent.unwrap_or(0);
        let Some(target) = node.get("target") else {
            if self.states[usize::from(parent)].kind == StateKind::Parallel {
                let regions = self.states[usize::from(parent)].children.iter().copied();
                let regions = regions
                    .filter(|child| !matches!(self.states[usize::from(*child)].kind, StateKind::History { .. }))
                    .collect();
                let all = Transition::plain(parent, regions, node.place(&self.file));
                self.states[usize::from(ix)].initial = self.add(all);
            }
            return;
        };
        let here = format!("{path}.target");
        let targets = self.targets(target, ix, parent, &here);
        for each in &targets {
            let state = &self.states[usize::from(*each)];
            let id = state.id.clone();
            if matches!(state.kind, StateKind::History { .. }) {
                let cure = "name the state in which to begin when nothing is remembered";
                self.problem(target, &here, format!("`{id}` is a history state itself"), cure);
            } else if !self.is_below(*each, parent) {
                let cure = "a history state leads to states beside it or below those";
                self.problem(target, &here, format!("`{id}` is not inside the state of this history"), cure);
            }
        }
        self.states[usize::from(ix)].initial = self.add(Transition::plain(parent, targets, target.place(&self.file)));
    }

    /// A state may begin in a history state only when that says where to begin the first time.
    fn begins_in_history(&mut self, initial: &Node, targets: &[StateIx], path: &str) {
        for each in targets {
            let state = &self.states[usize::from(*each)];
            // Whether it has a `target` is not decoded yet for states further down: the tree is asked.
            if matches!(state.kind, StateKind::History { .. }) && !self.targeted_history.contains(each) {
                let id = state.id.clone();
                let cure = format!("give `{id}` a `target:` for the first time, or begin in another state");
                self.problem(initial, path, format!("`{id}` remembers nothing yet when this begins"), cure);
            }
        }
    }

    fn is_below(&self, ix: StateIx, ancestor: StateIx) -> bool {
        let mut at = self.states[usize::from(ix)].parent;
        while let Some(parent) = at {
            if parent == ancestor {
                return true;
            }
            at = self.states[usize::from(parent)].parent;
        }
        false
    }

    fn add(&mut self, transition: Transition) -> Option<TransitionIx> {
        let ix = TransitionIx::try_from(self.transitions.len()).ok()?;
        self.transitions.push(transition);
        Some(ix)
    }

    fn transitions(&mut self, node: &Node, source: StateIx, path: &str) -> Vec<TransitionIx> {
        let nodes = match node.kind {
            Kind::Null => std::slice::from_ref(node),
            _ => Self::list(node),
        };
        nodes
            .iter()
            .filter_map(|each| {
                let made = self.transition(each, source, path)?;
                self.add(made)
            })
            .collect()
    }

    fn transition(&mut self, node: &Node, source: StateIx, path: &str) -> Option<Transition> {
        let mut made = Transition::plain(source, Vec::new(), node.place(&self.file));
        match &node.kind {
            Kind::Null => made.forbidden = true,
            Kind::Text(_) => made.targets = self.targets(node, source, self.base(source), path),
            Kind::Map(_) => {
                let fields =
                    self.fields(node, path, &["target", "guard", "actions", "reenter", "title", "description"])?;
                if let Some(target) = fields.get("target") {
                    if Self::list(target).is_empty() {
                        let cure = "name a state, or leave `target` out: then no state is left";
                        self.problem(target, path, "the target is empty", cure);
                    }
                    made.targets = self.targets(target, source, self.base(source), path);
                }
                made.guard = match fields.get("guard") {
                    Some(guard) => Some(self.condition(guard, &format!("{path}.guard"))?),
                    None => None,
                };
                made.actions =
                    fields.get("actions").map(|a| self.actions(a, &format!("{path}.actions"))).unwrap_or_default();
                made.reenter = fields.get("reenter").is_some_and(|reenter| self.truth(reenter, path));
            }
            _ => {
                self.expected(node, path, "a target, or {target, guard, actions, reenter}");
                return None;
            }
        }
        Some(made)
    }

    /// Keys of a target are looked up among the children of this state.
    fn base(&self, source: StateIx) -> StateIx {
        self.states[usize::from(source)].parent.unwrap_or(0)
    }

    fn targets(&mut self, node: &Node, source: StateIx, base: StateIx, path: &str) -> Vec<StateIx> {
        let mut found = Vec::new();
        for item in Self::list(node) {
            let Some(text) = self.text(item, path) else {
                continue;
            };
            match self.resolve(&text, source, base) {
                Some(ix) => found.push(ix),
                None => self.no_such_state(item, &text, path, Some(base)),
            }
        }
        self.together(node, &found, path);
        found
    }

    /// Several targets must be able to be active together: each two in different regions of a parallel state.
    fn together(&mut self, node: &Node, targets: &[StateIx], path: &str) {
        for (n, one) in targets.iter().enumerate() {
            for other in &targets[n + 1..] {
                if one == other || self.is_below(*one, *other) || self.is_below(*other, *one) {
                    continue;
                }
                let mut around = self.states[usize::from(*one)].parent;
                while let Some(ix) = around.filter(|ix| !self.is_below(*other, *ix)) {
                    around = self.states[usize::from(ix)].parent;
                }
                let around = around.unwrap_or(0);
                if self.states[usize::from(around)].kind != StateKind::Parallel {
                    let id = |ix: StateIx| self.states[usize::from(ix)].id.clone();
                    let problem = format!("`{}` and `{}` cannot be active together", id(*one), id(*other));
                    let cure = "several targets are for the regions of a `type: parallel` state; name one target here";
                    self.problem(node, path, problem, cure);
                    return;
                }
            }
        }
    }

    fn resolve(&self, text: &str, source: StateIx, base: StateIx) -> Option<StateIx> {
        if let Some(id) = text.strip_prefix('#') {
            if let Some(ix) = self.ids.get(id) {
                return Some(*ix);
            }
            let (id, rest) = id.split_once('.')?;
            return self.descend(*self.ids.get(id)?, rest);
        }
        match text.strip_prefix('.') {
            Some(rest) => self.descend(source, rest),
            None => self.descend(base, text),
        }
    }

    fn descend(&self, from: StateIx, path: &str) -> Option<StateIx> {
        path.split('.').try_fold(from, |at, key| {
            self.states[usize::from(at)]
                .children
                .iter()
                .copied()
                .find(|child| self.states[usize::from(*child)].key == key)
        })
    }

    /// A state named in a clock, a target of `check`, …: by id, path or unique key.
    pub(super) fn state_named(&mut self, node: &Node, path: &str) -> Option<StateIx> {
        let text = self.text(node, path)?;
        let name = text.strip_prefix('#').unwrap_or(&text);
        let found = self.ids.get(name).copied().or_else(|| self.descend(0, name));
        if found.is_none() {
            self.no_such_state(node, &text, path, None);
        }
        found
    }

    /// `beside`: the state whose children can be named by their key alone; none: every state can.
    fn no_such_state(&mut self, node: &Node, text: &str, path: &str, beside: Option<StateIx>) {
        let near = |state: &crate::definition::State| beside.is_none_or(|beside| state.parent == Some(beside));
        let names: Vec<String> =
            self.states.iter().map(|s| if near(s) { s.key.clone() } else { format!("#{}", s.id) }).collect();
        let cure = match nearest(text, names.iter().map(String::as_str)) {
            Some(near) if near != text => format!("did you mean `{near}`?"),
            _ if self.ids.contains_key(text) => {
                format!("it is not beside this state; write `#{text}`")
            }
            _ => "name a state beside this one, `.child`, or `#id` of any state".into(),
        };
        self.problem(node, path, format!("there is no state `{text}` here"), cure);
    }

    fn state_path(&self, ix: StateIx) -> String {
        let state = &self.states[usize::from(ix)];
        match state.parent {
            Some(0) | None => state.key.clone(),
            Some(parent) => format!("{}.states.{}", self.state_path(parent), state.key),
        }
    }

    pub(super) fn actions(&mut self, node: &Node, path: &str) -> Vec<Action> {
        Self::list(node).iter().filter_map(|each| self.action(each, path)).collect()
    }

    fn action(&mut self, node: &Node, path: &str) -> Option<Action> {
        if let Kind::Text(text) = &node.kind {
            return Some(Action::Log(text.clone()));
        }
        const KINDS: [&str; 12] = [
            "set", "raise", "cancel", "notify", "document", "emit", "open", "send", "mark", "unmark", "reassign", "log",
        ];
        let known: Vec<&str> = KINDS.iter().copied().chain(["template", "urgent"]).collect();
        let fields = self.fields(node, path, &known)?;
        let mut kinds = fields.entries.iter().filter(|(key, _)| KINDS.contains(&key.as_str()));
        let Some((kind, value)) = kinds.next() else {
            self.problem(node, path, "this is no action", format!("write one of {}", KINDS.join(", ")));
            return None;
        };
        if let Some((second, at)) = kinds.next() {
            let cure = format!("one action each, in the order wanted: [{{{kind}: …}}, {{{second}: …}}]");
            self.problem(at, path, format!("`{kind}` and `{second}` stand in one action"), cure);
            return None;
        }
        let here = format!("{path}.{kind}");
        Some(match kind.as_str() {
            "set" => Action::Set(
                self.entries(value, &here)?
                    .iter()
                    .filter_map(|(field, expr)| {
                        let at = expr;
                        let expr = self.expr(expr, &format!("{here}.{field}"))?;
                        let field = field.strip_prefix("data.").unwrap_or(field);
                        self.settable(at, field, &expr, &here);
                        Some((field.split('.').map(str::to_owned).collect(), expr))
                    })
                    .collect(),
            ),
            "raise" => {
                let (event, data, after, id) = self.message(value, &here, &["after", "id", "delay"])?;
                Action::Raise { event, data, after, id }
            }
            "emit" => {
                let (event, data, ..) = self.message(value, &here, &[])?;
                Action::Emit { event, data }
            }
            "cancel" => Action::Cancel(self.text(value, &here)?),
            "notify" => Action::Notify {
                to: self.recipients(value, &here),
                template: fields
                    .get("template")
                    .and_then(|t| self.named(MentionKind::Template, t, &here))
                    .unwrap_or_else(|| "notice".into()),
                urgent: fields.get("urgent").is_some_and(|urgent| self.truth(urgent, &here)),
            },
            "document" => Action::Document { template: self.named(MentionKind::Letter, value, &here)? },
            "open" => {
                let open = self.fields(value, &here, &["workflow", "link", "data"])?;
                let Some(workflow) = open.get("workflow").and_then(|w| self.named(MentionKind::Workflow, w, &here))
                else {
                    self.problem(
                        value,
                        &here,
                        "the workflow is missing",
                        "write {workflow: name, link: name, data: {…}}",
                    );
                    return None;
                };
                let link = open.get("link").and_then(|l| self.text(l, &here)).unwrap_or_else(|| workflow.clone());
                Action::Open { workflow, link, data: self.payload(open.get("data"), &here) }
            }
            "send" => {
                let send = self.fields(value, &here, &["to", "event", "data"])?;
                let to = match send.get("to") {
                    Some(to) if matches!(&to.kind, Kind::Text(t) if t == "parent") => {
                        Expr::literal("parent".into(), to.place(&self.file))
                    }
                    Some(to) => self.expr(to, &here)?,
                    None => {
                        self.problem(value, &here, "nobody is named", "write {to: parent, event: name}");
                        return None;
                    }
                };
                let event = send.get("event").and_then(|e| self.text(e, &here))?;
                Action::Send { to, event, data: self.payload(send.get("data"), &here) }
            }
            "mark" => Action::Mark(self.text(value, &here)?),
            "unmark" => Action::Unmark(self.text(value, &here)?),
            "reassign" => Action::Reassign(self.owner(value, &here)?),
            _ => Action::Log(self.text(value, &here)?),
        })
    }

    /// A field that is set is declared, and what it gets is of its kind and within its domain.
    fn settable(&mut self, node: &Node, field: &str, expr: &Expr, path: &str) {
        let mut at = &self.data.schema;
        for step in field.split('.') {
            let Some(fields) = at.get("properties").and_then(serde_json::Value::as_object) else { return };
            let Some(next) = fields.get(step) else {
                if at.get("additionalProperties").is_none_or(|more| *more == serde_json::Value::Bool(false)) {
                    let cure = nearest(step, fields.keys().map(String::as_str)).map_or_else(
                        || "declare it in the data schema".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    self.problem(node, path, format!("`data.{}` is not declared", quoted(field)), cure);
                }
                return;
            };
            at = next;
        }
        let (wanted, given) = (Kinds::of_schema(at), expr.kind);
        let time_as_text = wanted == Kinds::Text && given == Kinds::Time;
        if wanted != given && wanted != Kinds::Open && !matches!(given, Kinds::Open | Kinds::Null) && !time_as_text {
            let problem = format!("`{field}` is {}, and gets {}", wanted.words(), given.words());
            let cure = "compare it with the data schema";
            self.problem(node, path, problem, cure);
            return;
        }
        for value in expr.literals() {
            if let Some(problem) = crate::expr::types::outside(at, &value) {
                self.problem(node, path, format!("`{field}` cannot become {value}"), problem);
                return;
            }
        }
    }

    /// `name`, or `{event, data, …}`.
    #[expect(clippy::type_complexity, reason = "the four parts of a message, taken apart at once")]
    fn message(
        &mut self,
        node: &Node,
        path: &str,
        more: &[&str],
    ) -> Option<(String, Vec<(String, Expr)>, Option<huiyin_calendar::Span>, Option<String>)> {
        if let Kind::Text(name) = &node.kind {
            return Some((name.clone(), Vec::new(), None, None));
        }
        let known: Vec<&str> = ["event", "data"].iter().chain(more).copied().collect();
        let fields = self.fields(node, path, &known)?;
        let Some(event) = fields.get("event") else {
            self.problem(node, path, "the event is missing", "write {event: name}");
            return None;
        };
        let event = self.text(event, path)?;
        let data = self.payload(fields.get("data"), path);
        let after = match fields.get("after").or(fields.get("delay")) {
            Some(Node { kind: Kind::Int(n), .. }) => {
                u32::try_from(*n).ok().map(|n| huiyin_calendar::Span { n, unit: huiyin_calendar::Unit::Millisecond })
            }
            Some(after) => Some(self.span(after, path)?),
            None => None,
        };
        let id = match fields.get("id") {
            Some(id) => Some(self.text(id, path)?),
            None => None,
        };
        Some((event, data, after, id))
    }

    fn payload(&mut self, node: Option<&Node>, path: &str) -> Vec<(String, Expr)> {
        let Some(node) = node else { return Vec::new() };
        self.entries(node, path)
            .unwrap_or_default()
            .iter()
            .filter_map(|(field, expr)| Some((field.clone(), self.expr(expr, &format!("{path}.{field}"))?)))
            .collect()
    }
}

/// May an event be called this? Parts of letters, digits, `-` and `_` with dots between; what is told of a state that
/// is done has the id of the state in it, which may be anything.
pub(super) fn event_name(name: &str) -> bool {
    name.starts_with("done.state.")
        || name
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')))
}

impl Transition {
    fn plain(source: StateIx, targets: Vec<StateIx>, place: crate::definition::Place) -> Self {
        Self { source, targets, guard: None, actions: Vec::new(), reenter: false, forbidden: false, place }
    }
}
