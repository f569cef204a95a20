//! The doors by which commands come from other processes: people's, asked and answered at once, and machines', from a
//! queue.
//!
//! Who may knock at a door is not who may act: what a sender says of its roles counts for nothing here, the account is
//! looked up again for every command; and neither people nor machines reach what only Huiyin itself may do.

use std::sync::Arc;
use std::time::Duration;

use huiyin_bus::{Answers, Calls, Later, Taken, Worker};
use huiyin_chart::{Actor, ActorKind};
use huiyin_journal::Journal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::command::{Answer, Command, EngineError, REAL, Refused, Target};
use crate::engine::Engine;
use crate::people::People;

/// People's commands come under this word of an address.
const PEOPLE: &str = "person";
/// Machines' commands come under this one.
const MACHINES: &str = "machine";
/// Commands of one case come under one number of so many. It only keeps them near each other.
const PARTITIONS: u128 = 16;
/// How often an engine is asked before the sender is told to come back.
const TRIES: usize = 4;
/// Between two tries: an engine that starts again needs a moment.
const PAUSE: Duration = Duration::from_millis(150);
/// How often the record is looked at for the answer to what was left in the queue, and how long between.
const LOOKS: usize = 60;
const LOOK: Duration = Duration::from_millis(50);
/// Largest command, in bytes of JSON.
const LARGEST: usize = 512 * 1024;

/// What an engine says to a process that asked it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// It was carried out, or refused.
    Answer(Answer),
    /// See [`EngineError::Busy`].
    Busy(usize),
    /// See [`EngineError::Unavailable`].
    Unavailable(String),
    /// See [`EngineError::Quarantined`].
    Quarantined(Uuid, String),
    /// See [`EngineError::Closed`].
    Closed,
    /// See [`EngineError::Setup`].
    Setup(String),
}

impl From<Result<Answer, EngineError>> for Reply {
    fn from(answered: Result<Answer, EngineError>) -> Self {
        match answered {
            Ok(answer) => Self::Answer(answer),
            Err(EngineError::Busy { waiting }) => Self::Busy(waiting),
            Err(EngineError::Unavailable(problem)) => Self::Unavailable(problem),
            Err(EngineError::Quarantined { id, problem }) => Self::Quarantined(id, problem),
            Err(EngineError::Closed) => Self::Closed,
            Err(EngineError::Setup(problem)) => Self::Setup(problem),
        }
    }
}

impl From<Reply> for Result<Answer, EngineError> {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::Busy(waiting) => Err(EngineError::Busy { waiting }),
            Reply::Unavailable(problem) => Err(EngineError::Unavailable(problem)),
            Reply::Quarantined(id, problem) => Err(EngineError::Quarantined { id, problem }),
            Reply::Closed => Err(EngineError::Closed),
            Reply::Setup(problem) => Err(EngineError::Setup(problem)),
        }
    }
}

/// The word of an address that keeps exercises apart.
fn life(timeline: &str) -> &'static str {
    if timeline == REAL { "live" } else { "drill" }
}

impl Command {
    /// The address under which it goes to an engine: `huiyin.<district>.<live|drill>.cmd.<person|machine>.<partition>`.
    #[must_use]
    pub fn address(&self) -> String {
        let life = life(&self.timeline);
        let sender = if self.actor.kind == ActorKind::Machine { MACHINES } else { PEOPLE };
        let near = self.case().unwrap_or(self.id).as_u128() % PARTITIONS;
        format!("huiyin.{}.{life}.cmd.{sender}.{near}", self.district)
    }
}

/// Asks an engine in another process to carry a command out. Who does not answer may have died or stand still: the same
/// command is then asked of whoever else is there, which changes nothing if it was carried out already.
pub(crate) async fn ask(engines: &dyn Calls, command: &Command) -> Result<Answer, EngineError> {
    let question = serde_json::to_vec(command).map_err(|e| EngineError::Setup(e.to_string()))?;
    if question.len() > LARGEST {
        return Ok(Answer::Refused(too_large()));
    }
    let unknown = |problem: String| EngineError::Unavailable(problem);
    let mut answered = engines.ask(command.address(), question.clone()).await;
    for _ in 1..TRIES {
        if answered.is_ok() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answered = engines.ask(command.address(), question.clone()).await;
    }
    let answered = answered.map_err(|e| unknown(format!("no engine answers: {}", e.problem)))?;
    serde_json::from_slice::<Reply>(&answered).map_err(|e| unknown(format!("the answer does not read: {e}")))?.into()
}

/// Leaves a command in the queue of machines and reads its answer back from the record. When none is there in time, the
/// command waits in the queue: sent again under the same id it is not carried out twice.
pub(crate) async fn leave(engines: &dyn Calls, journal: &Journal, command: &Command) -> Result<Answer, EngineError> {
    let message = serde_json::to_vec(command).map_err(|e| EngineError::Setup(e.to_string()))?;
    if message.len() > LARGEST {
        return Ok(Answer::Refused(too_large()));
    }
    if let Some(answer) = recorded(journal, command).await? {
        return Ok(answer);
    }
    let id = command.id.to_string();
    let left = engines.leave(command.address(), &id, message).await;
    left.map_err(|e| EngineError::Unavailable(format!("the queue of machines did not take it: {}", e.problem)))?;
    for _ in 0..LOOKS {
        if let Some(answer) = recorded(journal, command).await? {
            return Ok(answer);
        }
        if let Some(problem) = journal.set_aside_command(command.id).await? {
            return Err(EngineError::Quarantined { id: command.id, problem });
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(EngineError::Unavailable("it waits in the queue of machines; no engine has answered yet".to_owned()))
}

/// The answer that was committed under the id of a command.
async fn recorded(journal: &Journal, command: &Command) -> Result<Option<Answer>, EngineError> {
    let Some(known) = journal.answer(command.id).await? else { return Ok(None) };
    if known.body_hash != command.body_hash() {
        return Ok(Some(Answer::Conflict));
    }
    let read = serde_json::from_str(&known.answer);
    read.map(Some)
        .map_err(|e| EngineError::Quarantined { id: command.id, problem: format!("its answer is damaged: {e}") })
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Doors {
    engine: Engine,
    people: Arc<People>,
}

impl Doors {
    /// The addresses at which people's commands of a district and timeline come.
    #[must_use]
    pub fn of_people(district: &str, timeline: &str) -> String {
        format!("huiyin.{district}.{}.cmd.{PEOPLE}.*", life(timeline))
    }

    /// The doors of an engine that runs in this process.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, people: Arc::default() }
    }

    async fn person(&self, address: &str, question: &[u8]) -> Result<Answer, EngineError> {
        let command = match read(address, PEOPLE, question) {
            Ok(command) => command,
            Err(refused) => return Ok(Answer::Refused(refused)),
        };
        match self.authorised(command).await? {
            Ok(command) => self.engine.submit(command).await,
            Err(refused) => Ok(Answer::Refused(refused)),
        }
    }

    /// The command with the roles and units that the account has now.
    async fn authorised(&self, mut command: Command) -> Result<Result<Command, Refused>, EngineError> {
        if command.actor.kind != ActorKind::Person || !for_people(&command.target) {
            return Ok(Err(not_allowed()));
        }
        let user = self.people.user(self.engine.journal(), &command.actor.id).await?;
        let Some(user) = user.filter(|user| user.active && user.district == command.district) else {
            return Ok(Err(not_allowed()));
        };
        let kind = ActorKind::Person;
        command.actor = Actor { id: user.id, kind, roles: user.roles, units: user.units, heads: user.heads };
        Ok(Ok(command))
    }

    async fn machine(&self, address: &str, message: &[u8]) -> Taken {
        let mut command = match read(address, MACHINES, message) {
            Ok(command) => command,
            Err(refused) => return Taken::Never(refused.message.en),
        };
        if command.actor.kind != ActorKind::Machine || !for_machines(&command.target) {
            return Taken::Never(not_allowed().message.en);
        }
        let id = std::mem::take(&mut command.actor.id);
        command.actor = Actor { id, kind: ActorKind::Machine, roles: vec![], units: vec![], heads: vec![] };
        let number = command.id;
        match self.engine.submit(command).await {
            Ok(Answer::Accepted(_)) => Taken::Done,
            Ok(Answer::Refused(refused)) => {
                // Its answer is kept under its id; sending it again would change nothing.
                tracing::warn!(command = %number, code = %refused.code, why = %refused.message.en, "a machine was refused");
                Taken::Done
            }
            Ok(Answer::Conflict) => Taken::Never(format!("another command has the id {number}")),
            Err(EngineError::Quarantined { problem, .. }) => Taken::Never(problem),
            Err(error) => {
                tracing::debug!(command = %number, %error, "not now; it comes again");
                Taken::Again
            }
        }
    }
}

impl Answers for Doors {
    fn answer(&self, address: String, question: Vec<u8>) -> Later<'_, Vec<u8>> {
        Box::pin(async move {
            let reply = Reply::from(self.person(&address, &question).await);
            serde_json::to_vec(&reply).unwrap_or_default()
        })
    }
}

impl Worker for Doors {
    fn take(&self, address: String, message: Vec<u8>) -> Later<'_, Taken> {
        Box::pin(async move { self.machine(&address, &message).await })
    }
}

/// A command that came under the address that is its own.
fn read(address: &str, sender: &str, message: &[u8]) -> Result<Command, Refused> {
    if message.len() > LARGEST {
        return Err(too_large());
    }
    let command: Command = serde_json::from_slice(message).map_err(|e| {
        let en = format!("the command does not read: {e}");
        Refused::new("malformed", "命令无法识别", &en)
    })?;
    // The number at its end only keeps commands near each other.
    let place = |address: &str| address.rsplit_once('.').map(|(place, _)| place.to_owned());
    let own = place(&command.address());
    if own != place(address) || !address.contains(&format!(".cmd.{sender}.")) {
        let own = own.unwrap_or_default();
        let en = format!("it came under {address} and belongs under {own}.<number>");
        return Err(Refused::new("wrong_address", "命令送错了地址", &en));
    }
    Ok(command)
}

/// What somebody signed in may ask for; the workflow says which events.
const fn for_people(target: &Target) -> bool {
    match target {
        Target::Open { parent, .. } => parent.is_none(),
        Target::Event { .. } | Target::Attach { .. } | Target::Note { .. } => true,
        Target::AdoptCalendar { .. }
        | Target::Migrate { .. }
        | Target::UndoMigration { .. }
        | Target::EndRetention { .. } => false,
    }
}

const fn for_machines(target: &Target) -> bool {
    matches!(target, Target::Open { parent: None, .. } | Target::Event { .. })
}

fn not_allowed() -> Refused {
    Refused::new("not_allowed", "无权进行此操作", "who sent this may not do it")
}

fn too_large() -> Refused {
    let en = format!("a command may have {LARGEST} bytes at most");
    Refused::new("too_large", "内容过大", &en)
}
