//! Cases stay on their version, go over on purpose, and come back; calendars are adopted; a case can explain itself.

use std::sync::Arc;

use huiyin_calendar::YearFile;
use huiyin_chart::{ClockRule, Definition, Plan};
use huiyin_engine::{
    Actor, Answer, CalendarSource, CaseChange, Command, DirectorySource, Driver, REAL, Rederived, Registry, Scope,
    Target, explain, migrate_command, preview_calendar, preview_migration, preview_undo, rederive, undo_command,
};
use serde_json::json;
use uuid::Uuid;

use super::house::{DISTRICT, House, QUESTION, REQUEST, accepted, at, event, hours, open, refused, registry};

/// The second version of the request: more time to answer, an earlier reminder, a state of another name.
fn second() -> Arc<Definition> {
    let text = REQUEST
        .replace("version: 1", "version: 2")
        .replace("within: 5 days", "within: 8 days")
        .replace("working", "doing")
        .replace("- {at: due - 1 day, notify: owner, template: answer-soon}", "- {at: start + 1 day, notify: owner, template: day-one}\n      - {at: due - 1 day, notify: owner, template: answer-soon}");
    loaded("request.yaml", &text)
}

fn loaded(name: &str, text: &str) -> Arc<Definition> {
    Arc::new(huiyin_chart::load(name, text, &|_| None).unwrap_or_else(|e| panic!("{e}")))
}

fn plan(rule: ClockRule) -> Plan {
    Plan {
        states: [("working".to_owned(), "doing".to_owned())].into(),
        clocks: [("answering".to_owned(), rule)].into(),
    }
}

fn scope(driver: &Driver) -> Scope<'static> {
    Scope { district: DISTRICT, timeline: REAL, workflow: Some("request"), now: driver.now() }
}

async fn shown(driver: &Driver, to: &Arc<Definition>, plan: &Plan) -> Vec<CaseChange> {
    preview_migration(driver.journal(), driver.registry(), &scope(driver), to, plan).await.unwrap()
}

async fn order(driver: &Driver, change: &CaseChange, to: &Arc<Definition>, plan: &Plan) -> Command {
    driver.registry().know_definition(Arc::clone(to)).unwrap();
    migrate_command(&scope(driver), change, to, plan, &Actor::system())
}

/// A case that is being worked on, an hour after it was opened.
async fn working(driver: &Driver) -> Uuid {
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    driver.run_until(hours(1)).await.unwrap();
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    case
}

async fn is_same(driver: &Driver, case: Uuid) {
    // Another process, which knows the versions only from the store.
    for registry in [driver.registry(), &registry()] {
        let found = rederive(driver.journal(), registry, case).await.unwrap();
        assert!(matches!(found, Rederived::Same { .. }), "{found:?}");
    }
}

pub(crate) async fn a_case_goes_over_with_its_date_and_the_reminders_of_the_new_version(house: House) {
    let driver = house.driver().await;
    let case = working(&driver).await;
    let (to, plan) = (second(), plan(ClockRule::Keep));
    let found = shown(&driver, &to, &plan).await;
    assert_eq!((found.len(), &found[0].refused), (1, &None));
    assert_eq!((&found[0].active, &found[0].becomes), (&vec!["working".to_owned()], &vec!["doing".to_owned()]));
    assert!(!found[0].moves(), "{found:?}");
    let before = driver.journal().case(case).await.unwrap().unwrap();
    let command = order(&driver, &found[0], &to, &plan).await;
    let answer = driver.submit(command.clone()).await.unwrap();
    let went = accepted(answer.clone());
    assert_eq!((went.seq, &went.active), (3, &vec!["doing".to_owned()]));
    assert_eq!(driver.submit(command).await.unwrap(), answer, "repeated, it changes nothing");

    let record = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!((record.version, &record.definition_hash), (2, &to.hash));
    assert_eq!((record.due_at, record.seq), (before.due_at, 3));
    let entries = driver.journal().timeline(case, 0, 9, true).await.unwrap();
    assert_eq!(entries[2].kind, "migrated");
    assert_eq!(entries[2].body["input"]["plan"]["clocks"]["answering"], "keep");
    assert_eq!(entries[2].body["context"]["definition"], json!(to.hash));
    // The timer that is stored is the one that was shown: the new reminder's.
    let timers = driver.journal().timers(case).await.unwrap();
    assert_eq!((timers.len(), timers[0].due_at), (1, hours(25)));
    assert_eq!(found[0].timers[0].at, timers[0].due_at);
    is_same(&driver, case).await;
    assert_eq!(driver.self_check().await.unwrap(), 0);

    driver.run_until(hours(26)).await.unwrap();
    let entries = driver.journal().timeline(case, 3, 9, true).await.unwrap();
    assert_eq!(entries[0].body["facts"][0]["rung"], "start + 1 day", "{}", entries[0].body);
    accepted(driver.submit(event(3, case, "answer", json!({"text": "好"}))).await.unwrap());
    is_same(&driver, case).await;
    assert!(shown(&driver, &to, &plan).await.is_empty(), "an ended case stays on its version");
}

pub(crate) async fn a_migration_is_undone_until_something_happens(house: House) {
    let driver = house.driver().await;
    let case = working(&driver).await;
    let before = driver.journal().case(case).await.unwrap().unwrap();
    let timers = driver.journal().timers(case).await.unwrap();
    let (to, plan) = (second(), plan(ClockRule::Recompute));
    let found = shown(&driver, &to, &plan).await;
    assert_eq!(found[0].clocks[0].difference_seconds, Some(3 * 86_400), "{found:?}");
    let command = order(&driver, &found[0], &to, &plan).await;
    accepted(driver.submit(command).await.unwrap());
    driver.run_until(hours(3)).await.unwrap();
    // Somebody looks behind the mask: that is noted, and is no step.
    let target = Target::Note { case, kind: "unmasked".into(), body: json!({"why": "call back"}) };
    let note = Command { target, ..event(9, case, "", json!({})) };
    accepted(driver.submit(note).await.unwrap());

    let back = preview_undo(driver.journal(), driver.registry(), &scope(&driver)).await.unwrap();
    assert_eq!((back.len(), &back[0].becomes), (1, &vec!["working".to_owned()]));
    let command = undo_command(&scope(&driver), &back[0], &Actor::system());
    accepted(driver.submit(command).await.unwrap());
    let after = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!((after.version, after.due_at, after.active.clone()), (1, before.due_at, before.active.clone()));
    let again: Vec<_> = driver.journal().timers(case).await.unwrap().into_iter().map(|t| (t.key, t.due_at)).collect();
    assert_eq!(again, timers.into_iter().map(|t| (t.key, t.due_at)).collect::<Vec<_>>());
    is_same(&driver, case).await;
    assert!(preview_undo(driver.journal(), driver.registry(), &scope(&driver)).await.unwrap().is_empty(), "once");

    // What is due under a version that is left again is not done under it.
    let found = shown(&driver, &to, &plan).await;
    let command = order(&driver, &found[0], &to, &plan).await;
    accepted(driver.submit(command).await.unwrap());
    house.clock.advance_to(hours(26));
    let back = preview_undo(driver.journal(), driver.registry(), &scope(&driver)).await.unwrap();
    assert_eq!(back[0].refused, None);
    accepted(driver.submit(undo_command(&scope(&driver), &back[0], &Actor::system())).await.unwrap());
    driver.run_until(hours(27)).await.unwrap();
    let kinds: Vec<String> =
        driver.journal().timeline(case, 0, 99, true).await.unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "tick").count(), 0, "{kinds:?}");
    is_same(&driver, case).await;

    // Over again; then something happens, and there is no way back.
    let found = shown(&driver, &to, &plan).await;
    let command = order(&driver, &found[0], &to, &plan).await;
    accepted(driver.submit(command).await.unwrap());
    accepted(driver.submit(event(3, case, "ask", json!({}))).await.unwrap());
    assert!(preview_undo(driver.journal(), driver.registry(), &scope(&driver)).await.unwrap().is_empty());
    let target = Target::UndoMigration { case };
    let undo = Command { target, actor: Actor::system(), ..event(10, case, "", json!({})) };
    assert_eq!(refused(driver.submit(undo).await.unwrap()).code, "not_reversible");
    is_same(&driver, case).await;
}

pub(crate) async fn a_refused_migration_touches_nothing_and_says_why(house: House) {
    let driver = house.driver().await;
    let case = working(&driver).await;
    let to = second();
    let rules = plan(ClockRule::Keep).clocks;
    let unmapped = Plan { clocks: rules.clone(), ..Plan::default() };
    let found = shown(&driver, &to, &unmapped).await;
    let reason = found[0].refused.clone().unwrap();
    assert_eq!(reason.code, "state_unmapped");
    assert!(reason.message.en.contains("`working`") && reason.message.zh.contains("--map working="), "{reason:?}");
    let before = driver.journal().case(case).await.unwrap();
    let command = order(&driver, &found[0], &to, &unmapped).await;
    assert_eq!(refused(driver.submit(command).await.unwrap()), reason);
    // Nobody but Huiyin itself takes a case over.
    let by_hand = Command {
        id: Uuid::from_u128(77),
        actor: super::house::handler(),
        ..order(&driver, &found[0], &to, &plan(ClockRule::Keep)).await
    };
    assert_eq!(refused(driver.submit(by_hand).await.unwrap()).code, "not_allowed");
    let nowhere = Target::Migrate { case, to: "0".repeat(64), plan: Plan::default() };
    let nowhere = Command { target: nowhere, actor: Actor::system(), ..event(78, case, "", json!({})) };
    assert_eq!(refused(driver.submit(nowhere).await.unwrap()).code, "no_such_version");
    assert_eq!(driver.journal().case(case).await.unwrap(), before);
    let wrong = Plan { states: [("hadn't".into(), "doing".into())].into(), clocks: rules };
    let problem = preview_migration(driver.journal(), driver.registry(), &scope(&driver), &to, &wrong).await;
    assert!(problem.unwrap_err().to_string().contains("hadn't"));
}

pub(crate) async fn a_new_version_in_force_leaves_running_cases_where_they_are(house: House) {
    let driver = house.driver().await;
    let case = working(&driver).await;
    let before = driver.journal().case(case).await.unwrap().unwrap();
    driver.registry().add_definition(second()).unwrap();
    accepted(driver.submit(event(3, case, "ask", json!({}))).await.unwrap());
    let new = accepted(driver.submit(open(4)).await.unwrap()).case;
    let (old, new) =
        (driver.journal().case(case).await.unwrap().unwrap(), driver.journal().case(new).await.unwrap().unwrap());
    assert_eq!((old.version, old.due_at, old.definition_hash), (1, before.due_at, before.definition_hash));
    assert_eq!(new.version, 2);
    // A house that only has the new version finds the old one in the store, and steps the case with it.
    let only_new = registry();
    only_new.add_definition(second()).unwrap();
    let bus = Arc::new(huiyin_bus::InProcess::default());
    let clock = Arc::clone(&house.clock);
    let elsewhere = Driver::open(driver.journal().clone(), only_new, clock, bus, House::config()).await.unwrap();
    accepted(elsewhere.submit(event(5, case, "answer", json!({"text": "好"}))).await.unwrap());
    is_same(&elsewhere, case).await;
    let kept = Registry::versions(driver.journal(), "request").await.unwrap();
    assert_eq!(kept.iter().map(|(_, version)| version.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

pub(crate) async fn the_first_confidential_field_of_a_case_is_sealed_from_then_on(house: House) {
    let driver = house.driver().await;
    let plain = QUESTION.replace(", confidential: masked", "").replace("workflow: question", "workflow: survey");
    driver.registry().add_definition(loaded("survey.yaml", &plain)).unwrap();
    let target = Target::Open { workflow: "survey".into(), data: json!({"of": "王小明"}), parent: None };
    let case = accepted(driver.submit(Command { target, actor: Actor::system(), ..open(1) }).await.unwrap()).case;
    let sealed = plain.replace("of: {type: string}", "of: {type: string, confidential: masked}");
    let to = loaded("survey.yaml", &sealed.replace("version: 1", "version: 2"));
    let scope = Scope { workflow: Some("survey"), ..scope(&driver) };
    let found = preview_migration(driver.journal(), driver.registry(), &scope, &to, &Plan::default()).await.unwrap();
    driver.registry().know_definition(Arc::clone(&to)).unwrap();
    let command = migrate_command(&scope, &found[0], &to, &Plan::default(), &Actor::system());
    accepted(driver.submit(command).await.unwrap());
    let record = driver.journal().case(case).await.unwrap().unwrap();
    assert!(!record.state.contains("王小明") && !record.plain.contains("王小明"), "{}", record.state);
    is_same(&driver, case).await;
    driver.run_until(hours(30)).await.unwrap();
    accepted(driver.submit(event(3, case, "reply", json!({}))).await.unwrap());
    is_same(&driver, case).await;
}

fn calendars(last: i32) -> CalendarSource {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/calendars");
    let mut years =
        vec![YearFile::parse("2026.json", &std::fs::read_to_string(folder.join("2026.json")).unwrap()).unwrap()];
    if last == 2027 {
        let text = json!({"year": 2027, "source": {"zh": "测试", "en": "made up for a test"},
            "off": [{"from": "2027-01-01", "to": "2027-01-03", "name": {"zh": "元旦", "en": "New Year"}}], "work": []});
        years.push(YearFile::parse("2027.json", &text.to_string()).unwrap());
    }
    CalendarSource { zone_seconds: 8 * 3600, hours: "09:00-12:30, 14:00-18:00".into(), years }
}

pub(crate) async fn a_calendar_is_shown_and_adopted_and_dates_only_move_later(house: House) {
    let driver = house.driver().await;
    driver.registry().set_district(DISTRICT, &DirectorySource::new(), &calendars(2026)).unwrap();
    let text = REQUEST
        .replace("within: 1 day\n", "within: 32 working days\n")
        .replace("workflow: request", "workflow: long")
        .replace("R-{", "L-{");
    driver.registry().add_definition(loaded("long.yaml", &text)).unwrap();
    let target = Target::Open { workflow: "long".into(), data: json!({"what": "远"}), parent: None };
    let far = accepted(driver.submit(Command { target, ..open(1) }).await.unwrap()).case;
    let near = accepted(driver.submit(open(2)).await.unwrap()).case;
    let before = driver.journal().case(far).await.unwrap().unwrap();
    assert!(before.due_provisional);

    let scope = Scope { workflow: None, ..scope(&driver) };
    let next = Arc::new(calendars(2027).calendar().unwrap());
    let shown = preview_calendar(driver.journal(), driver.registry(), &scope, next).await.unwrap();
    assert_eq!(shown.len(), 1, "only the provisional one moves: {shown:?}");
    let clock = &shown[0].clocks[0];
    assert_eq!((clock.provisional_before, clock.provisional_after), (true, false));
    assert!(clock.difference_seconds > Some(0), "{clock:?}");
    assert_eq!(driver.journal().case(far).await.unwrap().unwrap(), before, "looking changes nothing");

    driver.registry().set_district(DISTRICT, &DirectorySource::new(), &calendars(2027)).unwrap();
    assert_eq!(driver.adopt_calendar(DISTRICT).await.unwrap(), 2, "journalled in every open case");
    let after = driver.journal().case(far).await.unwrap().unwrap();
    assert_eq!((after.due_at, after.due_provisional), (clock.due_after, false));
    assert!(after.due_at > before.due_at);
    driver.run_until(hours(1)).await.unwrap();
    assert_eq!(driver.adopt_calendar(DISTRICT).await.unwrap(), 0, "once");
    for case in [far, near] {
        let entries = driver.journal().timeline(case, 0, 9, true).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.kind == "calendar").count(), 1);
        is_same(&driver, case).await;
    }
}

pub(crate) async fn a_clock_begun_with_an_older_calendar_adopts_the_new_one_later(house: House) {
    let driver = house.driver().await;
    let text = REQUEST
        .replace("within: 5 days", "within: 32 working days")
        .replace("workflow: request", "workflow: long")
        .replace("R-{", "L-{");
    driver.registry().add_definition(loaded("long.yaml", &text)).unwrap();
    let set = |last| driver.registry().set_district(DISTRICT, &DirectorySource::new(), &calendars(last)).unwrap();
    set(2027);
    let target = Target::Open { workflow: "long".into(), data: json!({"what": "远"}), parent: None };
    let case = accepted(driver.submit(Command { target, ..open(1) }).await.unwrap()).case;
    assert_eq!(driver.adopt_calendar(DISTRICT).await.unwrap(), 1);
    // A process that still has the older calendar goes on for a while.
    set(2026);
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    assert!(driver.journal().case(case).await.unwrap().unwrap().due_provisional);
    set(2027);
    driver.run_until(hours(1)).await.unwrap();
    assert_eq!(driver.adopt_calendar(DISTRICT).await.unwrap(), 1);
    assert!(!driver.journal().case(case).await.unwrap().unwrap().due_provisional);
    driver.run_until(hours(2)).await.unwrap();
    assert_eq!(driver.adopt_calendar(DISTRICT).await.unwrap(), 0);
    is_same(&driver, case).await;
}

pub(crate) async fn a_case_explains_its_clocks_and_who_did_what(house: House) {
    let driver = house.driver().await;
    let case = working(&driver).await;
    let (to, plan) = (second(), plan(ClockRule::Recompute));
    let found = shown(&driver, &to, &plan).await;
    let by = Actor { id: "zhou".into(), ..Actor::system() };
    driver.registry().know_definition(Arc::clone(&to)).unwrap();
    let command = migrate_command(&scope(&driver), &found[0], &to, &plan, &by);
    accepted(driver.submit(command).await.unwrap());
    let record = driver.journal().case(case).await.unwrap().unwrap();
    let told = explain(driver.journal(), driver.registry(), &record, at(2 * 3600)).await.unwrap();
    assert_eq!((told.version, told.active[0].id.as_str()), (2, "doing"));
    let [taking, answering] = &told.clocks[..] else { panic!("{told:?}") };
    assert_eq!((taking.clock.status, taking.history.len()), ("met", 2));
    assert_eq!((taking.history[1].actor.as_str(), taking.history[1].event.as_deref()), ("li", Some("take")));
    let moved = &answering.history[1];
    assert!(moved.what.zh.contains("按新版本重算"), "{moved:?}");
    assert!(answering.clock.derivation.iter().any(|line| line.zh.contains("8 日")), "{:?}", answering.clock.derivation);
    assert_eq!(answering.clock.next_rung.as_ref().unwrap().at, hours(25));
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["clocks"][1]["clock"], "answering", "one object a clock");
    assert!(json["clocks"][1]["history"].is_array());
    assert!(!json.to_string().contains("小明"), "no confidential value is told");
    assert!(matches!(driver.submit(open(1)).await.unwrap(), Answer::Accepted(_)));
}
