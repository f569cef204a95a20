//! A private PostgreSQL for tests: a fresh cluster in a temporary folder, on a free port of the loopback, no socket.
//!
//! To make a cluster costs a second: one is made for the process, and copied for whoever needs a server of its own. Tests that
//! neither stop nor configure it share one, each with a database of its own ([`Postgres::shared`]).
//! It waits for the disk as a real one does (`fsync` on). It ends, and its folder goes, with the value that started it.
//! PostgreSQL refuses to run as root, so root starts it as the system's user `postgres`.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use crate::free_port;

/// Who a program runs as: user and group.
type User = Option<(u32, u32)>;

/// The cluster that all of this process are copies of, as long as one of them is there.
static FIRST: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());

/// The server that tests of this process share, as long as one of them is there.
static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    _first: Arc<TempDir>,
    bin: PathBuf,
    user: User,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let (bin, user) = (bin(), unprivileged());
        let (first, folder) = (first(&bin, user), folder_of(user));
        run(Path::new("cp"), &["-a", &data_in(&first), &data_in(&folder)], folder.path(), user);
        let server = Self { folder, _first: first, bin, user, port: free_port() };
        server.up();
        server
    }

    /// The server that tests of this process share, and the address of an empty database on it. Whoever stops the server needs
    /// one of its own: [`Postgres::start`].
    ///
    /// # Panics
    /// As [`Postgres::start`] and [`Postgres::database`].
    #[must_use]
    pub fn shared() -> (Arc<Self>, String) {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = {
            let mut kept = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            kept.upgrade().unwrap_or_else(|| {
                let started = Arc::new(Self::start());
                *kept = Arc::downgrade(&started);
                started
            })
        };
        let url = server.database(&format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed)));
        (server, url)
    }

    /// Starts the server again after [`Postgres::kill`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn up(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100 -c logging_collector=off",
            self.port
        );
        let log = self.folder.path().join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-w", "-t", "60", "-o", &options, "start"]);
    }

    /// Ends the server at once, without a checkpoint, as a crash would.
    ///
    /// # Panics
    /// When it does not end.
    pub fn kill(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// The address of its database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.run("createdb", &["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", name]);
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Backs a database up with PostgreSQL's own tool, restores it under a new name, and gives the address of that.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn restored(&self, url: &str, name: &str) -> String {
        let file = self.folder.path().join(format!("{name}.dump")).display().to_string();
        self.run("pg_dump", &["--format=custom", "--file", &file, url]);
        let restored = self.database(name);
        self.run("pg_restore", &["--exit-on-error", "--dbname", &restored, &file]);
        restored
    }

    /// Runs SQL with the rights of the server's owner, past everything that protects the tables.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn sql(&self, url: &str, sql: &str) {
        self.run("psql", &["-v", "ON_ERROR_STOP=1", "-q", "-c", sql, url]);
    }

    fn data(&self) -> String {
        data_in(&self.folder)
    }

    fn run(&self, program: &str, args: &[&str]) {
        run(&self.bin.join(program), args, self.folder.path(), self.user);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = Command::new(self.bin.join("pg_ctl"));
        stop.args(["-D", &self.data(), "-m", "immediate", "-w", "stop"]).current_dir("/");
        stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            stop.gid(gid).uid(uid);
        }
        let _ = stop.status();
    }
}

/// The cluster to be copied; made when there is none, or none any more.
fn first(bin: &Path, user: User) -> Arc<TempDir> {
    let mut kept = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = kept.upgrade() {
        return there;
    }
    let folder = folder_of(user);
    let data = data_in(&folder);
    let options = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    run(&bin.join("initdb"), &options, folder.path(), user);
    let made = Arc::new(folder);
    *kept = Arc::downgrade(&made);
    made
}

fn folder_of(user: User) -> TempDir {
    let folder = tempfile::Builder::new().prefix("huiyin-postgres-").tempdir().expect("a temporary folder");
    if let Some((uid, gid)) = user {
        chown(folder.path(), Some(uid), Some(gid)).expect("root gives the folder away");
    }
    folder
}

fn data_in(folder: &TempDir) -> String {
    folder.path().join("data").display().to_string()
}

/// Runs a program to its end. What it says, and the log of a server, are in the folder.
fn run(program: &Path, args: &[&str], folder: &Path, user: User) {
    let name = program.file_name().unwrap_or_default().display();
    let out = folder.join(format!("{name}.out"));
    let file = fs::File::create(&out).expect("a file in our own folder");
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(file.try_clone().expect("a second handle")).stderr(file);
    if let Some((uid, gid)) = user {
        command.gid(gid).uid(uid);
    }
    let status = command.status().unwrap_or_else(|e| panic!("{name} does not run: {e}"));
    if !status.success() {
        let said = fs::read_to_string(&out).unwrap_or_default();
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("{name} failed: {said}\n{log}");
    }
}

/// The newest installed server's programs.
fn bin() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
    };
    found
        .pop()
        .map(|(_, bin)| bin)
        .or_else(in_path)
        .expect("PostgreSQL's server programs (initdb, pg_ctl) are installed")
}

/// Whom root becomes to start a server; none when we are not root.
fn unprivileged() -> User {
    let we_are_root = fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    we_are_root.then(|| passwd("postgres", Path::new("/etc/passwd")).expect("the system user postgres exists"))
}

fn passwd(name: &str, file: &Path) -> Option<(u32, u32)> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
