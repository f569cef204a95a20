// The XState side of the differential test: reads one case a line from the file named on the command line, runs it
// with XState, writes one answer a line. It only translates and records; comparing is done by crates/chart/tests/xstate.
//
// Case:   {"name", "chart": a chart in Huiyin's language, "terms": {CEL text: its tree}, "script": [{event, data, after}]}
// Answer: {"name", "lines": [{active, actions, data}], "end": null | "endless" | an error, "excluded": null | name}
//
// `excluded` is the name of a difference of crates/chart/DIFFERENCES.md that this run met; the lines before it count.

import { readFileSync, writeSync } from 'node:fs';
import { SimulatedClock, assign, cancel, createActor, createMachine, initialTransition, raise, stateIn, transition } from 'xstate';

// The limits of the interpreter: beyond them a chart is in a loop.
const MAX_MICROSTEPS = 1000;
const MAX_DELAYS = 256;
const UNITS = { ms: 1, s: 1000, second: 1000, seconds: 1000, m: 60_000, min: 60_000, minute: 60_000, minutes: 60_000, h: 3_600_000, hour: 3_600_000, hours: 3_600_000 };

class Failed extends Error {}

function milliseconds(text) {
  const found = /^(\d+)\s*([a-z]*)$/.exec(String(text));
  const unit = found[2] === '' ? 1 : UNITS[found[2]];
  if (unit === undefined) throw new Error(`unknown unit in ${text}`);
  return Number(found[1]) * unit;
}

// Ids of Huiyin may have dots, which XState reads as a path.
const safe = (id) => 'i_' + id.replaceAll('.', '_');

// -- Expressions: trees instead of CEL; an error is absorbed by && and || as CEL defines. --------------------------------

function value(tree, { context, event, active }) {
  const [op, ...args] = tree;
  const of = (part) => value(part, { context, event, active });
  const guarded = (part) => {
    try { return of(part); } catch (error) { if (error instanceof Failed) return error; throw error; }
  };
  switch (op) {
    case 'lit': return args[0];
    case 'data': if (!(args[0] in context)) throw new Failed(); return context[args[0]];
    case 'event': if (event[args[0]] === undefined) throw new Failed(); return event[args[0]];
    case 'in': return active(args[0]);
    case '+': return of(args[0]) + of(args[1]);
    case '<': return of(args[0]) < of(args[1]);
    case '>=': return of(args[0]) >= of(args[1]);
    case '==': return of(args[0]) === of(args[1]);
    case '!': return !of(args[0]);
    case '&&': case '||': {
      const decides = op === '||';
      const [a, b] = [guarded(args[0]), guarded(args[1])];
      if (a === decides || b === decides) return decides;
      if (a instanceof Failed) throw a;
      if (b instanceof Failed) throw b;
      return !decides;
    }
    default: throw new Error(`unknown operator ${op}`);
  }
}

function attempt(tree, scope) {
  try { return { value: value(tree, scope) }; } catch (error) { if (error instanceof Failed) return {}; throw error; }
}

// -- Translation --------------------------------------------------------------------------------------------------------

function translate(chart, terms, world) {
  const ids = new Map(); // XState id → Huiyin id
  const root = chart.workflow;
  const term = (cel) => {
    if (typeof cel !== 'string') return ['lit', cel];
    if (!(cel in terms)) throw new Error(`no tree for ${cel}`);
    return terms[cel];
  };
  const inState = (snapshot) => (id) => {
    const guard = stateIn('#' + safe(id));
    return guard.check(snapshot, undefined, { stateValue: guard.stateValue });
  };
  const guardOf = (cel) => {
    const tree = term(cel);
    function guard() { return false; }
    guard.check = (snapshot, { context, event }) =>
      attempt(tree, { context, event, active: inState(snapshot) }).value === true;
    return guard;
  };
  const plain = { active: () => { throw new Failed(); } };
  const note = (params) => ({ type: 'note', params });
  const action = (each) => {
    if (typeof each === 'string') return [note({ did: each })];
    if ('set' in each) {
      const fields = Object.entries(each.set).map(([key, cel]) => [key, term(cel)]);
      const able = (args) => fields.filter(([, tree]) => 'value' in attempt(tree, { ...args, ...plain }));
      // The values are worked out on the data before; which of them can be is the same after.
      return [
        assign((args) => Object.fromEntries(able(args).map(([key, tree]) => [key, value(tree, { ...args, ...plain })]))),
        ...fields.map(([key]) => note((args) => (able(args).some(([k]) => k === key) ? { did: { set: { [key]: args.context[key] } } } : {}))),
      ];
    }
    if ('cancel' in each) {
      return [note(() => { world.cancelled(each.cancel); return {}; }), cancel(each.cancel)];
    }
    const { event, data = {}, after, id } = typeof each.raise === 'string' ? { event: each.raise } : each.raise;
    const make = ({ context, event: current }) => {
      const made = { type: event };
      for (const [key, cel] of Object.entries(data)) {
        const given = attempt(term(cel), { context, event: current, ...plain });
        if ('value' in given) made[key] = given.value;
      }
      return made;
    };
    if (after === undefined) return [raise(make)];
    const delay = milliseconds(after);
    return [
      raise(make, { delay, ...(id === undefined ? {} : { id }) }),
      note(() => { world.scheduled(id); return { did: { raise: event, due: world.now() + delay } }; }),
    ];
  };
  const actions = (list) => [list ?? []].flat().flatMap(action);
  const eventName = (name) => (name.startsWith('done.') ? 'xstate.' + (name.startsWith('done.state.') && !name.endsWith('*') ? 'done.state.' + safe(name.slice(11)) : name) : name);
  const target = (text) => (text.startsWith('#') ? '#' + safe(text.slice(1)) : text);
  const targets = (given) => (Array.isArray(given) ? given.map(target) : target(given));
  const one = (given) => {
    if (given === null) return undefined;
    if (typeof given === 'string') return { target: target(given) };
    const made = { ...given };
    if ('target' in made) made.target = targets(made.target);
    if ('guard' in made) { made.guard = guardOf(given.guard); made.tree = term(given.guard); }
    if ('actions' in made) made.actions = actions(made.actions);
    return made;
  };
  const transitions = (given) => (Array.isArray(given) ? given.map(one) : one(given));
  const state = (node, path) => {
    const id = node.id ?? (path.length ? path.join('.') : root);
    const taken = safe(id);
    if (ids.has(taken)) throw new Error(`two states would be called ${taken}`);
    ids.set(taken, id);
    const made = { id: taken };
    if (node.type) made.type = node.type;
    if (node.history) made.history = node.history;
    if (node.target !== undefined) made.target = targets(node.target);
    if (node.initial !== undefined) {
      const spec = typeof node.initial === 'object' ? node.initial : { target: node.initial };
      let key = spec.target;
      if (key.startsWith('#')) {
        const wanted = key.slice(1);
        key = Object.keys(node.states).find((k) => (node.states[k].id ?? [...path, k].join('.')) === wanted);
        if (key === undefined) throw new Error(`initial ${spec.target} is no child`);
      }
      made.initial = spec.actions ? { target: key, actions: actions(spec.actions) } : key;
    }
    if (node.on) made.on = Object.fromEntries(Object.entries(node.on).map(([name, list]) => [eventName(name), transitions(list)]));
    if (node.always) made.always = transitions(node.always);
    if (node.after) made.after = Object.fromEntries(Object.entries(node.after).map(([delay, list]) => [milliseconds(delay), transitions(list)]));
    made.entry = [note(() => { world.entered(id); return {}; }), ...actions(node.entry)];
    made.exit = [...actions(node.exit), note(() => { world.left(id); return {}; })];
    if (node.states) {
      // JavaScript would sort keys that look like numbers; charts of the test have none.
      made.states = Object.fromEntries(Object.entries(node.states).map(([key, child]) => [key, state(child, [...path, key])]));
    }
    return made;
  };
  const config = state(chart, []);
  const context = Object.fromEntries(Object.entries(chart.data?.properties ?? {}).filter(([, part]) => 'default' in part).map(([key, part]) => [key, part.default]));
  const machine = createMachine({ ...config, context, options: { maxIterations: MAX_MICROSTEPS } }, {
    actions: { note: (_, params) => { if (params.did !== undefined) world.did(params.did); } },
  });
  return { machine, ids, inState };
}

// Of several timers due together the one made first fires first; the sort of the class leaves their order open.
class Clock extends SimulatedClock {
  constructor(deliver) {
    super();
    this.deliver = deliver;
  }

  flushTimeouts() {
    const end = ([, { start, timeout }]) => start + timeout;
    for (;;) {
      const [first] = [...this.timeouts].filter((each) => end(each) <= this.now()).sort((a, b) => end(a) - end(b) || a[0] - b[0]);
      if (first === undefined) return;
      this.timeouts.delete(first[0]);
      this.deliver(first[1].fn);
    }
  }
}

// -- Running ------------------------------------------------------------------------------------------------------------

const isLeaf = (node) => node.type === 'atomic' || node.type === 'final';
const endOf = (error) => (/Infinite loop detected/.test(error.message) ? 'endless' : `error: ${error.message}`);

// SCXML, 3.11: with each state its parent, with a compound state one child, with a parallel state all children.
function isLawful(nodes) {
  const all = new Set(nodes);
  return nodes.every((node) => {
    if (node.parent && !all.has(node.parent)) return false;
    const children = Object.values(node.states).filter((each) => each.type !== 'history');
    const active = children.filter((each) => all.has(each)).length;
    if (node.type === 'compound') return active === 1;
    return node.type !== 'parallel' || active === children.length;
  });
}

function shown(snapshot, ids) {
  const active = snapshot._nodes.filter(isLeaf).map((node) => ids.get(node.id)).sort();
  return { active, data: snapshot.context };
}

// The eventless transitions that each leaf would take, in the given order of leaves.
function eventless(snapshot, leaves, event, inState) {
  const found = [];
  for (const leaf of leaves) {
    up: for (let node = leaf; node; node = node.parent) {
      for (const each of node.always ?? []) {
        const holds = each.tree === undefined
          || attempt(each.tree, { context: snapshot.context, event, active: inState(snapshot) }).value === true;
        if (holds) {
          if (!found.includes(each)) found.push(each);
          break up;
        }
      }
    }
  }
  return found;
}

function withActor({ chart, terms, script }) {
  let done = [];
  let excluded = null;
  let end = null;
  const waiting = new Set();
  const inside = new Set();
  const clock = new Clock((fire) => deliver(fire));
  const world = {
    did: (what) => done.push(what),
    now: () => clock.now(),
    // XState forgets a delay when another with the same id is made.
    scheduled: (id) => {
      if (id === undefined) return;
      const pending = actor !== undefined && Object.keys(actor.system.getSnapshot()._scheduledEvents).some((key) => key.endsWith('.' + id));
      if (pending || waiting.has(id)) excluded ??= 'same-delay-id';
      waiting.add(id);
    },
    cancelled: (id) => waiting.delete(id),
    entered: (id) => {
      if (inside.has(id)) excluded ??= 'entered-twice';
      inside.add(id);
    },
    left: (id) => inside.delete(id),
  };
  const { machine, ids, inState } = translate(chart, terms, world);
  let last;
  let untaken = false;
  // The first microsteps are told while the actor is made; there is no other actor.
  let actor;
  actor = createActor(machine, {
    clock,
    inspect: (told) => {
      if (told.type !== '@xstate.microstep' || (actor !== undefined && told.actorRef !== actor)) return;
      const isEventless = told._transitions.some((each) => each.eventType === '');
      if (isEventless && untaken) excluded ??= 'untaken-event';
      if (isEventless && last !== undefined) {
        const leaves = last._nodes.filter(isLeaf);
        const ordered = [...leaves].sort((a, b) => a.order - b.order);
        const [theirs, document] = [leaves, ordered].map((each) => eventless(last, each, told.event, inState));
        if (theirs.some((each, n) => each !== document[n])) excluded ??= 'always-order';
      }
      if (told._transitions.length > 0) untaken = false;
      if (!isLawful(told.snapshot._nodes ?? [])) excluded ??= 'unlawful-configuration';
      last = told.snapshot;
    },
  });
  actor.subscribe({ error: (error) => { end ??= endOf(error); } });
  const lines = [];
  const act = (what) => {
    done = [];
    waiting.clear();
    try { what(); } catch (error) { end ??= endOf(error); }
    const { status, error } = actor.getSnapshot();
    if (status === 'error') end ??= endOf(error);
    if (end === null && excluded === null) lines.push({ ...shown(actor.getSnapshot(), ids), actions: done });
    return end === null && excluded === null;
  };
  const deliver = (what) => {
    untaken = true;
    what();
    untaken = false;
  };
  const wait = (span) => {
    const until = clock.now() + span;
    for (;;) {
      const dues = [...clock.timeouts.values()].map((each) => each.start + each.timeout);
      const next = Math.min(...dues);
      if (!(next <= until) || excluded !== null || end !== null) break;
      clock.set(next);
      if (clock.timeouts.size > MAX_DELAYS) end ??= 'endless';
    }
    clock.set(until);
  };
  const open = act(() => actor.start());
  if (open) {
    for (const { event, data, after } of script) {
      const goesOn = act(() => {
        if (after !== undefined) wait(milliseconds(after));
        if (event !== undefined && actor.getSnapshot().status === 'active') deliver(() => actor.send({ ...data, type: event }));
      });
      if (!goesOn) break;
    }
  }
  actor.stop();
  return { lines, end, excluded };
}

// The pure functions, for a script in which no time passes.
function pure({ chart, terms, script }) {
  const world = { did: () => {}, now: () => 0, scheduled: () => {}, cancelled: () => {}, entered: () => {}, left: () => {} };
  const { machine, ids } = translate(chart, terms, world);
  const lines = [];
  let snapshot;
  const take = ([next, actions]) => {
    if (next.status === 'error') throw next.error;
    snapshot = next;
    const notes = actions.filter((each) => each.type === 'note' && each.params.did !== undefined);
    lines.push({ ...shown(next, ids), actions: notes.map((each) => each.params.did) });
  };
  try {
    take(initialTransition(machine));
    for (const { event, data } of script) {
      if (snapshot.status === 'active') take(transition(machine, snapshot, { ...data, type: event }));
      else lines.push({ ...shown(snapshot, ids), actions: [] });
    }
  } catch (error) {
    return { lines, end: endOf(error) };
  }
  return { lines, end: null };
}

function answer(item) {
  let told;
  try {
    told = withActor(item);
    if (item.script.every((each) => each.after === undefined)) {
      const lines = pure(item);
      const until = told.lines.length;
      if (JSON.stringify(lines.lines.slice(0, until)) !== JSON.stringify(told.lines)) {
        return { name: item.name, lines: [], end: 'error: the pure functions and the actor of XState disagree', excluded: null };
      }
      told = { lines: lines.lines.slice(0, until), end: told.excluded ? told.end : lines.end, excluded: told.excluded, pure: true };
    }
  } catch (error) {
    told = { lines: [], end: `error: ${error.stack}`, excluded: null };
  }
  return { name: item.name, ...told };
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue;
  writeSync(1, JSON.stringify(answer(JSON.parse(line))) + '\n');
}
