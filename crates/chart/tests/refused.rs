//! Mistakes in a workflow file that load refuses, each with the words that help: one mistake, one test line.
fn problems(yaml: &str) -> String {
    huiyin_chart::load("t.yaml", yaml, &|_| None).map(|_| ()).unwrap_err().to_string()
}

/// Each mistake is refused, with these words.
fn all_refused(mistakes: &[(&str, &[&str])]) {
    for (yaml, words) in mistakes {
        let said = problems(yaml);
        for word in *words {
            assert!(said.contains(word), "{yaml}\nsays: {said}\nwithout: {word}");
        }
    }
}

#[test]
fn one_mapping_is_one_action() {
    all_refused(&[(
        "initial: a\nstates: {a: {on: {go: {actions: [{mark: x, set: {n: 1}}]}}}}\n",
        &["`mark` and `set` stand in one action", "[{mark: …}, {set: …}]"],
    )]);
}

#[test]
fn a_condition_is_a_text_or_true_or_false() {
    all_refused(&[
        (
            "initial: a\nstates: {a: {on: {go: {target: b, guard: {x: 1}}}}, b: {}}\n",
            &["a mapping stands here", "a condition"],
        ),
        (
            "initial: a\nstates: {a: {on: {go: {target: b, guard: 5}}}, b: {}}\n",
            &["a number stands here", "a condition"],
        ),
        (
            "initial: a\nclocks: {c: {within: 1 day, starts: {entered: a, when: [1]}, met_by: {entered: b}}}\nstates: {a: {on: {go: b}}, b: {}}\n",
            &["a list stands here", "a condition"],
        ),
    ]);
    huiyin_chart::load("t.yaml", "initial: a\nstates: {a: {on: {go: {target: b, guard: true}}}, b: {}}\n", &|_| None)
        .unwrap();
}

#[test]
fn an_event_pattern_that_can_never_match_is_refused_with_the_three_forms() {
    for pattern in ["go*", "*.x", "", "a b", "a..b", ".a", "a.*.b", "**"] {
        let yaml = format!("initial: a\nstates: {{a: {{on: {{\"{pattern}\": b}}}}, b: {{}}}}\n");
        let said = problems(&yaml);
        assert!(
            said.contains("matches no event") && said.contains("`reply.*`") && said.contains("`*` for every"),
            "{said}"
        );
    }
    for pattern in ["go", "a.b", "a.*", "*", "受理.同意", "done.state.a"] {
        let yaml = format!("initial: a\nstates: {{a: {{on: {{\"{pattern}\": b}}}}, b: {{}}}}\n");
        huiyin_chart::load("t.yaml", &yaml, &|_| None).unwrap();
    }
}

#[test]
fn an_empty_target_and_a_final_state_that_goes_on_are_refused() {
    all_refused(&[
        ("initial: a\nstates: {a: {on: {go: {target: []}}}}\n", &["the target is empty", "leave `target` out"]),
        ("initial: a\nstates: {a: {on: {go: {target: }}}}\n", &["the target is empty"]),
        ("initial: a\nstates: {a: {on: {go: z}}, z: {type: final, on: {go: a}}}\n", &["a final state has `on`"]),
        (
            "initial: a\nstates: {a: {on: {go: z}}, z: {type: final, states: {q: {}}}}\n",
            &["a final state has `states`"],
        ),
    ]);
}

#[test]
fn a_parallel_state_has_regions() {
    all_refused(&[
        ("initial: a\nstates: {a: {type: parallel}}\n", &["t.yaml:2:10", "a parallel state without regions"]),
        ("initial: a\nstates: {a: {type: parallel, states: {h: {type: history}}}}\n", &["without regions"]),
    ]);
}

#[test]
fn a_target_names_a_declared_event() {
    all_refused(&[(
        "initial: a\nevents: {go: {title: go}}\ntargets: [{title: t, every: {event: goo}, reaches: b, within: 1 day}]\nstates: {a: {on: {go: b}}, b: {}}\n",
        &["the event `goo` is not declared", "did you mean `go`?"],
    )]);
}

#[test]
fn an_empty_file_and_a_strange_name_are_refused() {
    all_refused(&[
        ("", &["the file is empty", "`states:"]),
        ("# nothing yet\n", &["the file is empty"]),
        (
            "workflow: Our Petition\ninitial: a\nstates: {a: {}}\n",
            &["`Our Petition` is no name of a workflow", "small letters"],
        ),
        ("workflow: 信访\ninitial: a\nstates: {a: {}}\n", &["is no name of a workflow"]),
    ]);
    let from_file = huiyin_chart::load("two words.yaml", "initial: a\nstates: {a: {}}\n", &|_| None);
    assert!(from_file.unwrap_err().to_string().contains("`two words` is no name"));
}

#[test]
fn words_and_delays_that_are_not_known_get_the_nearest_one() {
    all_refused(&[
        (
            "initial: a\nstates: {a: {type: parralel}}\n",
            &["`parralel` is none of the words", "did you mean `parallel`?"],
        ),
        (
            "initial: a\nstates: {a: {after: {99999999999999: b}}, b: {}}\n",
            &["99999999999999 milliseconds are too long", "49 days"],
        ),
    ]);
}

#[test]
fn too_many_states_are_reported_once() {
    use std::fmt::Write as _;
    let mut yaml = "initial: s0\nstates:\n".to_owned();
    for state in 0..6000 {
        let _ = writeln!(yaml, "  s{state}: {{}}");
    }
    assert_eq!(problems(&yaml).matches("the chart is too large").count(), 1);
}

#[test]
fn states_may_nest_as_deep_as_is_promised_and_deeper_ones_are_refused_in_our_words() {
    let nested = |depth: usize| {
        let mut yaml = "x: {}".to_owned();
        for _ in 1..depth {
            yaml = format!("x: {{initial: x, states: {{{yaml}}}}}");
        }
        format!("initial: x\nstates: {{{yaml}}}\n")
    };
    huiyin_chart::load("t.yaml", &nested(60), &|_| None).unwrap();
    let said = problems(&nested(200));
    assert!(said.contains("nests too deep") && said.contains("at most 64 deep"), "{said}");
    assert_eq!(said.matches("t.yaml:").count(), 1, "{said}");
}

#[test]
fn a_file_that_is_no_yaml_is_refused_in_plain_words_with_one_place() {
    let nine = "  z: [*y, *y, *y, *y, *y, *y, *y, *y, *y]\n";
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in [('b', 'a'), ('c', 'b'), ('d', 'c'), ('e', 'd'), ('f', 'e'), ('g', 'f'), ('h', 'g')] {
        bomb += &nine
            .trim_start()
            .replace('z', &format!("{name}"))
            .replace("[", &format!("&{name} ["))
            .replace('y', &of.to_string());
    }
    for (yaml, word) in [
        ("initial: a\nstates: {a: {on: {x: b}}, a: {}}\n", "twice in one mapping"),
        ("initial: a\nstates:\n\ta: {}\n", "a tab stands"),
        ("initial: *nothing\nstates: {a: {}}\n", "no anchor"),
        ("initial: a\nstates: {a: {}\n", "not readable as YAML"),
        (bomb.as_str(), "aliases"),
    ] {
        let said = problems(yaml);
        assert!(said.contains(word), "{yaml}\nsays: {said}");
        assert_eq!(said.matches("t.yaml:").count(), 1, "{said}");
        assert!(!said.contains(" column ") && !said.contains("error:"), "{said}");
    }
}
