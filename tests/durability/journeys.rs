//! The journey of a complaint in a browser, unchanged, on processes that find each other over NATS.

use std::path::Path;
use std::process::Command;

use harness::nats::NatsServer;
use harness::postgres::Postgres;

use crate::service::Service;

/// See the module.
pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, nats) = (Postgres::start(), NatsServer::start());
    let store = Service::new(folder.path(), &postgres.url());
    let begin = |role: &str| {
        let service = store.beside(&["--roles", role, "--nats", &nats.url()]);
        let process = service.start();
        (service, process)
    };
    let _others = ["engine", "notify", "scheduler"].map(begin);
    let (pages, process) = begin("web");
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/run");
    let done = Command::new(specs)
        .env("BASE_URL", pages.url())
        .env("SIGN_IN", process.token())
        .output()
        .expect("tests/browser/run starts");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    eprintln!("{}", said.lines().filter(|line| line.contains("# ")).collect::<Vec<_>>().join("\n"));
}
