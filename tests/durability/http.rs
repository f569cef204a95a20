//! As much of an HTTP client as the load needs: one request a connection, so that a killed process is noticed at once.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longest wait for an answer; a process that was killed closes the connection long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: Value,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Caller {
    pub(crate) fn get(&self, path: &str) -> Result<Answer, String> {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.ask("POST", path, &body.to_string())
    }

    /// An error means that it is not known whether the request arrived.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Answer, String> {
        let told = |e: std::io::Error| e.to_string();
        let mut stream = TcpStream::connect(self.address).map_err(told)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\nX-CSRF-Token: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.cookie,
            self.csrf,
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(told)?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).map_err(told)?;
        read(&all)
    }
}

fn read(all: &[u8]) -> Result<Answer, String> {
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").ok_or("the answer was cut off")?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let body = &all[end + 4..];
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("no status line")?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    if let Some(length) = header("content-length").and_then(|n| n.parse::<usize>().ok())
        && body.len() < length
    {
        return Err("the answer was cut off".into());
    }
    let cookie = header("set-cookie").and_then(|c| c.split(';').next().map(str::to_owned));
    Ok(Answer { status, cookie, body: serde_json::from_slice(body).unwrap_or(Value::Null) })
}
