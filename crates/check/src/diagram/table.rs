//! The clocks as a table beside the chart: times and law, what starts, meets and ends each, and its ladder rung by rung.

use huiyin_chart::definition::ClockDecl;

use super::measure::wrap;
use super::words::Words;
use super::xml::{Page, number};

/// Width of a card.
pub(super) const CARD: f64 = 380.0;
/// Space between cards.
pub(super) const BETWEEN: f64 = 14.0;
const PAD: f64 = 10.0;
/// Width of the left column of a card.
const LEFT: f64 = 104.0;
const SIZE: f64 = 11.0;
const LINE: f64 = 15.0;

/// One clock, ready to be drawn.
pub(super) struct Card {
    name: String,
    title: Vec<String>,
    /// What stands left and right, and whether it is a rung.
    rows: Vec<(Vec<String>, Vec<String>, bool)>,
    pub(super) height: f64,
}

/// The cards of all clocks, in document order.
pub(super) fn cards(words: &Words<'_>) -> Vec<Card> {
    words.def.clocks.iter().map(|clock| card(words, clock)).collect()
}

fn card(words: &Words<'_>, clock: &ClockDecl) -> Card {
    let title = wrap(&format!("{}  {}", words.text(&clock.title), clock.name), 13.0, CARD - 2.0 * PAD, 2);
    let mut card = Card { name: clock.name.clone(), height: 8.0 + 18.0 * title.len() as f64, title, rows: Vec::new() };
    card.row(words.say("时限", "time"), &words.times(clock), false);
    card.row(words.say("起算", "starts"), &words.triggers(&clock.starts), false);
    card.row(words.say("完成", "met by"), &words.triggers(&clock.met_by), false);
    card.row(words.say("终止", "void by"), &words.triggers(&clock.void_by), false);
    let limit = clock.limit.iter().flat_map(|limit| &limit.pauses_in).copied();
    let mut pauses: Vec<u16> = clock.pauses_in.iter().copied().chain(limit).collect();
    pauses.sort_unstable();
    pauses.dedup();
    card.row(words.say("中止于", "stands still"), &words.states(&pauses), false);
    if let Some(extension) = &clock.extension {
        let (longest, times, who) = (words.span(extension.up_to), extension.times, &extension.approved_by);
        let said = format!("{longest} × {times}, {}{who}", words.say("批准 ", "approved by "));
        card.row(words.say("可延长", "extension"), &said, false);
    }
    for rung in &clock.ladder {
        card.row(&words.anchor(&rung.at), &words.does(&rung.does), true);
    }
    if let Some(repeat) = &clock.repeat {
        card.row(&words.every(repeat.every), &words.does(&repeat.does), true);
    }
    card.height += 8.0;
    card
}

impl Card {
    fn row(&mut self, left: &str, right: &str, rung: bool) {
        if right.is_empty() {
            return;
        }
        let left = wrap(left, SIZE, LEFT - 8.0, 3);
        let right = wrap(right, SIZE, CARD - LEFT - 2.0 * PAD, 6);
        self.height += LINE * left.len().max(right.len()) as f64 + 2.0;
        self.rows.push((left, right, rung));
    }

    /// Draws it with its upper left corner here.
    pub(super) fn draw(&self, page: &mut Page, x: f64, y: f64) {
        page.open("g", &[("class", "clock".into()), ("data-clock", self.name.clone())]);
        let area = [
            ("x", number(x)),
            ("y", number(y)),
            ("width", number(CARD)),
            ("height", number(self.height)),
            ("rx", "6".into()),
        ];
        page.empty("rect", &area);
        let mut at = y + 5.0;
        for line in &self.title {
            at += 18.0;
            page.text("text", &[("class", "name".into()), ("x", number(x + PAD)), ("y", number(at - 4.0))], line);
        }
        let mut ladder = false;
        for (left, right, rung) in &self.rows {
            if *rung && !ladder {
                ladder = true;
                let line = [
                    ("x1", number(x + PAD)),
                    ("x2", number(x + CARD - PAD)),
                    ("y1", number(at + 3.0)),
                    ("y2", number(at + 3.0)),
                ];
                page.empty("line", &line);
            }
            let class = if *rung { "rung" } else { "fact" };
            for (lines, x, class) in [(left, x + PAD, class), (right, x + PAD + LEFT, "value")] {
                for (line, n) in lines.iter().zip(1_u32..) {
                    let y = at + f64::from(n) * LINE;
                    page.text("text", &[("class", class.into()), ("x", number(x)), ("y", number(y))], line);
                }
            }
            at += LINE * left.len().max(right.len()) as f64 + 2.0;
        }
        page.close();
    }
}
