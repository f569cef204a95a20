//! A real MQTT broker for tests: Debian's `mosquitto`, on a free port, with its sessions in a temporary folder. It goes away
//! and comes back as the test says, and ends with the value that started it.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::free_port;

/// A running broker.
#[derive(Debug)]
pub struct Mosquitto {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts a broker that writes every change of a session down at once.
    ///
    /// # Panics
    /// When `mosquitto` is not installed or does not answer within half a minute.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder for the broker");
        let port = free_port();
        let data = folder.path().display();
        let settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\npersistence_location {data}/\n\
             autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 100000\n"
        );
        fs::write(folder.path().join("mosquitto.conf"), settings).expect("the settings of the broker");
        let mut broker = Self { folder, port, child: None };
        broker.come_back();
        broker
    }

    /// Its port on the loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again on its port, with its sessions.
    ///
    /// # Panics
    /// When it does not answer within half a minute.
    pub fn come_back(&mut self) {
        let log = File::create(self.folder.path().join("log")).expect("a file for what the broker says");
        let child = Command::new(program())
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("mosquitto: {error}. install it: deploy/prerequisites.sh test"));
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let said = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "the broker does not answer:\n{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a message whose body holds these words is on the disk, with all that came before it. (That the file
    /// was written after a moment says nothing: what it holds may be older.)
    ///
    /// # Panics
    /// When it is not within half a minute.
    pub fn written_down(&self, words: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        let file = self.folder.path().join("mosquitto.db");
        let holds = |kept: &[u8]| kept.windows(words.len()).any(|one| one == words.as_bytes());
        while !fs::read(&file).is_ok_and(|kept| holds(&kept)) {
            assert!(Instant::now() < until, "the broker does not write {words} down");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it; its port refuses connections until it comes back.
    pub fn go_away(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.go_away();
    }
}

/// Debian keeps it where only root looks.
fn program() -> &'static str {
    let usual = "/usr/sbin/mosquitto";
    if Path::new(usual).exists() { usual } else { "mosquitto" }
}
