//! A real SMTP server for tests: `aiosmtpd` from PyPI in a private environment below `target/`, on a free port.
//!
//! It accepts, refuses, stalls, requires TLS and a sign-in, goes away and comes back, as the test says
//! (`smtp_server.py` beside this file). It ends with the value that started it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::python::{environment, run};

/// Version of the server.
const AIOSMTPD: &str = "1.4.6";
/// Makes the certificates of the servers with TLS.
const TRUSTME: &str = "trustme==1.2.1";
/// User of servers that want a sign-in.
pub const USER: &str = "huiyin";
/// Their password.
pub const PASSWORD: &str = "p&ss w0rd 密码";

/// What the server does with a mail.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Keeps it and says 250.
    Accept,
    /// Answers DATA with this code, e.g. 451 or 550.
    Refuse(u16),
    /// Answers 550 to this recipient and accepts the others.
    Unknown(&'static str),
    /// Never answers after DATA; keeps nothing.
    Stall,
    /// Keeps it and never answers: the worst case.
    StallKept,
}

/// How connections are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// STARTTLS and a sign-in are required.
    StarttlsWithSignIn,
    /// TLS from the first byte.
    Implicit,
}

/// A mail the server kept.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The message as it came.
    pub raw: Vec<u8>,
    /// It came over TLS.
    pub tls: bool,
    /// Who was signed in.
    pub user: Option<String>,
}

/// A running server.
#[derive(Debug)]
pub struct SmtpServer {
    folder: tempfile::TempDir,
    tls: Tls,
    port: u16,
    child: Option<Child>,
}

impl SmtpServer {
    /// Starts a server on a free port.
    #[must_use]
    pub fn start(tls: Tls) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder for the SMTP server");
        if tls != Tls::None {
            certificate(folder.path());
        }
        let mut server = Self { folder, tls, port: 0, child: None };
        server.come_back();
        server
    }

    /// Starts it again on its port after [`SmtpServer::go_away`].
    pub fn come_back(&mut self) {
        let mut command = Command::new(python());
        command.arg(source_folder().join("smtp_server.py")).arg(self.folder.path());
        command.args(["--port", &self.port.to_string()]);
        let path = |name: &str| self.folder.path().join(name);
        match self.tls {
            Tls::None => {}
            Tls::StarttlsWithSignIn => {
                command.args(["--tls", "starttls", "--user", USER, "--password", PASSWORD]);
            }
            Tls::Implicit => {
                command.args(["--tls", "implicit"]);
            }
        }
        if self.tls != Tls::None {
            command.arg("--cert").arg(path("server.pem")).arg("--key").arg(path("server.key"));
        }
        let errors = File::create(path("stderr")).expect("a file for the server's errors");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the SMTP server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        self.port = port.unwrap_or_else(|| {
            panic!("the SMTP server did not start: {line}{}", fs::read_to_string(path("stderr")).unwrap_or_default())
        });
        self.child = Some(child);
    }

    /// Stops it; its port refuses connections until it comes back.
    pub fn go_away(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it does from now on.
    pub fn mode(&self, mode: Mode) {
        let words = match mode {
            Mode::Accept => "accept".to_owned(),
            Mode::Refuse(code) => format!("refuse {code}"),
            Mode::Unknown(address) => format!("unknown {address}"),
            Mode::Stall => "stall".to_owned(),
            Mode::StallKept => "stall-accept".to_owned(),
        };
        fs::write(self.folder.path().join("mode"), words).expect("the mode is written");
    }

    /// PEM of the certificate authority that signed its certificate (for `localhost`).
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    /// The mails it kept, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.lines("mails.jsonl").iter().map(mail).collect()
    }

    /// How many mails were handed over up to DATA, kept or not.
    #[must_use]
    pub fn handed_over(&self) -> usize {
        self.lines("log.jsonl").iter().filter(|line| line["kind"] == "data").count()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of the server")).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.go_away();
    }
}

impl Mail {
    /// The message as Python's `email` package reads it: `{subject, from, to, message_id, text, html, headers}`.
    #[must_use]
    pub fn parsed(&self) -> Value {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mail.eml");
        fs::write(&path, &self.raw).expect("the mail is written");
        let output = Command::new(python()).args(["-c", PARSE]).arg(&path).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("python prints JSON")
    }
}

const PARSE: &str = r"
import email, email.policy, json, sys
with open(sys.argv[1], 'rb') as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)
part = lambda kind: mail.get_body((kind,)).get_content()
print(json.dumps({
    'subject': mail['subject'], 'from': str(mail['from']), 'to': str(mail['to']),
    'from_name': mail['from'].addresses[0].display_name, 'to_name': mail['to'].addresses[0].display_name,
    'message_id': mail['message-id'], 'text': part('plain'), 'html': part('html'),
    'headers': {key.lower(): str(value) for key, value in mail.items()},
    'defects': [str(d) for d in mail.defects],
}))
";

fn mail(line: &Value) -> Mail {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    Mail {
        from: text("from"),
        to: line["to"].as_array().into_iter().flatten().filter_map(|to| to.as_str().map(str::to_owned)).collect(),
        raw: from_base64(&text("raw")),
        tls: line["tls"].as_bool().unwrap_or_default(),
        user: line["user"].as_str().map(str::to_owned),
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64 from the server")
}

/// The interpreter of the environment with the server in it; made on first use.
fn python() -> PathBuf {
    environment("aiosmtpd", &[&format!("aiosmtpd=={AIOSMTPD}"), TRUSTME]).join("python")
}

/// Makes a certificate authority (`client.pem`) and a certificate for `localhost` signed by it (`server.pem`,
/// `server.key`) in a folder.
///
/// # Panics
/// When it cannot be made.
pub fn certificate(folder: &Path) {
    run(Command::new(python()).args(["-m", "trustme", "-q", "-i", "localhost", "-d"]).arg(folder));
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("harness")
}
