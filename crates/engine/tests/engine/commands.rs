//! Commands: once, whole, in order, and only where they belong.

use huiyin_engine::{Answer, Target};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, accepted, event, open, refused};

pub(crate) async fn a_repeated_command_changes_nothing_and_gets_the_same_answer(house: House) {
    let driver = house.driver().await;
    let first = driver.submit(open(1)).await.unwrap();
    assert_eq!(driver.submit(open(1)).await.unwrap(), first);
    let case = accepted(first.clone()).case;
    assert_eq!(accepted(first).active, ["new"]);
    let take = event(2, case, "take", json!({}));
    let taken = driver.submit(take.clone()).await.unwrap();
    let both = driver.submit_all(vec![take.clone(), take.clone()]).await;
    assert!(both.iter().all(|answer| *answer.as_ref().unwrap() == taken));
    let other = event(2, case, "ask", json!({}));
    assert_eq!(driver.submit(other.clone()).await.unwrap(), Answer::Conflict);
    let mixed = driver.submit_all(vec![event(3, case, "ask", json!({})), event(3, case, "take", json!({}))]).await;
    assert_eq!(*mixed[1].as_ref().unwrap(), Answer::Conflict, "the same id with another body in one batch");
    assert_eq!(driver.journal().entries(case, 0, 99).await.unwrap().len(), 3);
}

pub(crate) async fn a_refused_step_keeps_its_answer_and_touches_nothing(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    let before = driver.journal().case(case).await.unwrap();
    let early = event(2, case, "answer", json!({"text": "x"}));
    let no = refused(driver.submit(early.clone()).await.unwrap());
    assert_eq!(no.code, "not_expected_here");
    let mut stranger = event(3, case, "take", json!({}));
    stranger.actor.roles.clear();
    assert_eq!(refused(driver.submit(stranger).await.unwrap()).code, "not_allowed");
    let unknown = event(4, Uuid::from_u128(99), "take", json!({}));
    assert_eq!(refused(driver.submit(unknown).await.unwrap()).code, "no_such_case");
    assert_eq!(driver.journal().case(case).await.unwrap(), before);
    assert_eq!(driver.journal().entries(case, 0, 99).await.unwrap().len(), 1);

    accepted(driver.submit(event(5, case, "take", json!({}))).await.unwrap());
    assert_eq!(refused(driver.submit(early).await.unwrap()).code, "not_expected_here", "the same id, the same answer");
    let form = refused(driver.submit(event(6, case, "answer", json!({"text": ""}))).await.unwrap());
    assert_eq!((form.code.as_str(), form.details[0].path.as_str()), ("form_invalid", "text"));
}

pub(crate) async fn numbers_have_no_gaps(house: House) {
    let driver = house.driver().await;
    let mut commands: Vec<_> = (1..=6).map(open).collect();
    let Target::Open { data, .. } = &mut commands[2].target else { unreachable!() };
    *data = json!({"what": 7});
    commands[4].target = Target::Open { workflow: "nothing".into(), data: Value::Null, parent: None };
    let mut numbers = Vec::new();
    for answer in driver.submit_all(commands).await {
        if let Answer::Accepted(accepted) = answer.unwrap() {
            numbers.push(accepted.number);
        }
    }
    numbers.push(accepted(driver.submit(open(7)).await.unwrap()).number);
    let expected: Vec<String> = (1..=numbers.len()).map(|n| format!("R-20261123-{n:04}")).collect();
    assert_eq!(numbers, expected);
    assert!(numbers.len() >= 6);
}

pub(crate) async fn events_in_one_batch_follow_each_other(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    let commands = vec![
        event(2, case, "take", json!({})),
        event(3, case, "take", json!({})),
        event(4, case, "answer", json!({"text": "好"})),
        event(5, case, "answer", json!({"text": "好"})),
    ];
    let answers = driver.submit_all(commands).await;
    let done: Vec<bool> = answers.into_iter().map(|a| matches!(a.unwrap(), Answer::Accepted(_))).collect();
    assert_eq!(done, [true, false, true, false]);
    let record = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!((record.seq, record.active.as_slice()), (3, ["answered".to_owned()].as_slice()));
    assert!(record.closed_at.is_some());
    assert_eq!(driver.journal().next_due("500110", "real").await.unwrap(), None, "an ended case waits for nothing");
}

pub(crate) async fn a_note_is_journalled_and_changes_no_state(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    let before = driver.journal().case(case).await.unwrap().unwrap();
    let mut note = event(2, case, "", json!({}));
    note.target = Target::Note { case, kind: "unmasked".into(), body: json!({"reason": "回访"}) };
    assert_eq!(accepted(driver.submit(note).await.unwrap()).seq, 2);
    let after = driver.journal().case(case).await.unwrap().unwrap();
    assert_eq!((after.state, after.seq), (before.state, 2));
    let timeline = driver.journal().timeline(case, 1, 9, false).await.unwrap();
    assert_eq!((timeline[0].kind.as_str(), &timeline[0].body["note"]["reason"]), ("unmasked", &json!("回访")));
}

pub(crate) async fn an_exercise_cannot_reach_a_real_case(house: House) {
    let driver = house.driver().await;
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    for (district, timeline) in [("500110", "drill-1"), ("500112", "real")] {
        let mut command = event(2, case, "take", json!({}));
        (command.district, command.timeline) = (district.into(), timeline.into());
        command.id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{district}{timeline}").as_bytes());
        assert_eq!(refused(driver.submit(command).await.unwrap()).code, "no_such_case");
    }
}

pub(crate) async fn cases_open_and_answer_each_other_once(house: House) {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    accepted(driver.submit(event(3, case, "ask", json!({}))).await.unwrap());
    let links = journal.links(case).await.unwrap();
    assert_eq!((links.len(), links[0].link.as_str()), (1, "question"));
    let child = journal.case(links[0].child).await.unwrap().unwrap();
    assert_eq!((child.workflow.as_str(), child.active.as_slice()), ("question", ["asked".to_owned()].as_slice()));
    let state = journal.case_state(&child, true).await.unwrap();
    assert_eq!(state["data"]["of"], "王1小明", "confidential values travel sealed and arrive");

    accepted(driver.submit(event(4, child.id, "reply", json!({}))).await.unwrap());
    let parent = journal.case(case).await.unwrap().unwrap();
    assert_eq!(journal.case_state(&parent, true).await.unwrap()["data"]["got"], "yes");

    // The relay dies after its work and before it says so: everything is handed on again.
    house.tamper("UPDATE outbox SET state = 'waiting', leased_until = 0").await;
    house.clock.advance_to(super::house::at(60));
    driver.run_until(super::house::at(61)).await.unwrap();
    assert_eq!(journal.links(case).await.unwrap().len(), 1);
    assert_eq!(journal.case(case).await.unwrap().unwrap().seq, parent.seq);
    assert_eq!(journal.cases_in("500110", "real").await.unwrap(), 2);
}

pub(crate) async fn what_another_case_refuses_is_a_failure_that_the_sender_shows(house: House) {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    accepted(driver.submit(event(3, case, "pester", json!({}))).await.unwrap());
    assert!(journal.links(case).await.unwrap().is_empty(), "the question was not opened");
    let noted = async || {
        let entries = journal.entries(case, 0, 99).await.unwrap();
        entries.into_iter().filter(|entry| entry.kind == "effect_failed").map(|entry| entry.body).collect::<Vec<_>>()
    };
    let refused = noted().await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("requirement") && refused[0].contains("question"), "{refused:?}");
    // Nobody has the number: tried again for a while, then given up in the same way.
    for minutes in 1..=9 {
        driver.run_until(super::house::at(minutes * 600)).await.unwrap();
    }
    assert_eq!(noted().await.len(), 2);
}

pub(crate) async fn confidential_values_are_nowhere_in_the_clear(house: House) {
    let driver = house.driver().await;
    let journal = driver.journal().clone();
    let case = accepted(driver.submit(open(1)).await.unwrap()).case;
    accepted(driver.submit(event(2, case, "take", json!({}))).await.unwrap());
    accepted(driver.submit(event(3, case, "ask", json!({}))).await.unwrap());
    for (id, _, _) in journal.case_heads(Uuid::nil(), 9).await.unwrap() {
        let record = journal.case(id).await.unwrap().unwrap();
        assert!(!record.state.contains("小明") && !record.plain.contains("小明"));
        for entry in journal.entries(id, 0, 99).await.unwrap() {
            assert!(!entry.body.contains("小明"), "{}", entry.body);
        }
    }
    if house.server.is_none() {
        journal.close().await;
        let mut bytes = std::fs::read(house.folder.path().join("huiyin.db")).unwrap();
        bytes.extend(std::fs::read(house.folder.path().join("huiyin.db-wal")).unwrap_or_default());
        assert!(!bytes.windows(6).any(|w| w == "小明".as_bytes()), "nor anywhere in the file");
    }
}
