//! Who sends a command: looked up as the account is now. Those asked for while a question is under way are asked for
//! together with the next one, so that many commands cost the store one question; each answer was read after it was asked
//! for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use huiyin_journal::Journal;
use huiyin_journal::accounts::User;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::command::EngineError;

type Found = Result<Option<User>, EngineError>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct People {
    waiting: Mutex<Vec<(String, oneshot::Sender<Found>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl People {
    /// The person with this id; none: there is no such account.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn user(&self, journal: &Journal, id: &str) -> Found {
        loop {
            let (reply, mut answer) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((id.to_owned(), reply));
            // Whose turn it is asks for all who wait.
            let _turn = self.turn.lock().await;
            let mut found = answer.try_recv();
            if matches!(found, Err(TryRecvError::Empty)) {
                self.ask(journal).await;
                found = answer.try_recv();
            }
            // Without an answer: who asked for us has gone away in the middle of it.
            if let Ok(found) = found {
                return found;
            }
        }
    }

    async fn ask(&self, journal: &Journal) {
        let asked = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let mut ids: Vec<String> = asked.iter().map(|(id, _)| id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = journal.accounts().users_of(&ids).await;
        let found = found
            .map(|users| users.into_iter().map(|user| (user.id.clone(), user)).collect::<HashMap<_, _>>())
            .map_err(|e| EngineError::Unavailable(e.to_string()));
        for (id, reply) in asked {
            // Who has gone away needs no answer.
            let _ = reply.send(found.as_ref().map(|users| users.get(&id).cloned()).map_err(Clone::clone));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::Utc;
    use huiyin_journal::OpenOptions;

    use super::*;

    fn person(id: &str) -> User {
        let [district, login, name] = ["500110".to_owned(), id.to_owned(), id.to_owned()];
        let (roles, units, heads) = (vec!["handler".to_owned()], vec![], vec![]);
        User { id: id.to_owned(), district, login, name, roles, units, heads, language: "zh".into(), active: true }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everybody_hears_of_the_one_they_asked_for_and_one_that_gives_up_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("people.db").display());
        let journal = OpenOptions::new(&url, folder.path(), Utc::now()).open().await.expect("a store");
        for n in 0..5 {
            journal.accounts().create_user(&person(&format!("p{n}")), None, Utc::now()).await.expect("an account");
        }
        let people = Arc::new(People::default());
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..200 {
            let (people, journal) = (Arc::clone(&people), journal.clone());
            asking.spawn(async move {
                let id = format!("p{}", n % 7);
                // Every third gives up at some point of its own.
                let asked = people.user(&journal, &id);
                let patience = std::time::Duration::from_micros(if n % 3 == 0 { n * 10 } else { 60_000_000 });
                let Ok(found) = tokio::time::timeout(patience, asked).await else { return 0 };
                assert_eq!(found.expect("the store answers").map(|user| user.id), (n % 7 < 5).then_some(id));
                u32::from(n % 3 != 0)
            });
        }
        let heard: u32 = asking.join_all().await.into_iter().sum();
        assert_eq!(heard, 133, "who waits hears");
    }
}
