//! What a workflow declares holds in its expressions: fields, forms, kinds of values and the domains of control fields.
fn problems(yaml: &str) -> String {
    huiyin_chart::load("t.yaml", yaml, &|_| None).map(|_| ()).unwrap_err().to_string()
}

const FIELDS: &str = "n: {type: integer, minimum: 0, maximum: 3, default: 0}, u: {type: string, default: ''}, \
    e: {type: string, enum: [low, high], default: low}, done: {type: boolean, default: false}, \
    more: {type: object, properties: {why: {type: string}}}, free: {type: object}";

fn chart(guard: &str, set: &str) -> String {
    format!(
        "initial: a\ndata: {{type: object, properties: {{{FIELDS}}}}}\n\
         events: {{go: {{title: go}}, back: {{title: back, form: {{type: object, properties: {{k: {{type: integer}}}}}}}}}}\n\
         states:\n  a: {{on: {{go: {{target: b, guard: \"{guard}\", actions: [{{set: {{{set}}}}}]}}, back: b}}}}\n  b: {{}}\n"
    )
}

#[test]
fn what_is_declared_may_be_read_and_set() {
    for (guard, set) in [
        ("data.n == 3 && data.e == 'high'", "n: 2, e: \"'high'\""),
        ("event.k > 1 || data.u == event._name", "u: \"data.n > 0 ? 'x' : 'y'\""),
        ("data.more.why == '' && has(data.free.anything)", "more.why: \"'x'\", free.new: 1"),
        ("data.u.startsWith('x') && size(data.u) > 2 && data.u != null", "n: data.n + 1, done: data.n > 2"),
        ("data.e in ['low', 'high']", "done: true"),
        ("timestamp(data.u) < now && now.getHours() > 8", "u: now"),
    ] {
        let yaml = chart(guard, set);
        huiyin_chart::load("t.yaml", &yaml, &|_| None).unwrap_or_else(|problems| panic!("{guard}, {set}: {problems}"));
    }
}

#[test]
fn what_is_not_declared_is_refused_where_it_is_read() {
    for (guard, words) in [
        ("data.nn == 1", "`data.nn` is not declared in the data schema; did you mean `data.n`?"),
        ("has(data.nope)", "`data.nope` is not declared"),
        ("data.more.wy == ''", "did you mean `data.more.why`?"),
        ("data.n.x == 1", "`data.n` is a number and has no field `x`"),
        ("event.nope == 1", "`event.nope` is not declared in the form of any event"),
        ("data.u.foo()", "there is no method `foo`"),
        ("data.u.startWith('a')", "did you mean `startsWith`?"),
        ("data.u.contains()", "contains() takes 1 argument, not 0"),
        ("size(data.u, 1) > 0", "size() takes 1 argument, not 2"),
        ("max(data.n, 1) == 1", "there is no function `max`"),
        ("min(data.n, 1) == 1", "there is no function `min`"),
        ("data.e == 'hihg'", "`data.e` is never \"hihg\": did you mean `high`?"),
        ("data.e in ['low', 'none']", "`data.e` is never \"none\""),
        ("data.n == 9", "`data.n` is never 9: it lies between 0 and 3"),
        ("data.n == 'one'", "compares a number with a text: they are never equal"),
        ("data.u > 5", "compares a text with a number"),
        ("data.u + 1 == 'x1'", "adds a text and a number"),
        ("data.n", "gives a number, and is no condition"),
        ("data.n && data.done", "takes a number as a condition"),
    ] {
        let said = problems(&chart(guard, "n: 1"));
        assert!(said.contains(words), "{guard}\nsays: {said}");
    }
}

#[test]
fn what_is_set_fits_its_field() {
    for (set, words) in [
        ("nope: 1", "`data.nope` is not declared"),
        ("more.wy: \"''\"", "did you mean `why`?"),
        ("n: \"'text'\"", "`n` is a number, and gets a text"),
        ("u: 5", "`u` is a text, and gets a number"),
        ("n: 9", "`n` cannot become 9"),
        ("e: \"'hgh'\"", "`e` cannot become \"hgh\""),
        ("e: \"data.done ? 'low' : 'none'\"", "`e` cannot become \"none\""),
        ("done: \"'yes'\"", "`done` is true or false, and gets a text"),
    ] {
        let said = problems(&chart("true", set));
        assert!(said.contains(words), "{set}\nsays: {said}");
    }
}

#[test]
fn data_are_a_json_schema_whose_defaults_fit() {
    for (data, words) in [
        ("{n: 0, u: ''}", "this is no JSON Schema of an object"),
        ("{type: object, n: {type: integer}}", "`n` is no keyword of a JSON Schema"),
        ("{type: object, propertys: {}}", "did you mean `properties`?"),
        ("{type: object, properties: {n: {type: integer, defualt: 0}}}", "did you mean `default`?"),
        (
            "{type: object, properties: {n: {type: integer, minimum: 0, maximum: 3, default: 77}}}",
            "the default does not fit",
        ),
        ("{type: object, properties: {e: {type: string, enum: [a, b], default: c}}}", "the default does not fit"),
    ] {
        let said = problems(&format!("initial: a\ndata: {data}\nstates: {{a: {{}}}}\n"));
        assert!(said.contains(words), "{data}\nsays: {said}");
        assert!(said.starts_with("t.yaml:2:"), "{said}");
    }
    let beside =
        |_: &str| Some("type: object\nproperties:\n  n: {type: integer, maximum: 3, default: 77}\n".to_owned());
    let said = huiyin_chart::load("t.yaml", "initial: a\ndata: t.data.yaml\nstates: {a: {}}\n", &beside).unwrap_err();
    assert!(said.to_string().starts_with("t.data.yaml:3:"), "the file of the data is named: {said}");
}

#[test]
fn what_a_raise_carries_and_the_data_of_an_opening_without_form_may_be_read() {
    let yaml = "initial: a
data: {type: object, properties: {n: {type: integer, default: 0}}}
events: {go: {title: go}, told: {title: told}}
states:
  a:
    entry: [{set: {n: event.n}}]
    on:
      go: {actions: [{raise: {event: told, data: {word: \"'x'\"}}}]}
      told: {guard: \"event.word == 'x'\", target: b}
  b: {}
";
    huiyin_chart::load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
}

#[test]
fn a_sum_does_not_depend_on_whether_a_number_happens_to_be_whole() {
    let yaml = "initial: a
data: {type: object, properties: {n: {type: number, default: 5}, l: {type: array, maxItems: 4, items: {type: string}, default: [x]}}}
states: {a: {on: {go: {actions: [{set: {n: event.n}}, {set: {n: data.n + 1 - 0.5}}, {set: {l: \"data.l + ['y']\"}}]}}}}
";
    let def = huiyin_chart::load("t.yaml", yaml, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
    let calendar =
        huiyin_calendar::Calendar::from_years(huiyin_calendar::china(), huiyin_calendar::Hours::default(), Vec::new());
    for (given, sum) in [(serde_json::json!(5), 5.5), (serde_json::json!(5.5), 6.0)] {
        let mut trial = huiyin_chart::try_run::Trial::new(&def, &calendar, "2026-03-02T01:00:00Z".parse().unwrap());
        trial.open().unwrap();
        let data = serde_json::json!({"n": given});
        trial.item(&huiyin_chart::try_run::Item { event: Some("go".into()), data, after: None }).unwrap();
        assert_eq!(trial.data()["n"].as_f64(), Some(sum), "{given}");
        assert_eq!(trial.data()["l"], serde_json::json!(["x", "y"]), "a list is added to a list");
    }
}
