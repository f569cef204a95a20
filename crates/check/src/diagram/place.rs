//! Where everything stands. First all heights, from the inside out: they do not depend on lanes. Then the lanes of each
//! box, packed so that two lanes whose lines do not meet share a track. Then widths and the places across.

use std::collections::BTreeMap;

use huiyin_chart::Definition;
use huiyin_chart::definition::{StateIx, StateKind};

use super::measure::width;
use super::rows::{Content, LEAF, PAD, WIDE, is_history};
use super::ways::Way;

/// Space between two boxes in a column.
const GAP: f64 = 16.0;
/// Space left of a column, where the dot of the beginning stands.
const MARGIN: f64 = 30.0;
/// Space between two lives side by side.
const BESIDE: f64 = 18.0;
/// Distance between two lanes.
const TRACK: f64 = 9.0;
/// Distance between two lines in a gutter.
const GUTTER: f64 = 8.0;

/// A rectangle on the page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

/// A line on the page.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) way: Way,
    /// Its corners, from the row to the target.
    pub(super) points: Vec<(f64, f64)>,
}

/// Everything in its place; the chart begins at (0, 0).
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) boxes: Vec<Content>,
    pub(super) areas: Vec<Area>,
    pub(super) drawn: Vec<Drawn>,
}

impl Chart {
    /// Width and height of all of it.
    pub(super) fn size(&self) -> (f64, f64) {
        let root = self.areas[0];
        (root.w, root.h)
    }
}

/// A lane: in which box, and for which target.
type Lane = (StateIx, StateIx);

struct Placing<'d> {
    def: &'d Definition,
    boxes: Vec<Content>,
    areas: Vec<Area>,
    /// Height of the line of each target in the gutter of a parallel state.
    gutters: BTreeMap<Lane, f64>,
    /// From where to where each lane is used.
    spans: BTreeMap<Lane, (f64, f64)>,
    /// Track of each lane, from the left.
    tracks: BTreeMap<Lane, usize>,
    /// Where the lanes of a box begin.
    lanes_at: Vec<f64>,
}

/// Gives everything its place.
pub(super) fn place(def: &Definition, boxes: Vec<Content>, ways: Vec<Way>) -> Chart {
    let count = def.states.len();
    let mut placing = Placing {
        def,
        boxes,
        areas: vec![Area::default(); count],
        gutters: BTreeMap::new(),
        spans: BTreeMap::new(),
        tracks: BTreeMap::new(),
        lanes_at: vec![0.0; count],
    };
    let mut passed: BTreeMap<StateIx, Vec<StateIx>> = BTreeMap::new();
    for way in &ways {
        for (parallel, _) in way.out.iter().chain(&way.into) {
            passed.entry(*parallel).or_default().push(way.target);
        }
        if is_parallel(def, way.scope) {
            passed.entry(way.scope).or_default().push(way.target);
        }
    }
    for targets in passed.values_mut() {
        targets.sort_unstable();
        targets.dedup();
    }
    placing.height(0, &passed);
    placing.down(0, 0.0, &passed);
    ways.iter().for_each(|way| placing.spans_of(way));
    placing.pack();
    placing.width(0);
    placing.across(0, 0.0);
    let drawn = ways.into_iter().map(|way| Drawn { points: placing.points(&way), way }).collect();
    Chart { boxes: placing.boxes, areas: placing.areas, drawn }
}

fn is_parallel(def: &Definition, ix: StateIx) -> bool {
    def.states[usize::from(ix)].kind == StateKind::Parallel
}

impl Placing<'_> {
    fn children(&self, ix: StateIx) -> Vec<StateIx> {
        self.def.states[usize::from(ix)].children.clone()
    }

    /// Lives stand side by side; a history state of a parallel state stands with them.
    fn height(&mut self, ix: StateIx, passed: &BTreeMap<StateIx, Vec<StateIx>>) -> f64 {
        let children = self.children(ix);
        let heights: Vec<f64> = children.iter().map(|child| self.height(*child, passed)).collect();
        let mut h = self.boxes[usize::from(ix)].height;
        if is_parallel(self.def, ix) {
            h += heights.iter().copied().fold(0.0, f64::max) + GAP;
            h += self.gutter_room(ix, passed);
        } else if !children.is_empty() {
            h += heights.iter().sum::<f64>() + GAP * (heights.len() as f64);
        }
        self.areas[usize::from(ix)].h = h;
        h
    }

    fn gutter_room(&self, ix: StateIx, passed: &BTreeMap<StateIx, Vec<StateIx>>) -> f64 {
        passed.get(&ix).map_or(0.0, |targets| targets.len() as f64 * GUTTER)
    }

    fn down(&mut self, ix: StateIx, y: f64, passed: &BTreeMap<StateIx, Vec<StateIx>>) {
        self.areas[usize::from(ix)].y = y;
        let mut at = y + self.boxes[usize::from(ix)].height;
        let parallel = is_parallel(self.def, ix);
        for child in self.children(ix) {
            self.down(child, at, passed);
            if parallel && !is_history(&self.def.states[usize::from(child)]) {
                let end = self.end_of_lives(ix, passed);
                self.areas[usize::from(child)].h = end - at;
            }
            if !parallel {
                at += self.areas[usize::from(child)].h + GAP;
            }
        }
        if parallel {
            let end = self.end_of_lives(ix, passed);
            for (target, n) in passed.get(&ix).into_iter().flatten().zip(1_u32..) {
                self.gutters.insert((ix, *target), end + f64::from(n) * GUTTER);
            }
        }
    }

    /// Where the lives of a parallel state end and its gutter begins.
    fn end_of_lives(&self, ix: StateIx, passed: &BTreeMap<StateIx, Vec<StateIx>>) -> f64 {
        let area = self.areas[usize::from(ix)];
        area.y + area.h - GAP - self.gutter_room(ix, passed)
    }

    /// Height at which a line leaves its row, and at which it enters its target.
    fn ends(&self, way: &Way) -> (f64, f64) {
        let row = self.boxes[usize::from(way.source)].rows.iter().find(|row| row.transition == way.transition);
        let target = self.areas[usize::from(way.target)].y;
        (self.areas[usize::from(way.source)].y + row.map_or(12.0, |row| row.y), target + 15.0)
    }

    /// The stretches that a line runs along lanes: (lane, from, to).
    fn stretches(&self, way: &Way) -> Vec<(Lane, f64, f64)> {
        let (mut y, end) = self.ends(way);
        let target = way.target;
        let mut found = Vec::new();
        for (parallel, life) in &way.out {
            let gutter = self.gutters[&(*parallel, target)];
            found.push(((*life, target), y, gutter));
            y = gutter;
        }
        let through: Vec<f64> = way.into.iter().map(|(parallel, _)| self.gutters[&(*parallel, target)]).collect();
        if !is_parallel(self.def, way.scope) || way.out.is_empty() {
            let next = through.first().copied().unwrap_or(end);
            found.push(((way.scope, target), y, next));
        }
        for (ix, (_, life)) in way.into.iter().enumerate().filter(|(_, (_, life))| *life != target) {
            let next = through.get(ix + 1).copied().unwrap_or(end);
            found.push(((*life, target), through[ix], next));
        }
        found
    }

    fn spans_of(&mut self, way: &Way) {
        for (lane, from, to) in self.stretches(way) {
            let span = self.spans.entry(lane).or_insert((from.min(to), from.max(to)));
            *span = (span.0.min(from).min(to), span.1.max(from).max(to));
        }
    }

    /// Short lanes come next to the boxes, long ones outside; lanes that do not meet share a track.
    fn pack(&mut self) {
        let mut lanes: Vec<(Lane, (f64, f64))> = self.spans.iter().map(|(lane, span)| (*lane, *span)).collect();
        lanes.sort_by(|(a, x), (b, y)| (x.1 - x.0).total_cmp(&(y.1 - y.0)).then(a.cmp(b)));
        let mut taken: BTreeMap<StateIx, Vec<Vec<(f64, f64)>>> = BTreeMap::new();
        for (lane, span) in lanes {
            let tracks = taken.entry(lane.0).or_default();
            let free =
                |used: &Vec<(f64, f64)>| used.iter().all(|other| span.1 + 6.0 < other.0 || other.1 + 6.0 < span.0);
            let track = tracks.iter().position(free).unwrap_or(tracks.len());
            if track == tracks.len() {
                tracks.push(Vec::new());
            }
            tracks[track].push(span);
            self.tracks.insert(lane, track);
        }
    }

    fn lanes_room(&self, ix: StateIx) -> f64 {
        let tracks = self.tracks.iter().filter(|(lane, _)| lane.0 == ix).map(|(_, track)| track + 1).max();
        tracks.map_or(0.0, |tracks| tracks as f64 * TRACK + 6.0)
    }

    fn width(&mut self, ix: StateIx) -> f64 {
        let children = self.children(ix);
        let widths: Vec<f64> = children.iter().map(|child| self.width(*child)).collect();
        let state = &self.def.states[usize::from(ix)];
        let text = if state.is_leaf() { LEAF } else { WIDE } + 2.0 * PAD;
        let inner = if is_history(state) {
            34.0
        } else if is_parallel(self.def, ix) {
            let lives = widths.len() as f64;
            text.max(widths.iter().sum::<f64>() + BESIDE * (lives + 1.0))
        } else if children.is_empty() {
            text
        } else {
            // Line up the boxes of a column, so that their arrows begin together.
            let widest = widths.iter().copied().fold(0.0, f64::max);
            text.max(MARGIN + widest + PAD)
        };
        let w = inner + self.lanes_room(ix);
        self.lanes_at[usize::from(ix)] = inner;
        self.areas[usize::from(ix)].w = w;
        w
    }

    fn across(&mut self, ix: StateIx, x: f64) {
        self.areas[usize::from(ix)].x = x;
        self.lanes_at[usize::from(ix)] += x;
        let parallel = is_parallel(self.def, ix);
        let mut at = x + if parallel { BESIDE } else { MARGIN };
        for child in self.children(ix) {
            self.across(child, at);
            if parallel {
                at += self.areas[usize::from(child)].w + BESIDE;
            }
        }
    }

    fn lane_x(&self, lane: Lane) -> f64 {
        self.lanes_at[usize::from(lane.0)] + (self.tracks.get(&lane).copied().unwrap_or(0) as f64 + 0.5) * TRACK
    }

    /// Where the text of a row ends: a wide box has its lanes right of it.
    fn end_of_row(&self, way: &Way) -> f64 {
        let row = self.boxes[usize::from(way.source)].rows.iter().find(|row| row.transition == way.transition);
        let widths = row.iter().flat_map(|row| &row.lines).map(|line| width(&line.text, line.look.size().0));
        (PAD + 16.0 + widths.fold(0.0, f64::max)).min(WIDE + PAD)
    }

    fn points(&self, way: &Way) -> Vec<(f64, f64)> {
        let (y, end) = self.ends(way);
        let source = self.areas[usize::from(way.source)];
        let leaf = self.def.states[usize::from(way.source)].is_leaf();
        let begin = if leaf { source.x + source.w } else { source.x + self.end_of_row(way) };
        let mut points = vec![(begin, y)];
        for (lane, from, to) in self.stretches(way) {
            let x = self.lane_x(lane);
            points.push((x, from));
            points.push((x, to));
        }
        let target = self.areas[usize::from(way.target)];
        match way.into.last() {
            // A life itself is entered from below.
            Some((_, life)) if *life == way.target => {
                let gutter = points.last().map_or(end, |point| point.1);
                let x = target.x + target.w / 2.0;
                points.push((x, gutter));
                points.push((x, target.y + target.h));
            }
            _ => points.push((target.x + target.w, end)),
        }
        points
    }
}
