//! The doors by which commands come from other processes: who may knock is not who may act.

use std::sync::Arc;

use huiyin_bus::{Answers as _, BusError, Calls, InProcess, Later, Taken, Worker as _};
use huiyin_engine::{ActorKind, Answer, Command, Doors, Engine, EngineError, Target};
use huiyin_journal::accounts::User;
use serde_json::json;

use super::house::{DISTRICT, House, accepted, at, event, open, refused, registry};

/// A wire to an engine, which loses every question or answer that it is told to.
#[derive(Debug)]
struct Wire {
    doors: Doors,
    /// What happens to the next ones: false, the answer is lost on its way back.
    arrives: std::sync::Mutex<Vec<bool>>,
}

impl Calls for Wire {
    fn ask(&self, address: String, question: Vec<u8>) -> Later<'_, Result<Vec<u8>, BusError>> {
        Box::pin(async move {
            let answer = self.doors.answer(address.clone(), question).await;
            let arrives = self.arrives.lock().unwrap().pop().unwrap_or(true);
            if arrives { Ok(answer) } else { Err(BusError { id: address, problem: "lost".into() }) }
        })
    }

    /// Carried out at once; whoever left it learns of it from the record.
    fn leave<'a>(&'a self, address: String, _id: &'a str, message: Vec<u8>) -> Later<'a, Result<(), BusError>> {
        Box::pin(async move {
            match self.doors.take(address.clone(), message).await {
                Taken::Done | Taken::Never(_) => Ok(()),
                Taken::Again => Err(BusError { id: address, problem: "not now".into() }),
            }
        })
    }
}

async fn account(engine: &Engine, id: &str, roles: &[&str], district: &str, active: bool) {
    let user = User {
        id: id.into(),
        district: district.into(),
        login: id.into(),
        name: id.into(),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        units: vec![],
        heads: vec![],
        language: "zh".into(),
        active,
    };
    engine.journal().accounts().create_user(&user, None, at(0)).await.unwrap();
}

pub(crate) async fn another_process_asks_and_the_account_decides(house: House) {
    let engine = house.engine().await;
    account(&engine, "li", &["handler"], DISTRICT, true).await;
    account(&engine, "wu", &["auditor"], DISTRICT, true).await;
    account(&engine, "gone", &["handler"], DISTRICT, false).await;
    account(&engine, "far", &["handler"], "500106", true).await;
    let wire = Arc::new(Wire { doors: Doors::new(engine.clone()), arrives: std::sync::Mutex::default() });
    let (journal, bus) = (house.journal(None).await, Arc::new(InProcess::default()));
    let clock = Arc::clone(&house.clock) as _;
    let calls: Arc<dyn Calls> = Arc::<Wire>::clone(&wire);
    let pages = Engine::elsewhere(journal, registry(), clock, bus, calls).await.unwrap();
    assert!(pages.is_alive());

    let first = pages.submit(open(1)).await.unwrap();
    let case = accepted(first.clone()).case;
    // The answer is lost twice: the same command is asked again and carried out once.
    wire.arrives.lock().unwrap().extend([true, false, false]);
    let taken = accepted(pages.submit(event(2, case, "take", json!({}))).await.unwrap());
    assert_eq!((taken.seq, engine.journal().entries(case, 0, 9).await.unwrap().len()), (2, 2));
    wire.arrives.lock().unwrap().extend([false; 4]);
    let unknown = pages.submit(event(3, case, "ask", json!({}))).await.unwrap_err();
    assert!(matches!(unknown, EngineError::Unavailable(_)), "whether it was done is not known: {unknown}");

    // What the sender says of its roles counts for nothing.
    let by = |n: u128, id: &str| {
        let mut command = event(n, case, "ask", json!({}));
        command.actor.id = id.into();
        command
    };
    for (n, who) in [(10, "wu"), (11, "gone"), (12, "far"), (13, "nobody")] {
        assert_eq!(refused(pages.submit(by(n, who)).await.unwrap()).code, "not_allowed", "{who} is no handler here");
    }
    let mut system = by(14, "system");
    system.actor.kind = ActorKind::System;
    assert_eq!(refused(pages.submit(system).await.unwrap()).code, "not_allowed", "nobody outside is Huiyin itself");
    let mut end = by(15, "li");
    end.target = Target::EndRetention { case, basis: "x".into() };
    assert_eq!(refused(pages.submit(end).await.unwrap()).code, "not_allowed", "and nobody ends a retention from there");
    let mut child = open(16);
    let Target::Open { parent, .. } = &mut child.target else { unreachable!() };
    *parent = Some(huiyin_engine::Parent { case, link: "x".into() });
    assert_eq!(refused(pages.submit(child).await.unwrap()).code, "not_allowed", "or opens a case for another one");

    let said = wire.doors.answer("huiyin.500110.live.cmd.machine.1".into(), json(&open(17))).await;
    assert!(String::from_utf8_lossy(&said).contains("wrong_address"), "{}", String::from_utf8_lossy(&said));
    let said = wire.doors.answer(open(17).address(), b"{\"id\": 7}".to_vec()).await;
    assert!(String::from_utf8_lossy(&said).contains("malformed"), "{}", String::from_utf8_lossy(&said));
    pages.stop().await;
    engine.stop().await;
}

pub(crate) async fn a_machine_is_taken_once_and_may_do_only_what_machines_may(house: House) {
    let engine = house.engine().await;
    let doors = Doors::new(engine.clone());
    let case = accepted(engine.submit(open(1)).await.unwrap()).case;
    let machine = |n: u128| {
        let mut command = event(n, case, "reported", json!({}));
        command.actor.kind = ActorKind::Machine;
        command
    };
    let take = async |command: &Command| doors.take(command.address(), json(command)).await;
    assert_eq!(take(&machine(2)).await, Taken::Done);
    assert_eq!(take(&machine(2)).await, Taken::Done, "again, and nothing happens");
    assert_eq!(engine.journal().entries(case, 0, 9).await.unwrap().len(), 2);

    // It says that it is a handler; machines have no roles.
    let mut handles = machine(3);
    let Target::Event { event: name, .. } = &mut handles.target else { unreachable!() };
    *name = "take".into();
    assert_eq!(take(&handles).await, Taken::Done, "it was refused, for good");
    assert!(matches!(engine.submit(handles).await.unwrap(), Answer::Refused(no) if no.code == "not_allowed"));
    let mut other = machine(2);
    let Target::Event { data, .. } = &mut other.target else { unreachable!() };
    *data = json!({"what": "另一件"});
    assert!(matches!(take(&other).await, Taken::Never(_)), "the same id with another body");
    let mut end = machine(4);
    end.target = Target::EndRetention { case, basis: "x".into() };
    assert!(matches!(take(&end).await, Taken::Never(_)));
    assert!(matches!(doors.take(machine(5).address(), b"{".to_vec()).await, Taken::Never(_)));
    let person = open(6);
    assert!(matches!(doors.take(person.address(), json(&person)).await, Taken::Never(_)), "a person is no machine");
    assert_eq!(engine.journal().entries(case, 0, 9).await.unwrap().len(), 2, "nothing of all that was written");
    engine.stop().await;
}

fn json(command: &Command) -> Vec<u8> {
    serde_json::to_vec(command).unwrap()
}
