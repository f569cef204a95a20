//! Readings over HTTP: who may speak, what is refused by itself, answered after the commit, again without effect; slow and
//! too many ones are hung up on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use huiyin_engine::REAL;
use huiyin_sensing::doors::http::{Door, Kept, PATH};
use huiyin_sensing::doors::{Callers, Http};
use huiyin_sensing::ingest::Reason;
use huiyin_sensing::observation::Source;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::scene::{DISTRICT, Scene, at};

const TOKEN: &str = "0f6b7f6a2c904d5fb0f6e3a1";
const ELSEWHERE: &str = "5e1d0c4b3a29187f6e5d4c3b";

struct Open {
    scene: Scene,
    address: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

impl Open {
    async fn new(request: Duration, most_lines: usize) -> Self {
        let scene = Scene::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut callers = Callers::default();
        callers.admit("gateway", TOKEN, &["G1"], &[IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        callers.admit("elsewhere", ELSEWHERE, &["G1"], &[IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9))]);
        let idle = Duration::from_secs(60);
        let http = Http {
            listen: address,
            behind_proxy: false,
            most_lines,
            most_lines_of_one_address: 100,
            idle,
            request,
            callers,
        };
        let door = Door { intake: scene.intake.clone(), http: Arc::new(http), clock: scene.clock.clone() };
        let stop = CancellationToken::new();
        let served = tokio::spawn(door.serve(listener, stop.clone()));
        Self { scene, address, stop, served }
    }

    async fn post(&self, token: &str, body: &[u8]) -> (u16, Value) {
        let mut line = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        line.write_all(head.as_bytes()).await.unwrap();
        // One that is refused by its head may be hung up on before its body was read.
        let _ = line.write_all(body).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), line.read_to_end(&mut answer)).await;
        let _ = read.expect("an answer in time");
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn say(&self, body: Value) -> (u16, Value) {
        self.post(TOKEN, body.to_string().as_bytes()).await
    }

    async fn kept(&self) -> usize {
        self.scene.journal().observations_after(DISTRICT, REAL, 0, 10_000).await.unwrap().len()
    }

    fn refused(&self, reason: Reason) -> u64 {
        self.scene.intake.counts().refusals().get(&(Source::Http, reason)).copied().unwrap_or(0)
    }
}

fn reading(minute: i64) -> Value {
    json!({"station": "G1", "pollutant": "a21018", "value": 20.5, "unit": "µg/m³", "observed_at": at(minute).to_rfc3339()})
}

fn with(minute: i64, field: &str, value: Value) -> Value {
    let mut reading = reading(minute);
    reading[field] = value;
    reading
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_is_committed_once_and_bad_ones_cost_their_neighbours_nothing() {
    let open = Open::new(Duration::from_secs(30), 100).await;
    assert_eq!(open.say(reading(0)).await, (200, json!({"kept": 1, "refused": []})));
    assert_eq!(open.kept().await, 1, "committed before it was answered");
    assert_eq!(open.say(reading(0)).await, (200, json!({"kept": 1, "refused": []})), "again it is answered the same");
    assert_eq!(open.kept().await, 1, "and changes nothing");
    let wrong = [
        ("unit", json!("mg/m³"), "wrong_unit"),
        ("value", json!("20"), "not_a_number"),
        ("pollutant", json!("w01001"), "unknown_pollutant"),
        ("station", json!("A1"), "unknown_station"),
        ("flag", json!("X"), "bad_flag"),
        ("kind", json!("year"), "malformed"),
        ("observed_at", json!("2026-11-23 09:00"), "bad_time"),
        ("observed_at", json!("2036-11-23T09:00:00Z"), "bad_time"),
        ("flags", json!("M"), "malformed"),
    ];
    let mut many = vec![reading(1)];
    many.extend(wrong.iter().map(|(field, value, _)| with(2, field, value.clone())));
    many.push(json!(7));
    many.push(json!({"station": "G1", "pollutant": "a21018", "observed_at": at(3).to_rfc3339()}));
    many.push(reading(4));
    let (status, answer) = open.say(json!({"observations": many})).await;
    let answer: Kept = serde_json::from_value(answer).unwrap();
    assert_eq!((status, answer.kept, open.kept().await), (200, 2, 3));
    for ((field, _, reason), (place, fault)) in wrong.iter().zip((1..).zip(&answer.refused)) {
        // A field that nobody knows is no field of a reading.
        let field = if *field == "flags" { "" } else { field };
        assert_eq!((fault.index, fault.field.as_str(), fault.reason.as_str()), (place, field, *reason), "{fault:?}");
    }
    let rest: Vec<_> = answer.refused[wrong.len()..].iter().map(|one| (one.index, one.field.as_str())).collect();
    assert_eq!(rest, [(10, ""), (11, "value")]);
    let (status, answer) = open.say(with(5, "value", Value::Null)).await;
    assert_eq!((status, answer["kept"].clone()), (422, json!(0)), "nothing of it was kept");
    open.stop.cancel();
    open.served.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_what_is_too_large_are_refused_and_counted() {
    let open = Open::new(Duration::from_secs(30), 100).await;
    let body = reading(0).to_string();
    for (token, status) in [("", 401), ("wrong", 401), (&TOKEN[1..], 401), (ELSEWHERE, 403)] {
        assert_eq!(open.post(token, body.as_bytes()).await.0, status, "{token}");
    }
    assert_eq!((open.refused(Reason::WrongPassword), open.refused(Reason::WrongAddress)), (3, 1));
    let deep = "[".repeat(100_000);
    for malformed in
        [&b""[..], b"{", b"[]", b"{}x", br#"{"observations": []}"#, br#"{"observations": 1}"#, deep.as_bytes()]
    {
        assert_eq!(
            open.post(TOKEN, malformed).await.0,
            400,
            "{}",
            String::from_utf8_lossy(&malformed[..malformed.len().min(40)])
        );
    }
    let many = json!({"observations": vec![json!(1); 2001]}).to_string();
    assert_eq!(open.post(TOKEN, many.as_bytes()).await.0, 400, "more readings than a message may have");
    let large = vec![b' '; 600_000];
    assert_eq!(open.post(TOKEN, &large).await.0, 413);
    assert_eq!(open.kept().await, 0);
    let (status, _) = open.post(TOKEN, body.as_bytes()).await;
    assert_eq!((status, open.kept().await), (200, 1), "and a good one is taken all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_store_is_away_nothing_is_acknowledged() {
    let open = Open::new(Duration::from_secs(30), 100).await;
    open.scene.trap.set("keep");
    assert_eq!(open.say(reading(0)).await.0, 503);
    assert_eq!(open.kept().await, 0);
    // Committed, and the answer lost: sent again it is there once.
    open.scene.trap.set("kept");
    assert_eq!(open.say(reading(0)).await.0, 503);
    assert_eq!((open.say(reading(0)).await.0, open.kept().await), (200, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_sends_a_byte_now_and_then_and_one_too_many_are_hung_up_on() {
    let open = Open::new(Duration::from_secs(1), 2).await;
    let mut slow = TcpStream::connect(open.address).await.unwrap();
    let mut idle = TcpStream::connect(open.address).await.unwrap();
    // The server has taken both once it answers on the second.
    idle.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut bytes = [0; 512];
    assert!(idle.read(&mut bytes).await.unwrap() > 0);
    let mut third = TcpStream::connect(open.address).await.unwrap();
    assert_eq!(third.read(&mut bytes).await.unwrap_or(0), 0, "there is room for two");
    let mut cut = false;
    for byte in b"POST /api/v1/observations HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if slow.write_all(&[*byte]).await.is_err() {
            cut = true;
            break;
        }
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(100), slow.read(&mut bytes)).await {
            cut = matches!(read, Ok(0) | Err(_));
            break;
        }
    }
    assert!(cut, "a head that takes for ever is cut off");
    assert_eq!(open.refused(Reason::Limit), 2);
    assert_eq!(open.say(reading(0)).await.0, 200, "there is room again");
}
