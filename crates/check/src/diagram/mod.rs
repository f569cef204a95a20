//! The diagram of a workflow as one SVG file, for people: states as nested boxes with title, id and owner, parallel
//! lives side by side, what can happen in each with an arrow to where it leads, and the clocks with their ladders in a
//! table beside. Pure and deterministic: the same definition and language give the same text.
//!
//! `words` says things, `measure` guesses widths of texts, `rows` lists what stands in each box, `ways` finds which
//! lines must be drawn, `place` gives everything its place, `draw` and `table` write it down through `xml`. Nothing is
//! judged here: a refused workflow can be drawn too, to see what is wrong with it.

mod draw;
mod measure;
mod place;
mod rows;
mod table;
mod ways;
mod words;
mod xml;

use huiyin_chart::Definition;

/// Language of the titles. Ids, conditions and roles are as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

/// The diagram. Every state, transition and clock can be found in it by the attributes `data-state` (id),
/// `data-transition` (index in the definition) and `data-clock` (name).
#[must_use]
pub fn svg(def: &Definition, language: Language) -> String {
    let words = words::Words { def, language };
    let boxes = rows::boxes(&words);
    let ways = ways::ways(def);
    let chart = place::place(def, boxes, ways);
    let cards = table::cards(&words);
    draw::page(&words, &chart, &cards)
}
