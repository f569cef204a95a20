//! Small changes of good workflows: most break a promise, some do not.

/// One change.
pub struct Mutation {
    pub workflow: &'static str,
    pub what: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

const fn mutation(workflow: &'static str, what: &'static str, from: &'static str, to: &'static str) -> Mutation {
    Mutation { workflow, what, from, to }
}

/// Mutations that only `check` refuses, and the condition that it cannot decide.
pub const STRICTER: &[(&str, &str)] = &[
    (
        "the delay leads round",
        "the clock that starts on the first round covers all later ones; check follows no clock where only delays lead on",
    ),
    (
        "a round of the loop has a clock only for numbers that occur",
        "`data.round` never leaves 0 to 2; check takes the condition both ways",
    ),
];

pub const MUTATIONS: &[Mutation] = &[
    // Owners.
    mutation("two-states", "nobody owns it", "owner: role:supervisor\n", ""),
    mutation("escalate", "the leader's state has no owner", "leader: {owner: \"role:bureau-head\", on", "leader: {on"),
    mutation(
        "escalate",
        "the section's state has no owner",
        "section: {owner: \"unit:water-section\", on",
        "section: {on",
    ),
    mutation("parallel", "one life has no owner", "        owner: unit:enforcement\n", ""),
    mutation("nested", "an inner owner goes, the outer stays", "deep: {owner: \"role:supervisor\"}", "deep: {}"),
    mutation("reassign", "no owner, though a rung hands it over", "owner: \"data.unit\", on", "on"),
    mutation("with-events", "an owner around it remains", "    owner: role:supervisor\n", ""),
    // Clocks.
    mutation("two-states", "the clock starts too late", "starts: {event: case.opened}", "starts: {entered: done}"),
    mutation(
        "cycle",
        "a clock does not start again",
        "met_by: {event: clean}, restarts: true",
        "met_by: {event: clean}",
    ),
    mutation("cycle", "a clock of another round covers", "void_by: {entered: dirty}, restarts: true", "restarts: true"),
    mutation("escalate", "the second clock never starts", "starts: {entered: leader}", "starts: {entered: end}"),
    mutation("after", "nothing runs after the delay", "starts: {entered: looking}", "starts: {entered: over}"),
    mutation("after", "the delay is gone", "cooling: {after: {2 hours: looking}}", "cooling: {on: {warm: looking}}"),
    mutation(
        "after",
        "the delay leads round",
        "looking: {on: {fine: over}}",
        "looking: {after: {1 hour: cooling}, on: {fine: over}}",
    ),
    mutation(
        "pause",
        "nothing covers the pause",
        "starts: {entered: hearing}, met_by: {event: hearing.closed}",
        "starts: {entered: over}, met_by: {event: hearing.closed}",
    ),
    mutation(
        "pause",
        "what covers the pause comes once",
        "void_by: {event: decided}, restarts: true",
        "void_by: {event: decided}",
    ),
    mutation(
        "pause-policy",
        "the whole clock stands still",
        "    met_by: {entered: over}\n",
        "    met_by: {entered: over}\n    pauses_in: [waiting]\n",
    ),
    mutation(
        "parallel",
        "the clock of one life is met too early",
        "starts: {entered: repairing}, met_by: {entered: repaired}",
        "starts: {entered: repairing}, met_by: {event: reported}",
    ),
    mutation(
        "parallel-outer",
        "the clock belongs to one life only",
        "starts: {event: case.opened}",
        "starts: {entered: busy}",
    ),
    mutation(
        "clock-events",
        "one clock of two is gone too early",
        "decision: {within: 20 days, starts: {event: case.opened}, met_by: {entered: over}",
        "decision: {within: 20 days, starts: {event: case.opened}, met_by: {event: paid}",
    ),
    mutation(
        "delayed-raise",
        "only the delay remains",
        "call: {within: 2 hours, starts: {entered: waiting}",
        "call: {within: 2 hours, starts: {entered: reached}",
    ),
    mutation(
        "delayed-raise",
        "the delay goes and the clock stays",
        "    entry: [{raise: {event: give.up, after: 1 day, id: patience}}]\n",
        "",
    ),
    mutation("history", "the clock ends when it is put aside", "met_by: {entered: end}", "met_by: {entered: aside}"),
    mutation(
        "hazard",
        "inspections are not timed again",
        "    met_by: [{event: accept}, {event: reject}]\n    restarts: true\n",
        "    met_by: [{event: accept}, {event: reject}]\n",
    ),
    mutation(
        "hazard",
        "the weekly look ends with an upgrade, another clock begins",
        "  weekly:                    # a major hazard is looked after every week, and always by somebody\n    title: {zh: 整改跟踪, en: follow-up}\n    within: 5 working days\n    starts: {entered: rectifying}\n    met_by: {entered: inspecting}\n",
        "  weekly:\n    within: 5 working days\n    starts: {entered: rectifying}\n    met_by: [{entered: inspecting}, {event: upgrade}]\n",
    ),
    mutation(
        "backlog",
        "the leader's time is not watched",
        "    starts: {entered: listed}\n",
        "    starts: {entered: meeting}\n",
    ),
    mutation(
        "review",
        "a hearing is not covered",
        "    starts: {entered: hearing}\n",
        "    starts: {entered: concluded}\n",
    ),
    mutation(
        "enforcement",
        "service is not watched",
        "    starts: {entered: serving}\n",
        "    starts: {entered: concluded}\n",
    ),
    mutation(
        "co-handling",
        "handed on and not watched again",
        "    void_by: {entered: cancelled}\n    restarts: true\n",
        "    void_by: [{entered: cancelled}, {event: reassign}]\n",
    ),
    mutation("guards", "one branch has no clock", "starts: {entered: high}", "starts: {entered: lost}"),
    mutation(
        "guards",
        "a clock starts only by an event that says so",
        "starts: {entered: low}",
        "starts: {event: grade, when: \"event.level == 'low'\"}",
    ),
    mutation(
        "guards",
        "a clock starts by the wrong value",
        "starts: {entered: high}",
        "starts: {event: grade, when: \"event.level == 'low'\"}",
    ),
    // Clocks that depend on what check cannot decide.
    mutation(
        "hazard",
        "one grade has no clock that the data ever show",
        "  weekly:                    # a major hazard is looked after every week, and always by somebody\n    title: {zh: 整改跟踪, en: follow-up}\n    within: 5 working days\n    starts: {entered: rectifying}\n",
        "  weekly:\n    within: 5 working days\n    starts: {entered: rectifying, when: \"data.grade == 'major' || data.grade == 'general'\"}\n",
    ),
    mutation(
        "loop-with-limit",
        "a round of the loop has a clock only for numbers that occur",
        "starts: {entered: draft}",
        "starts: {entered: draft, when: data.round <= 2}",
    ),
    // Ladders.
    mutation("two-states", "the ladder ends in silence", "      - {repeat: 1 working day, notify: owner}\n", ""),
    mutation(
        "cycle",
        "a ladder ends in silence",
        "met_by: {event: clean}, restarts: true, ladder: [{at: due, notify: owner}, {repeat: 1 day}]",
        "met_by: {event: clean}, restarts: true, ladder: [{at: due, notify: owner}]",
    ),
    mutation(
        "reassign",
        "it is handed over and then nobody hears",
        "      - {repeat: 1 working day, notify: [owner, \"role:supervisor\"]}\n",
        "",
    ),
    mutation(
        "chinese",
        "the repetition says nothing itself",
        "{repeat: 1 working day, notify: [owner, unit-head]}",
        "{repeat: 1 working day}",
    ),
    // Ways.
    mutation(
        "two-states",
        "nothing leads on",
        "open: {on: {finish: done}}",
        "open: {on: {finish: {actions: [tried]}}}",
    ),
    mutation(
        "escalate",
        "nobody can solve it",
        "leader: {owner: \"role:bureau-head\", on: {solve: end}}",
        "leader: {owner: \"role:bureau-head\"}",
    ),
    mutation("nested", "a state that nothing enters", "ready: .deep", "ready: .shallow"),
    mutation("backlog", "the end cannot be reached", "confirm: {target: settled,", "confirm: {target: solving,"),
    mutation(
        "wildcard",
        "the end cannot be reached by what everything takes",
        "\"*\": one, stop: end",
        "\"*\": one, stop: one",
    ),
    mutation(
        "transient",
        "two that chase each other",
        "cold: {type: final}",
        "cold: {always: colder}\n  colder: {always: cold}",
    ),
    mutation(
        "forced",
        "two that raise each other",
        "review: {on: {answered: over}}",
        "review: {entry: [{raise: ping}], on: {answered: over, ping: {actions: [{raise: ping}]}}}",
    ),
    // Targets.
    mutation("hazard", "struck off without inspection", "done: {target: inspecting,", "done: {target: struck,"),
    mutation(
        "hazard",
        "a way round the inspection",
        "      urge: {actions:",
        "      assign.forced: struck\n      urge: {actions:",
    ),
    mutation("backlog", "settled unsolved", "plan: {target: solving,", "plan: {target: settled,"),
    mutation("hazard", "nobody is given it", "{at: due, raise: assign.forced, notify", "{at: due, notify"),
    mutation(
        "hazard",
        "it is given too late",
        "{at: due, raise: assign.forced, notify",
        "{at: due + 1 working day, raise: assign.forced, notify",
    ),
    mutation(
        "hazard",
        "the clock takes longer than promised",
        "    within: 1 working day\n",
        "    within: 2 working days\n",
    ),
    mutation(
        "hazard",
        "half of a longer time is not surely in time",
        "{at: 50%, notify: role:dispatcher, template: assign-reminder}",
        "{at: 50%, raise: assign.forced}",
    ),
    mutation(
        "guide-2",
        "the event that forces it leads nowhere",
        "assign.forced: {target: sampling, actions",
        "assign.forced: {actions",
    ),
    mutation(
        "guide-2",
        "it is forced earlier",
        "{at: 50%, notify: role:dispatcher, template: assign-reminder}",
        "{at: start + 1 hour, raise: assign.forced}",
    ),
    mutation("sketch", "closed without disposal", "reply.delivered: disposed", "reply.delivered: closed"),
    mutation(
        "sketch",
        "the assignment is not forced",
        "      - {at: due, raise: assign.forced}\n",
        "      - {at: due, notify: role:dispatcher}\n",
    ),
    mutation(
        "sketch",
        "a returned matter is not timed again",
        "starts: {event: objection.agreed}",
        "starts: {event: withdrawn}",
    ),
];
