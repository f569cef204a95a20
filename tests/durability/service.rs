//! The process under test: `huiyin serve` on a store of its own, always on the same port.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use huiyin_journal::{Journal, OpenOptions};

use crate::http::Caller;

const BINARY: &str = env!("CARGO_BIN_EXE_huiyin");
/// Longest start-up before the test gives up.
const START_UP: Duration = Duration::from_secs(60);

/// How to start it.
#[derive(Clone)]
pub(crate) struct Service {
    folder: PathBuf,
    database: String,
    address: SocketAddr,
    /// Further arguments of `huiyin serve`.
    more: Vec<String>,
}

/// A running process. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// Whether it has said that it is at work.
    ready: bool,
    link: Option<String>,
    /// Kept open: the process may have more to say.
    said: Option<Lines<BufReader<ChildStdout>>>,
}

impl Process {
    /// SIGKILL: no destructor runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The one-time token that it printed.
    pub(crate) fn token(&self) -> &str {
        self.link.as_deref().unwrap().split_once("token=").unwrap().1
    }

    /// Sends it a signal, e.g. `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        // The shell has it built in; the program of that name is not on every machine.
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(sent.success(), "kill -{name}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    pub(crate) fn new(folder: &Path, database: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], harness::free_port()));
        Self { folder: folder.to_owned(), database: database.to_owned(), address, more: Vec::new() }
    }

    /// Where its pages are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Another process on the same store, with a port of its own.
    pub(crate) fn beside(&self, more: &[&str]) -> Self {
        let mut other = Self::new(&self.folder, &self.database);
        other.more = more.iter().map(|&word| word.to_owned()).collect();
        other
    }

    fn command(&self, name: &str) -> Command {
        let binary = std::env::var_os("HUIYIN_BINARY").unwrap_or_else(|| BINARY.into());
        let mut command = Command::new(binary);
        let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
        command.arg(name).arg("--data").arg(&self.folder).args(["--database", &self.database]);
        command.arg("--workflows").arg(workflows).current_dir(&self.folder).env("HUIYIN_LOG", "error");
        command
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(&self) -> Process {
        let mut command = self.command("serve");
        command.args(["--demo-clock", "--listen", &self.address.to_string()]).args(&self.more);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        Process { child, ready: false, link: None, said: None }
    }

    /// Starts it and waits until it has said that it is at work, with its sign-in link if it has pages.
    pub(crate) fn start(&self) -> Process {
        let mut process = self.spawn();
        let mut lines = BufReader::new(process.child.stdout.take().unwrap()).lines();
        let began = Instant::now();
        while !process.ready {
            let line = lines.next().expect("it ended before it was ready").unwrap();
            process.link = line.split_once("/sign-in").map(|(_, token)| format!("/sign-in{token}"));
            process.ready = process.link.is_some() || line.ends_with(" at work");
            assert!(began.elapsed() < START_UP, "it was not ready after {START_UP:?}");
        }
        process.said = Some(lines);
        process
    }

    /// The same person at another process.
    pub(crate) fn also_here(&self, caller: &Caller) -> Caller {
        Caller { address: self.address, ..caller.clone() }
    }

    /// Signs in by the printed link.
    pub(crate) fn sign_in(&self, process: &Process) -> Caller {
        let mut caller = Caller { address: self.address, cookie: String::new(), csrf: String::new() };
        let signed = caller.get(process.link.as_deref().unwrap()).unwrap();
        assert_eq!(signed.status, 303, "{:?}", signed.body);
        caller.cookie = signed.cookie.unwrap();
        let session = caller.get("/api/session").unwrap();
        caller.csrf = session.body["csrf"].as_str().unwrap().to_owned();
        caller
    }

    /// Waits until no timer is overdue.
    pub(crate) fn settle(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let journal = self.journal().await;
            let began = Instant::now();
            loop {
                let now = self.now(&journal).await;
                let (overdue, since) = journal.overdue_timers("500110", "real", now).await.unwrap();
                if overdue == 0 {
                    return;
                }
                assert!(began.elapsed() < START_UP, "{overdue} timers stay overdue, the oldest since {since:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }

    /// What the demonstration clock shows.
    pub(crate) async fn now(&self, journal: &Journal) -> chrono::DateTime<chrono::Utc> {
        let offset = journal.raise_setting("clock.demo_offset", 0).await.unwrap();
        chrono::Utc::now() + chrono::Duration::microseconds(offset)
    }

    /// The store, opened beside the process.
    pub(crate) async fn journal(&self) -> Journal {
        OpenOptions::new(&self.database, &self.folder, chrono::Utc::now()).open().await.unwrap()
    }

    /// `huiyin verify`: whether the record is whole, and what it printed.
    pub(crate) fn verify(&self) -> (bool, String) {
        let out = self.command("verify").output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.success(), said)
    }
}
