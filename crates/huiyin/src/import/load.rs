//! Petitions through the engine's door: one idempotent command each, many at a time. The same row always makes the same
//! command, so that importing it again changes nothing.

use std::sync::Arc;

use huiyin_bus::InProcess;
use huiyin_engine::{
    Actor, ActorKind, Answer, Command, Config, Engine, EngineError, REAL, Refused, SystemClock, Target,
};
use huiyin_journal::{Instant, Journal};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Petitions;
use super::petition::{Fault, Petition};
use super::report::Report;
use crate::commands::Failure;
use crate::house::House;

/// Namespace of command ids made from rows.
const ROWS: Uuid = Uuid::from_u128(0x1f0a_4c6e_92d7_5b18_8c35_6e7d_20b4_91af);
/// Commands under way at once: what one transaction of the engine takes.
const TOGETHER: usize = 256;
/// Progress is told every so many rows.
const TELL: u64 = 1000;
/// The name of a petitioner whom the file calls named without naming.
const NAME_NOT_GIVEN: &str = "实名（原始数据未附姓名）";
/// Where the proof of delivery is said to be.
const SOURCE: &str = "原办理平台记录";
/// Who the journal says it was.
const IMPORT: &str = "历史件导入";

/// Imports every petition that is left in the file. `tell` hears of progress.
pub(crate) async fn load(
    petitions: &mut Petitions,
    house: &House,
    journal: Journal,
    tell: &dyn Fn(&Report),
) -> Result<Report, Failure> {
    // An import fires no timers: whoever serves this store does, or will.
    let config = Config { timelines: Vec::new(), ..Config::default() };
    let (registry, clock) = (Arc::clone(&house.registry), Arc::new(SystemClock::default()));
    let engine = Engine::start(journal, registry, clock, Arc::new(InProcess::default()), config).await?;
    let done = load_all(petitions, &engine, house.code(), tell).await;
    engine.stop().await;
    done
}

async fn load_all(
    petitions: &mut Petitions,
    engine: &Engine,
    district: &str,
    tell: &dyn Fn(&Report),
) -> Result<Report, Failure> {
    let began = engine.now();
    let mut report = Report::new(petitions.unused());
    loop {
        let (batch, more) = next_batch(petitions, &mut report)?;
        let before = report.rows();
        for (petition, answer) in send(engine, district, batch).await {
            match answer {
                Ok(answer) => count(&mut report, &petition, answer, began),
                // One row that cannot be carried out is listed; the others go on.
                Err(EngineError::Quarantined { problem, .. } | EngineError::Setup(problem)) => {
                    report.refuse(vec![Fault { line: petition.line, column: 1, field: None, problem }]);
                }
                Err(away) => return Err(away.into()),
            }
        }
        if report.rows() / TELL > before / TELL {
            tell(&report);
        }
        if !more {
            return Ok(report);
        }
    }
}

/// The next good rows; what is bad on the way is told in the report. False: the file ends here.
fn next_batch(petitions: &mut Petitions, report: &mut Report) -> Result<(Vec<Petition>, bool), Failure> {
    let mut batch = Vec::with_capacity(TOGETHER);
    while batch.len() < TOGETHER {
        match petitions.next_row()? {
            None => return Ok((batch, false)),
            Some(Ok(petition)) => batch.push(petition),
            Some(Err(faults)) => report.refuse(faults),
        }
    }
    Ok((batch, true))
}

/// Gives a batch to the engine; the answers come in the order of the rows.
async fn send(engine: &Engine, district: &str, batch: Vec<Petition>) -> Vec<(Petition, Result<Answer, EngineError>)> {
    let mut sent = JoinSet::new();
    for (at, petition) in batch.into_iter().enumerate() {
        let (engine, command) = (engine.clone(), command(&petition, district));
        sent.spawn(async move { (at, petition, engine.submit(command).await) });
    }
    let mut answers = sent.join_all().await;
    answers.sort_unstable_by_key(|(at, ..)| *at);
    answers.into_iter().map(|(_, petition, answer)| (petition, answer)).collect()
}

fn count(report: &mut Report, petition: &Petition, answer: Answer, began: Instant) {
    match answer {
        Answer::Accepted(accepted) if accepted.at >= began => {
            report.imported += 1;
            report.open += u64::from(petition.reply.is_none());
        }
        // The same row was here before, perhaps from an earlier version of this program that made something else of it.
        Answer::Accepted(_) | Answer::Conflict => report.known += 1,
        Answer::Refused(refused) => report.refuse(faults(petition, &refused)),
    }
}

fn faults(petition: &Petition, refused: &Refused) -> Vec<Fault> {
    let fault = |field: &str, problem: &str| {
        let field = if field.is_empty() { String::new() } else { format!("{field}: ") };
        Fault { line: petition.line, column: 1, field: None, problem: format!("{field}{problem}") }
    };
    if refused.details.is_empty() {
        return vec![fault("", &refused.message.en)];
    }
    refused.details.iter().map(|detail| fault(&detail.path, &detail.message.en)).collect()
}

/// The command that a row is: its id is made of what the row says.
fn command(petition: &Petition, district: &str) -> Command {
    let id = Uuid::new_v5(&ROWS, format!("{district}\u{1e}{}", petition.said).as_bytes());
    Command {
        id,
        district: district.to_owned(),
        timeline: REAL.to_owned(),
        target: Target::Open { workflow: "petition".to_owned(), data: data(petition), parent: None },
        actor: Actor {
            id: IMPORT.to_owned(),
            kind: ActorKind::Machine,
            roles: Vec::new(),
            units: Vec::new(),
            heads: Vec::new(),
        },
    }
}

/// The data of the case. With a recorded reply the workflow ends it in the same step; without one it is an open matter
/// like any other, and as late as it is.
fn data(petition: &Petition) -> Value {
    let mut data = json!({
        "received_at": petition.received.to_rfc3339(),
        "channel": petition.channel,
        "petitioner": if petition.named { "named" } else { "anonymous" },
        "title": petition.title,
        "content": petition.content,
        "category": petition.category,
        "record": petition.record,
    });
    if petition.named {
        data["petitioner_name"] = NAME_NOT_GIVEN.into();
    }
    if !petition.place.is_empty() {
        data["place"] = petition.place.as_str().into();
    }
    if let (Some(reply), Some(day)) = (&petition.reply, petition.delivered_on()) {
        data["reply"] = json!({ "opinion": reply.text });
        data["delivered_on"] = day.to_string().into();
        data["proof"] = SOURCE.into();
    }
    data
}
