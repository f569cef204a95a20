//! Writes the page: heading, chart, table of clocks, promises.

use std::collections::BTreeMap;

use huiyin_chart::definition::{Claim, StateIx, StateKind};

use super::place::{Area, Chart, Drawn};
use super::rows::{Line, Look, PAD, is_history};
use super::table::{BETWEEN, CARD, Card};
use super::words::Words;
use super::xml::{Page, number};

/// Space around everything.
const EDGE: f64 = 24.0;
/// Colours of lines; one target has one of them. Each has a contrast of at least 4.5 : 1 on white.
const COLOURS: [&str; 8] = ["#1f4e79", "#8a3b12", "#2e6b34", "#6b2d73", "#7a5c00", "#0f6674", "#a02040", "#4a4a4a"];

const STYLE: &str = "
text { font-family: 'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif; fill: #1b2430; }
.page { fill: #ffffff; }
.heading { font-size: 22px; font-weight: 700; }
.under, .promise { font-size: 12px; fill: #46515e; }
.state > rect { fill: #ffffff; stroke: #5b6b7c; stroke-width: 1.2; }
.state.holds > rect { fill: #f5f8fb; }
.state.holds.deep > rect { fill: #eaf0f6; }
.state.life > rect { stroke-dasharray: 6 4; }
.state.final > rect { fill: #eef5ee; stroke: #2e6b34; }
.state .title { font-size: 14px; font-weight: 700; }
.state .id { font-size: 10px; fill: #5b6570; font-family: 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace; }
.state .owner { font-size: 11px; fill: #1f4e79; }
.state .clocks { font-size: 11px; fill: #8a3b12; }
.transition .event { font-size: 12px; }
.transition .guard { font-size: 9.5px; fill: #5b6570; }
.way { fill: none; stroke-width: 1.3; }
.dot { fill: #1b2430; }
.begin { stroke: #1b2430; stroke-width: 1.3; fill: none; }
.history { fill: #ffffff; stroke: #5b6b7c; stroke-width: 1.2; }
.h { font-size: 12px; font-weight: 700; text-anchor: middle; }
.clock > rect { fill: #fffdf7; stroke: #a98f57; }
.clock line { stroke: #d9c9a0; }
.clock .name { font-size: 13px; font-weight: 700; }
.clock .fact { font-size: 11px; fill: #46515e; }
.clock .rung { font-size: 11px; font-weight: 700; fill: #8a3b12; }
.clock .value { font-size: 11px; }
";

/// The whole page.
pub(super) fn page(words: &Words<'_>, chart: &Chart, cards: &[Card]) -> String {
    let promises = promises(words);
    let top = EDGE + 62.0 + 17.0 * promises.len() as f64;
    let (w, h) = chart.size();
    let columns = columns(cards, h);
    let table = columns.len() as f64 * (CARD + BETWEEN);
    let total_w = EDGE + w + BETWEEN * 2.0 + table + EDGE - BETWEEN;
    let tallest = columns.iter().map(|column| column_height(cards, column)).fold(h, f64::max);
    let total_h = top + tallest + EDGE;
    let mut page = Page::default();
    let (view_w, view_h) = (number(total_w.ceil()), number(total_h.ceil()));
    page.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg".into()),
            ("width", view_w.clone()),
            ("height", view_h.clone()),
            ("viewBox", format!("0 0 {view_w} {view_h}")),
            ("role", "img".into()),
            ("aria-labelledby", "title desc".into()),
            ("lang", words.say("zh-CN", "en").into()),
            ("data-workflow", words.def.name.clone()),
        ],
    );
    page.text("title", &[("id", "title".into())], words.text(&words.def.title));
    page.text("desc", &[("id", "desc".into())], &description(words));
    page.text("style", &[], STYLE);
    arrows(&mut page);
    page.empty("rect", &[("class", "page".into()), ("width", "100%".into()), ("height", "100%".into())]);
    heading(words, &mut page, &promises);
    page.open("g", &[("transform", format!("translate({} {})", number(EDGE), number(top)))]);
    state(words, chart, &mut page, 0, 0);
    for drawn in &chart.drawn {
        line(&mut page, drawn);
    }
    joints(chart, &mut page);
    for (column, n) in columns.iter().zip(0_u32..) {
        let x = w + BETWEEN * 2.0 + f64::from(n) * (CARD + BETWEEN);
        let mut y = 0.0;
        for card in column {
            cards[*card].draw(&mut page, x, y);
            y += cards[*card].height + BETWEEN;
        }
    }
    page.end()
}

fn description(words: &Words<'_>) -> String {
    let def = words.def;
    let waiting = def.states.iter().filter(|state| state.kind == StateKind::Atomic).count();
    let (clocks, ways) = (def.clocks.len(), def.transitions.len());
    if words.say("zh", "en") == "zh" {
        format!(
            "流程“{}”（{} 第 {} 版）的状态图：{waiting} 个停留状态，{ways} 条转换，{clocks} 个时限。左边是状态及其责任人，右边是各时限及其升级阶梯。",
            def.title.zh, def.name, def.version
        )
    } else {
        format!(
            "Statechart of the workflow {} ({} version {}): {waiting} states to wait in, {ways} transitions, {clocks} clocks. States and their owners on the left, clocks and their ladders on the right.",
            def.title.en, def.name, def.version
        )
    }
}

/// What the workflow promises, one line each.
fn promises(words: &Words<'_>) -> Vec<String> {
    let mut said = Vec::new();
    for target in &words.def.targets {
        let title = words.text(&target.title);
        said.push(match &target.claim {
            Claim::Reaches { every, reaches, within, nobody_acts } => {
                let alone = if *nobody_acts { words.say("，无人处理也是", ", even if nobody acts") } else { "" };
                let (event, states) = (words.event(every), words.states(reaches));
                let time = words.span(*within);
                words
                    .say(
                        "◆ {title}：“{event}”之后 {time} 内到“{states}”{alone}",
                        "◆ {title}: after “{event}”, “{states}” within {time}{alone}",
                    )
                    .replace("{title}", title)
                    .replace("{event}", &event)
                    .replace("{time}", &time)
                    .replace("{states}", &states)
                    .replace("{alone}", alone)
            }
            Claim::NeverWithout { never, without } => {
                let (never, without) = (words.state(*never), words.states(without));
                words
                    .say("◆ {title}：未经“{without}”不得“{never}”", "◆ {title}: never “{never}” without “{without}”")
                    .replace("{title}", title)
                    .replace("{without}", &without)
                    .replace("{never}", never)
            }
        });
    }
    said
}

fn heading(words: &Words<'_>, page: &mut Page, promises: &[String]) {
    let def = words.def;
    let at = |y: f64, class: &str| [("class", class.to_owned()), ("x", number(EDGE)), ("y", number(y))];
    page.text("text", &at(EDGE + 18.0, "heading"), words.text(&def.title));
    let version = words.say("第 {} 版", "version {}").replace("{}", &def.version.to_string());
    let key = words.say(
        "实线框：状态；虚线框：并行办理；● 开始；双线框：结束；H：恢复原状态；[ ]：条件；箭头颜色按目标状态",
        "box: state; dashed: side by side; ● beginning; double frame: end; H: where it was; [ ]: condition; arrows are coloured by their target",
    );
    page.text("text", &at(EDGE + 38.0, "under"), &format!("{} · {version} · {key}", def.name));
    for (promise, n) in promises.iter().zip(1_u32..) {
        page.text("text", &at(EDGE + 38.0 + 17.0 * f64::from(n), "promise"), promise);
    }
}

fn arrows(page: &mut Page) {
    page.open("defs", &[]);
    let marker = |id: String| {
        [
            ("id", id),
            ("viewBox", "0 0 10 10".to_owned()),
            ("refX", "9".to_owned()),
            ("refY", "5".to_owned()),
            ("markerWidth", "8".to_owned()),
            ("markerHeight", "8".to_owned()),
            ("orient", "auto".to_owned()),
        ]
    };
    let colours = COLOURS.iter().copied().enumerate().map(|(n, colour)| (format!("arrow{n}"), colour));
    for (id, colour) in colours.chain([("arrow".to_owned(), "#1b2430")]) {
        page.open("marker", &marker(id));
        page.empty("path", &[("d", "M 0 0 L 10 5 L 0 10 z".into()), ("fill", colour.into())]);
        page.close();
    }
    page.close();
}

/// Cards in columns about as high as the chart.
fn columns(cards: &[Card], height: f64) -> Vec<Vec<usize>> {
    let all: f64 = cards.iter().map(|card| card.height + BETWEEN).sum();
    let room = height.max(all / 4.0).max(300.0);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    let mut used = f64::INFINITY;
    for (ix, card) in cards.iter().enumerate() {
        if used + card.height > room {
            columns.push(Vec::new());
            used = 0.0;
        }
        used += card.height + BETWEEN;
        if let Some(column) = columns.last_mut() {
            column.push(ix);
        }
    }
    columns
}

fn column_height(cards: &[Card], column: &[usize]) -> f64 {
    column.iter().map(|ix| cards[*ix].height + BETWEEN).sum()
}

/// A state and what is in it. What is inside is drawn after it, so that it lies on top.
fn state(words: &Words<'_>, chart: &Chart, page: &mut Page, ix: StateIx, depth: u32) {
    let def = words.def;
    let state_def = &def.states[usize::from(ix)];
    let area = chart.areas[usize::from(ix)];
    let parallel = |ix: StateIx| def.states[usize::from(ix)].kind == StateKind::Parallel;
    let mut class = "state".to_owned();
    if !state_def.is_leaf() {
        class += if depth.is_multiple_of(2) { " holds" } else { " holds deep" };
    }
    if state_def.parent.is_some_and(parallel) && !is_history(state_def) {
        class += " life";
    }
    if state_def.kind == StateKind::Final {
        class += " final";
    }
    page.open("g", &[("class", class), ("data-state", state_def.id.clone())]);
    page.text("title", &[], &spoken(words, ix));
    if is_history(state_def) {
        history(page, state_def.kind == (StateKind::History { deep: true }), area, state_def.initial);
    } else {
        frame(page, area, 0.0);
        if state_def.kind == StateKind::Final {
            frame(page, area, 3.5);
        }
        texts(page, chart, ix);
        if let Some(initial) = state_def.initial {
            beginning(words, chart, page, ix, initial);
        }
        for child in &state_def.children {
            state(words, chart, page, *child, depth + 1);
        }
    }
    page.close();
}

fn spoken(words: &Words<'_>, ix: StateIx) -> String {
    let id = &words.def.states[usize::from(ix)].id;
    let owner = words.owner(ix).map(|owner| format!("; {owner}")).unwrap_or_default();
    format!("{} ({id}){owner}", words.state(ix))
}

fn frame(page: &mut Page, area: Area, inset: f64) {
    let round = if inset > 0.0 { "5" } else { "8" };
    page.empty(
        "rect",
        &[
            ("x", number(area.x + inset)),
            ("y", number(area.y + inset)),
            ("width", number(area.w - 2.0 * inset)),
            ("height", number(area.h - 2.0 * inset)),
            ("rx", round.into()),
        ],
    );
}

fn texts(page: &mut Page, chart: &Chart, ix: StateIx) {
    let area = chart.areas[usize::from(ix)];
    let content = &chart.boxes[usize::from(ix)];
    for line in &content.head {
        said(page, area, line, 0.0);
    }
    for row in &content.rows {
        page.open("g", &[("class", "transition".into()), ("data-transition", row.transition.to_string())]);
        page.text("title", &[], &row.whole);
        for line in &row.lines {
            said(page, area, line, 8.0);
        }
        page.close();
    }
}

fn said(page: &mut Page, area: Area, line: &Line, indent: f64) {
    let class = match line.look {
        Look::Title => "title",
        Look::Id => "id",
        Look::Owner => "owner",
        Look::Clocks => "clocks",
        Look::Event => "event",
        Look::Guard => "guard",
    };
    let (x, y) = (number(area.x + PAD + indent), number(area.y + line.y));
    page.text("text", &[("class", class.into()), ("x", x), ("y", y)], &line.text);
}

fn history(page: &mut Page, deep: bool, area: Area, initial: Option<u16>) {
    let (x, y) = (area.x + area.w / 2.0, area.y + 15.0);
    page.empty("circle", &[("class", "history".into()), ("cx", number(x)), ("cy", number(y)), ("r", "13".into())]);
    let said = if deep { "H*" } else { "H" };
    let mut attributes = vec![("class", "h".to_owned()), ("x", number(x)), ("y", number(y + 4.5))];
    attributes.extend(initial.map(|ix| ("data-transition", ix.to_string())));
    page.text("text", &attributes, said);
}

/// The dot and the arrow to where a state begins.
fn beginning(words: &Words<'_>, chart: &Chart, page: &mut Page, ix: StateIx, initial: u16) {
    let def = words.def;
    let area = chart.areas[usize::from(ix)];
    let mut group = vec![("class", "initial".to_owned()), ("data-transition", initial.to_string())];
    group.push(("data-of", def.states[usize::from(ix)].id.clone()));
    page.open("g", &group);
    for target in &def.transitions[usize::from(initial)].targets {
        let child = chart.areas[usize::from(child_towards(words, ix, *target))];
        let (x, y) = (area.x + 11.0, child.y + 15.0);
        page.empty("circle", &[("class", "dot".into()), ("cx", number(x)), ("cy", number(y)), ("r", "4.5".into())]);
        let d = format!("M {} {} H {}", number(x), number(y), number(child.x));
        page.empty("path", &[("class", "begin".into()), ("d", d), ("marker-end", "url(#arrow)".into())]);
    }
    page.close();
}

/// The state directly inside, in which the target lies.
fn child_towards(words: &Words<'_>, ix: StateIx, target: StateIx) -> StateIx {
    let mut at = target;
    while let Some(parent) = words.def.states[usize::from(at)].parent {
        if parent == ix {
            break;
        }
        at = parent;
    }
    at
}

fn colour(target: StateIx) -> usize {
    usize::from(target) % COLOURS.len()
}

fn line(page: &mut Page, drawn: &Drawn) {
    let target = drawn.way.target;
    let corners: Vec<String> = drawn.points.iter().map(|(x, y)| format!("{} {}", number(*x), number(*y))).collect();
    page.empty(
        "path",
        &[
            ("class", "way".into()),
            ("data-from", drawn.way.transition.to_string()),
            ("d", format!("M {}", corners.join(" L "))),
            ("stroke", COLOURS[colour(target)].into()),
            ("marker-end", format!("url(#arrow{})", colour(target))),
        ],
    );
}

/// Dots where a line joins the lane that others use too: lines that only cross have none.
fn joints(chart: &Chart, page: &mut Page) {
    let mut met: BTreeMap<(StateIx, String), u32> = BTreeMap::new();
    for drawn in &chart.drawn {
        let x = drawn.points.get(1).map(|point| number(point.0)).unwrap_or_default();
        *met.entry((drawn.way.target, x)).or_default() += 1;
    }
    for drawn in &chart.drawn {
        let Some((x, y)) = drawn.points.get(1) else { continue };
        if met.get(&(drawn.way.target, number(*x))).is_some_and(|lines| *lines > 1) {
            let fill = COLOURS[colour(drawn.way.target)].to_owned();
            page.empty("circle", &[("cx", number(*x)), ("cy", number(*y)), ("r", "2.6".into()), ("fill", fill)]);
        }
    }
}
