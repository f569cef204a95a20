//! Makes charts and scripts from a seed. Charts are written in the workflow language as JSON; beside them stands the tree
//! of each expression, for the side that has no CEL. It makes what both sides can say; what is left out on purpose is
//! in `crates/chart/DIFFERENCES.md`, and named here where it is left out.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// Features that a run must have met, each counted once a chart.
pub(crate) const FEATURES: [&str; 33] = [
    "nested",
    "parallel",
    "parallel in parallel",
    "shallow history",
    "deep history",
    "history without target",
    "history of a parallel state",
    "final",
    "always",
    "after",
    "entry and exit",
    "guard over data",
    "guard over the event",
    "guard that fails",
    "in_state",
    "raise",
    "raise with data",
    "delayed raise",
    "cancel",
    "wildcard",
    "prefix",
    "several targets",
    "target by id",
    "target inside",
    "initial by id",
    "initial with actions",
    "reenter",
    "forbidden",
    "targetless",
    "done.state",
    "several candidates",
    "transition on the root",
    "several set at once",
];

const FIELDS: [&str; 3] = ["n", "m", "k"];
const EVENTS: [&str; 6] = ["a", "b", "b.c", "b.c.d", "x", "y"];
/// Delays and waits of one chart go together: a chart that wakes up every 10 ms is not left alone for an hour.
const DELAYS: [[&str; 4]; 3] = [
    ["10ms", "20 ms", "30", "50ms"],
    ["1s", "2 seconds", "3 s", "1 minute"],
    ["2 min", "10 minutes", "1 hour", "2 hours"],
];
const WAITS: [[&str; 5]; 3] = [
    ["5ms", "10ms", "20ms", "25ms", "100ms"],
    ["500ms", "1s", "2 seconds", "1 min", "10 s"],
    ["1 minute", "2 min", "8 minutes", "1 h", "3 hours"],
];

/// One case for both sides.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) chart: Value,
    pub(crate) terms: Map<String, Value>,
    pub(crate) script: Vec<Value>,
}

impl Case {
    pub(crate) fn line(&self) -> String {
        json!({"name": self.name, "chart": self.chart, "terms": self.terms, "script": self.script}).to_string()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Atomic,
    Compound,
    Parallel,
    Final,
    Shallow,
    Deep,
}

impl Kind {
    fn is_history(self) -> bool {
        matches!(self, Self::Shallow | Self::Deep)
    }
}

struct State {
    key: String,
    id: String,
    given: bool,
    kind: Kind,
    parent: Option<usize>,
    children: Vec<usize>,
}

struct Generator<'a> {
    rng: ChaCha8Rng,
    states: Vec<State>,
    terms: Map<String, Value>,
    seen: &'a mut BTreeMap<&'static str, usize>,
    new: Vec<&'static str>,
    named_delays: usize,
    /// Which of the scales of time this chart lives on.
    scale: usize,
}

/// The chart and script of one seed; features met are counted in `seen`.
pub(crate) fn case(seed: u64, seen: &mut BTreeMap<&'static str, usize>) -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scale = rng.random_range(0..DELAYS.len());
    let mut made =
        Generator { rng, states: Vec::new(), terms: Map::new(), seen, new: Vec::new(), named_delays: 0, scale };
    made.tree();
    let mut chart = made.state(0);
    chart.insert("workflow".into(), "w".into());
    let mut fields: Map<String, Value> =
        FIELDS.iter().map(|name| ((*name).to_owned(), json!({"type": "integer", "default": 0}))).collect();
    // Declared, and never there.
    fields.insert("nothing".into(), json!({"type": "integer"}));
    chart.insert("data".into(), json!({"type": "object", "properties": fields}));
    let script = made.script();
    for feature in std::mem::take(&mut made.new) {
        *made.seen.entry(feature).or_default() += 1;
    }
    Case { name: seed.to_string(), chart: Value::Object(chart), terms: made.terms, script }
}

impl Generator<'_> {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn pick<'s, T: ?Sized>(&mut self, from: &[&'s T]) -> &'s T {
        from[self.rng.random_range(0..from.len())]
    }

    fn met(&mut self, feature: &'static str) {
        assert!(FEATURES.contains(&feature), "{feature} is not listed");
        if !self.new.contains(&feature) {
            self.new.push(feature);
        }
    }

    // -- The tree ----------------------------------------------------------------------------------------------------

    fn tree(&mut self) {
        let kind = if self.chance(25) { Kind::Parallel } else { Kind::Compound };
        self.states.push(State {
            key: "w".into(),
            id: "w".into(),
            given: false,
            kind,
            parent: None,
            children: Vec::new(),
        });
        self.fill(0, 1);
    }

    fn add(&mut self, parent: usize, kind: Kind) -> usize {
        let ix = self.states.len();
        let key = ["a", "b", "c", "d", "e", "f"][self.states[parent].children.len()].to_owned();
        let path = if parent == 0 { key.clone() } else { format!("{}.{key}", self.path(parent)) };
        let given = self.chance(40);
        let id = if given { format!("s{ix}") } else { path };
        self.states.push(State { key, id, given, kind, parent: Some(parent), children: Vec::new() });
        self.states[parent].children.push(ix);
        ix
    }

    fn path(&self, ix: usize) -> String {
        match self.states[ix].parent {
            Some(0) | None => self.states[ix].key.clone(),
            Some(parent) => format!("{}.{}", self.path(parent), self.states[ix].key),
        }
    }

    fn fill(&mut self, ix: usize, depth: usize) {
        let parallel = self.states[ix].kind == Kind::Parallel;
        let n = self.rng.random_range(2..=if depth == 1 { 4 } else { 3 });
        for place in 0..n {
            let room = depth < 4 && self.states.len() < 22;
            let kind = match self.rng.random_range(0..100) {
                0..30 if room => Kind::Compound,
                30..45 if room => Kind::Parallel,
                45..55 if !parallel && place > 0 => Kind::Final,
                _ if parallel && room && depth < 3 => Kind::Compound,
                _ => Kind::Atomic,
            };
            let child = self.add(ix, kind);
            match kind {
                Kind::Compound => self.met("nested"),
                Kind::Final => self.met("final"),
                Kind::Parallel if parallel => self.met("parallel in parallel"),
                _ => {}
            }
            if matches!(kind, Kind::Compound | Kind::Parallel) {
                self.fill(child, depth + 1);
            }
        }
        if parallel {
            self.met("parallel");
        }
        while self.states[ix].children.len() < 6 && self.chance(25) {
            let deep = self.chance(50);
            self.add(ix, if deep { Kind::Deep } else { Kind::Shallow });
            self.met(if deep { "deep history" } else { "shallow history" });
            if parallel {
                self.met("history of a parallel state");
            }
        }
    }

    fn real_children(&self, ix: usize) -> Vec<usize> {
        self.states[ix].children.iter().copied().filter(|child| !self.states[*child].kind.is_history()).collect()
    }

    fn below(&self, ix: usize, ancestor: usize) -> bool {
        let mut at = self.states[ix].parent;
        while let Some(parent) = at {
            if parent == ancestor {
                return true;
            }
            at = self.states[parent].parent;
        }
        false
    }

    // -- Writing a state ---------------------------------------------------------------------------------------------

    fn state(&mut self, ix: usize) -> Map<String, Value> {
        let mut made = Map::new();
        let kind = self.states[ix].kind;
        if self.states[ix].given {
            made.insert("id".into(), self.states[ix].id.clone().into());
        }
        match kind {
            Kind::Parallel => drop(made.insert("type".into(), "parallel".into())),
            Kind::Final => drop(made.insert("type".into(), "final".into())),
            Kind::Shallow | Kind::Deep => {
                self.history(ix, &mut made);
                return made;
            }
            Kind::Compound => self.initial(ix, &mut made),
            Kind::Atomic => {}
        }
        if kind != Kind::Final {
            self.behaviour(ix, &mut made);
        }
        for key in ["entry", "exit"] {
            if self.chance(45) {
                self.met("entry and exit");
                let remark = format!("{key} {}", self.states[ix].id);
                let mut list = vec![Value::String(remark)];
                if self.chance(30) {
                    list.push(self.action());
                }
                made.insert(key.into(), list.into());
            }
        }
        let children = self.states[ix].children.clone();
        if !children.is_empty() {
            let states: Map<String, Value> = children
                .into_iter()
                .map(|child| (self.states[child].key.clone(), Value::Object(self.state(child))))
                .collect();
            made.insert("states".into(), states.into());
        }
        made
    }

    fn history(&mut self, ix: usize, made: &mut Map<String, Value>) {
        made.insert("type".into(), "history".into());
        let deep = self.states[ix].kind == Kind::Deep;
        made.insert("history".into(), if deep { "deep" } else { "shallow" }.into());
        let parent = self.states[ix].parent.unwrap_or(0);
        let below: Vec<usize> =
            (1..self.states.len()).filter(|s| self.below(*s, parent) && !self.states[*s].kind.is_history()).collect();
        // Left out: `history-of-a-parallel-state`, one without target.
        if self.states[parent].kind == Kind::Parallel || self.chance(60) {
            let target = below[self.rng.random_range(0..below.len())];
            made.insert("target".into(), format!("#{}", self.states[target].id).into());
        } else {
            self.met("history without target");
        }
    }

    fn initial(&mut self, ix: usize, made: &mut Map<String, Value>) {
        let children = self.real_children(ix);
        // Mostly not a final state: the chart would be over at once.
        let alive: Vec<usize> = children.iter().copied().filter(|c| self.states[*c].kind != Kind::Final).collect();
        let from = if alive.is_empty() || self.chance(5) { &children } else { &alive };
        let child = from[self.rng.random_range(0..from.len())];
        let target = if self.chance(30) {
            self.met("initial by id");
            format!("#{}", self.states[child].id)
        } else {
            self.states[child].key.clone()
        };
        // Left out: `initial-of-a-region`, initial actions of a region of a parallel state.
        let region = self.states[ix].parent.is_some_and(|parent| self.states[parent].kind == Kind::Parallel);
        if !region && self.chance(30) {
            self.met("initial with actions");
            let action = self.action();
            made.insert("initial".into(), json!({"target": target, "actions": [action]}));
        } else {
            made.insert("initial".into(), target.into());
        }
    }

    fn behaviour(&mut self, ix: usize, made: &mut Map<String, Value>) {
        let mut on = Map::new();
        for _ in 0..self.rng.random_range(0..4) {
            let name = match self.rng.random_range(0..100) {
                0..60 => self.pick(&EVENTS).to_owned(),
                60..70 => {
                    self.met("prefix");
                    self.pick(&["b.*", "b.c.*", "a.*"]).to_owned()
                }
                70..80 => {
                    self.met("wildcard");
                    "*".to_owned()
                }
                _ => {
                    let whole: Vec<usize> = (0..self.states.len())
                        .filter(|s| matches!(self.states[*s].kind, Kind::Compound | Kind::Parallel))
                        .collect();
                    let state = whole[self.rng.random_range(0..whole.len())];
                    self.met("done.state");
                    if self.chance(15) {
                        "done.state.*".to_owned()
                    } else {
                        format!("done.state.{}", self.states[state].id)
                    }
                }
            };
            let list = if self.chance(6) {
                self.met("forbidden");
                Value::Null
            } else {
                self.candidates(ix, false)
            };
            on.insert(name, list);
        }
        if !on.is_empty() {
            made.insert("on".into(), on.into());
            if ix == 0 {
                self.met("transition on the root");
            }
        }
        if self.chance(15) {
            self.met("always");
            let list = self.candidates(ix, true);
            made.insert("always".into(), list);
        }
        if self.chance(22) {
            self.met("after");
            let mut after = Map::new();
            for _ in 0..self.rng.random_range(1..=2) {
                let delay = self.pick(&DELAYS[self.scale]);
                let list = self.candidates(ix, false);
                after.insert(delay.to_owned(), list);
            }
            made.insert("after".into(), after.into());
        }
    }

    // -- Transitions -------------------------------------------------------------------------------------------------

    fn candidates(&mut self, source: usize, always: bool) -> Value {
        if !always && self.chance(12) {
            return self.target(source).into();
        }
        let n = if self.chance(35) { 2 } else { 1 };
        if n == 2 {
            self.met("several candidates");
        }
        let list: Vec<Value> = (0..n).map(|_| self.transition(source, always)).collect();
        match list.as_slice() {
            [only] if self.chance(50) => only.clone(),
            _ => list.into(),
        }
    }

    fn transition(&mut self, source: usize, always: bool) -> Value {
        let mut made = Map::new();
        if self.chance(if always { 92 } else { 45 }) {
            let guard = self.guard(always, 2);
            made.insert("guard".into(), guard.into());
        }
        if self.chance(88) {
            let several = if self.chance(15) { self.several() } else { None };
            made.insert("target".into(), several.unwrap_or_else(|| self.target(source).into()));
        } else {
            self.met("targetless");
        }
        if self.chance(if always { 70 } else { 45 }) {
            let list: Vec<Value> = (0..self.rng.random_range(1..=2)).map(|_| self.action()).collect();
            made.insert("actions".into(), list.into());
        }
        if self.chance(15) {
            self.met("reenter");
            made.insert("reenter".into(), true.into());
        }
        Value::Object(made)
    }

    fn target(&mut self, source: usize) -> String {
        let siblings: Vec<usize> = match self.states[source].parent {
            Some(parent) => self.states[parent].children.clone(),
            None => Vec::new(),
        };
        let inside = self.states[source].children.clone();
        let how = self.rng.random_range(0..100);
        if how < 45 && !siblings.is_empty() {
            let sibling = siblings[self.rng.random_range(0..siblings.len())];
            // A history beside the source mostly leads back to it, which ends the comparison (`entered-twice`).
            if !self.states[sibling].kind.is_history() || self.chance(25) {
                return self.states[sibling].key.clone();
            }
        }
        if how < 60 && !inside.is_empty() {
            self.met("target inside");
            return format!(".{}", self.states[inside[self.rng.random_range(0..inside.len())]].key);
        }
        self.met("target by id");
        let any = self.rng.random_range(1..self.states.len());
        format!("#{}", self.states[any].id)
    }

    /// One target in each of some regions of a parallel state.
    fn several(&mut self) -> Option<Value> {
        let parallel: Vec<usize> = (0..self.states.len())
            .filter(|s| self.states[*s].kind == Kind::Parallel && self.real_children(*s).len() > 1)
            .collect();
        if parallel.is_empty() {
            return None;
        }
        let around = parallel[self.rng.random_range(0..parallel.len())];
        let mut targets = Vec::new();
        for region in self.real_children(around) {
            if self.chance(25) {
                continue;
            }
            let inside: Vec<usize> =
                (region..self.states.len()).filter(|s| *s == region || self.below(*s, region)).collect();
            let one = inside[self.rng.random_range(0..inside.len())];
            targets.push(format!("#{}", self.states[one].id));
        }
        if targets.len() < 2 {
            return None;
        }
        self.met("several targets");
        if self.chance(30) {
            targets.reverse();
        }
        Some(targets.into())
    }

    // -- Expressions -------------------------------------------------------------------------------------------------

    fn term(&mut self, text: String, tree: Value) -> (String, Value) {
        self.terms.insert(text.clone(), tree.clone());
        (text, tree)
    }

    fn guard(&mut self, always: bool, depth: u32) -> String {
        self.condition(always, depth).0
    }

    fn condition(&mut self, always: bool, depth: u32) -> (String, Value) {
        let made = match self.rng.random_range(0..100) {
            0..45 => {
                self.met("guard over data");
                let (field, n) = (self.pick(&FIELDS), self.rng.random_range(0..4));
                let (sign, name) = [("<", "<"), (">=", ">="), ("==", "==")][self.rng.random_range(0..3)];
                (format!("data.{field} {sign} {n}"), json!([name, ["data", field], ["lit", n]]))
            }
            45..60 => {
                self.met("in_state");
                let ix = self.rng.random_range(0..self.states.len());
                let id = self.states[ix].id.clone();
                if self.states[ix].kind.is_history() {
                    return self.condition(always, depth);
                }
                (format!("in_state('{id}')"), json!(["in", id]))
            }
            // Left out: `untaken-event`, eventless transitions that read the event.
            60..70 if !always => {
                self.met("guard over the event");
                let n = self.rng.random_range(0..3);
                (format!("event.n >= {n}"), json!([">=", ["event", "n"], ["lit", n]]))
            }
            70..76 => {
                self.met("guard that fails");
                ("data.nothing == 1".to_owned(), json!(["==", ["data", "nothing"], ["lit", 1]]))
            }
            76..84 if depth > 0 => {
                let (text, tree) = self.condition(always, depth - 1);
                (format!("!({text})"), json!(["!", tree]))
            }
            84..100 if depth > 0 => {
                let (a, left) = self.condition(always, depth - 1);
                let (b, right) = self.condition(always, depth - 1);
                let op = if self.chance(50) { "&&" } else { "||" };
                (format!("({a}) {op} ({b})"), json!([op, left, right]))
            }
            _ => return self.condition(always, depth),
        };
        self.term(made.0, made.1)
    }

    fn number(&mut self) -> String {
        let made = match self.rng.random_range(0..100) {
            0..60 => {
                let field = self.pick(&FIELDS);
                (format!("data.{field} + 1"), json!(["+", ["data", field], ["lit", 1]]))
            }
            60..80 => {
                let n = self.rng.random_range(0..3);
                (n.to_string(), json!(["lit", n]))
            }
            _ => ("event.n".to_owned(), json!(["event", "n"])),
        };
        self.term(made.0, made.1).0
    }

    // -- Actions -----------------------------------------------------------------------------------------------------

    fn action(&mut self) -> Value {
        match self.rng.random_range(0..100) {
            0..30 => format!("remark {}", self.rng.random_range(0..9)).into(),
            30..60 => {
                let mut fields = Map::new();
                fields.insert(self.pick(&FIELDS).to_owned(), self.number().into());
                if self.chance(25) {
                    fields.insert(self.pick(&FIELDS).to_owned(), self.number().into());
                    self.met("several set at once");
                }
                json!({"set": fields})
            }
            60..75 => {
                self.met("raise");
                let event = self.pick(&EVENTS);
                if self.chance(40) {
                    self.met("raise with data");
                    json!({"raise": {"event": event, "data": {"n": self.number()}}})
                } else {
                    json!({"raise": event})
                }
            }
            75..92 => {
                self.met("delayed raise");
                let (event, after) = (self.pick(&EVENTS), self.pick(&DELAYS[self.scale]));
                let after = after.parse::<u32>().map_or_else(|_| json!(after), |bare| json!(bare));
                let mut raise = json!({"event": event, "after": after});
                // Few have an id: one that runs twice ends the comparison (`same-delay-id`).
                if self.chance(8) {
                    self.named_delays += 1;
                    raise["id"] = format!("d{}", self.named_delays).into();
                }
                json!({"raise": raise})
            }
            _ => {
                self.met("cancel");
                json!({"cancel": format!("d{}", self.rng.random_range(1..=self.named_delays + 1))})
            }
        }
    }

    fn script(&mut self) -> Vec<Value> {
        let timed = self.chance(60);
        let n = self.rng.random_range(3..=12);
        (0..n)
            .map(|_| {
                let mut item = Map::new();
                let waits = timed && self.chance(50);
                if waits {
                    item.insert("after".into(), self.pick(&WAITS[self.scale]).into());
                }
                if !waits || self.chance(60) {
                    item.insert("event".into(), self.pick(&EVENTS).into());
                    let with = self.chance(60);
                    if with {
                        item.insert("data".into(), json!({"n": self.rng.random_range(0..4)}));
                    }
                }
                Value::Object(item)
            })
            .collect()
    }
}
