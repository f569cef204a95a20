//! The diagrams of all shipped workflows are well-formed and complete: every state, transition and clock is in them, in
//! both languages, nothing lies on top of anything else, and the same workflow always gives the same text. With
//! `HUIYIN_DIAGRAMS=FOLDER` they are also written there, to be looked at.
use crate::house;

use std::collections::{BTreeMap, BTreeSet};

use huiyin_chart::Definition;
use huiyin_chart::definition::StateKind;
use huiyin_check::diagram::{Language, svg};
use roxmltree::{Document, Node};

fn all() -> Vec<(String, Definition)> {
    let shipped = house::shipped().into_iter().map(|name| {
        let file = format!("{name}.yaml");
        let text = house::read(&file).unwrap();
        (name, house::load(&file, &text).unwrap_or_else(|problems| panic!("{problems}")))
    });
    let good = house::good().into_iter().map(|(name, text)| (name.clone(), house::load(&name, &text).unwrap()));
    shipped.chain(good).collect()
}

fn found(document: &Document<'_>, attribute: &str) -> BTreeSet<String> {
    document.descendants().filter_map(|node| node.attribute(attribute)).map(str::to_owned).collect()
}

#[test]
fn every_state_transition_and_clock_is_drawn() {
    for (name, def) in all() {
        for language in [Language::Zh, Language::En] {
            let text = svg(&def, language);
            let document = Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            if let (Ok(folder), Language::Zh) = (std::env::var("HUIYIN_DIAGRAMS"), language) {
                std::fs::write(format!("{folder}/{name}.svg"), &text).unwrap();
            }
            let states: BTreeSet<String> = def.states.iter().map(|state| state.id.clone()).collect();
            assert_eq!(found(&document, "data-state"), states, "{name}");
            let transitions: BTreeSet<String> = (0..def.transitions.len()).map(|ix| ix.to_string()).collect();
            assert_eq!(found(&document, "data-transition"), transitions, "{name}");
            let clocks: BTreeSet<String> = def.clocks.iter().map(|clock| clock.name.clone()).collect();
            assert_eq!(found(&document, "data-clock"), clocks, "{name}");
            let lines = document.descendants().filter(|node| node.attribute("data-from").is_some()).count();
            let initial: Vec<u16> = def.states.iter().filter_map(|state| state.initial).collect();
            let targets = def.transitions.iter().zip(0..).filter(|(_, ix)| !initial.contains(ix));
            assert_eq!(lines, targets.map(|(transition, _)| transition.targets.len()).sum::<usize>(), "{name}");
        }
    }
}

#[test]
fn it_can_be_read_to_those_who_do_not_see_it() {
    for (name, def) in all() {
        let text = svg(&def, Language::Zh);
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        let labels: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
        for label in labels {
            let said = document.descendants().find(|node| node.attribute("id") == Some(label)).unwrap();
            assert!(!said.text().unwrap().trim().is_empty(), "{name}: {label}");
        }
        for node in document.descendants().filter(|node| node.attribute("data-state").is_some()) {
            let title = node.children().find(|child| child.has_tag_name("title"));
            assert!(title.is_some_and(|title| title.text().is_some()), "{name}: {:?}", node.attribute("data-state"));
        }
    }
}

#[test]
fn the_same_workflow_gives_the_same_text_and_each_language_its_own() {
    for (name, def) in all() {
        assert_eq!(svg(&def, Language::Zh), svg(&def, Language::Zh), "{name}");
        assert_ne!(svg(&def, Language::Zh), svg(&def, Language::En), "{name}");
    }
}

#[test]
fn what_is_written_cannot_break_out_of_its_text() {
    let text = "workflow: w\ntitle: '<script>&\"]]>'\nowner: \"data.a < 1 && data.b > 2 ? 'role:a' : 'role:b'\"\ninitial: a\nstates:\n  a: {title: '</text>', on: {e: {guard: \"event.x < 3 && event.y == '<b>'\", target: b}}}\n  b: {type: final}\n";
    let def = house::load("w.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let svg = svg(&def, Language::Zh);
    let document = Document::parse(&svg).unwrap();
    assert!(!svg.contains("<script>"));
    assert!(document.descendants().any(|node| node.text() == Some("[event.x < 3 && event.y == '<b>']")));
}

type Box = (f64, f64, f64, f64);

fn rect(node: Node<'_, '_>) -> Option<Box> {
    let rect = node.children().find(|child| child.has_tag_name("rect"))?;
    let read = |name| rect.attribute(name).unwrap().parse::<f64>().unwrap();
    Some((read("x"), read("y"), read("x") + read("width"), read("y") + read("height")))
}

fn apart(a: Box, b: Box) -> bool {
    a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1
}

#[test]
fn boxes_lie_inside_their_box_and_beside_each_other() {
    for (name, def) in all() {
        let text = svg(&def, Language::Zh);
        let document = Document::parse(&text).unwrap();
        let drawn =
            document.descendants().filter_map(|node| Some((node.attribute("data-state")?.to_owned(), rect(node)?)));
        let boxes: BTreeMap<String, Box> = drawn.collect();
        for state in &def.states {
            let Some(outer) = boxes.get(&state.id) else {
                assert!(matches!(state.kind, StateKind::History { .. }), "{name}: {}", state.id);
                continue;
            };
            let inside: Vec<(&str, Box)> = state
                .children
                .iter()
                .filter_map(|ix| {
                    let id = def.states[usize::from(*ix)].id.as_str();
                    Some((id, *boxes.get(id)?))
                })
                .collect();
            for (at, (id, inner)) in inside.iter().enumerate() {
                let within = outer.0 < inner.0 && outer.1 < inner.1 && inner.2 < outer.2 && inner.3 < outer.3;
                assert!(within, "{name}: {id} leaves {}", state.id);
                for (other, area) in &inside[at + 1..] {
                    assert!(apart(*inner, *area), "{name}: {id} lies on {other}");
                }
            }
        }
    }
}

#[test]
fn no_line_runs_across_the_text_of_a_state() {
    for (name, def) in all() {
        let text = svg(&def, Language::Zh);
        let document = Document::parse(&text).unwrap();
        let leaves: Vec<(&str, Box)> = document
            .descendants()
            .filter_map(|node| {
                let id = node.attribute("data-state")?;
                let leaf = def.states.iter().find(|state| state.id == id)?.is_leaf();
                Some((id, rect(node)?)).filter(|_| leaf)
            })
            .collect();
        for path in document.descendants().filter(|node| node.attribute("data-from").is_some()) {
            let numbers: Vec<f64> = path.attribute("d").unwrap().split(' ').filter_map(|n| n.parse().ok()).collect();
            let points: Vec<(f64, f64)> = numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            for ends in points.windows(2) {
                let (a, b) = (ends[0], ends[1]);
                assert!(a.0 == b.0 || a.1 == b.1, "{name}: a line is not straight: {a:?} {b:?}");
                // Lines may touch the edge of a box, and not run inside it.
                let line = (a.0.min(b.0) + 0.5, a.1.min(b.1) + 0.5, a.0.max(b.0) - 0.5, a.1.max(b.1) - 0.5);
                let line = (line.0, line.1, line.2.max(line.0 + 0.1), line.3.max(line.1 + 0.1));
                for (id, area) in &leaves {
                    assert!(apart(line, *area), "{name}: a line of {:?} runs over {id}", path.attribute("data-from"));
                }
            }
        }
    }
}
