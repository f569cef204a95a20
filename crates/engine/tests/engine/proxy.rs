//! A wire to PostgreSQL that is cut on purpose: the sender's `COMMIT` arrives and its answer does not, or neither does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a `COMMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing.
    No,
    /// The server commits; the answer is lost.
    After,
    /// The connection ends first; the server rolls back.
    Before,
}

/// The wire. `decide` is asked at each `COMMIT`, which are counted from 1.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    commits: Arc<AtomicU32>,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr, decide: fn(u32) -> Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let commits = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&commits);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, Arc::clone(&counter), decide));
            }
        });
        Self { address, commits }
    }

    /// Commits that came by.
    pub(crate) fn commits(&self) -> u32 {
        self.commits.load(Ordering::SeqCst)
    }
}

async fn carry(client: TcpStream, server: SocketAddr, commits: Arc<AtomicU32>, decide: fn(u32) -> Cut) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let silent = Arc::new(AtomicBool::new(false));
    let silence = Arc::clone(&silent);
    let there = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(n @ 1..) = from_client.read(&mut buffer).await else { return };
            let is_commit = buffer[..n].windows(7).any(|w| w == b"COMMIT\0");
            let cut = if is_commit { decide(commits.fetch_add(1, Ordering::SeqCst) + 1) } else { Cut::No };
            if cut != Cut::No {
                // From here on nothing comes back.
                silence.store(true, Ordering::SeqCst);
            }
            if cut == Cut::Before || to_server.write_all(&buffer[..n]).await.is_err() {
                return;
            }
            if cut == Cut::After {
                // The server has it; when it has answered, it has committed.
                std::future::pending::<()>().await;
            }
        }
    };
    let back = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(n @ 1..) = from_server.read(&mut buffer).await else { return };
            if silent.load(Ordering::SeqCst) || to_client.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    };
    // Whoever ends first ends the connection on both sides.
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}
