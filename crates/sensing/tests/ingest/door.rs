//! Frames over real lines: acknowledged after they are committed; strangers, liars and slow ones are refused and counted, and
//! cost their neighbours nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::segment::Segment;
use huiyin_sensing::doors::hj212::Door;
use huiyin_sensing::doors::{Line, Speakers};
use huiyin_sensing::ingest::Reason;
use huiyin_sensing::observation::{Flag, Source};
use huiyin_sensing::simulate::frames;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::scene::{DISTRICT, Scene, at};
use huiyin_engine::REAL;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Open {
    scene: Scene,
    address: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

impl Open {
    async fn new(frame: Duration, most_lines: usize) -> Self {
        let scene = Scene::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let idle = Duration::from_secs(60);
        let line = Line { listen: address, most_lines, most_lines_of_one_address: 100, idle, frame };
        let speakers = Arc::new(right(&scene, "right"));
        let door = Door { intake: scene.intake.clone(), speakers, line, clock: scene.clock.clone() };
        let stop = CancellationToken::new();
        let served = tokio::spawn(door.serve(listener, stop.clone()));
        Self { scene, address, stop, served }
    }

    async fn line(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn refused(&self, reason: Reason) -> u64 {
        self.scene.intake.counts().refusals().get(&(Source::Hj212, reason)).copied().unwrap_or(0)
    }

    async fn kept(&self) -> usize {
        self.scene.journal().observations_after(DISTRICT, REAL, 0, 10_000).await.unwrap().len()
    }

    /// A frame of the gas station at a minute.
    fn frame(&self, minute: i64, password: &str) -> Vec<u8> {
        let speakers = right(&self.scene, password);
        let station = self.scene.parts.registry.station("G1").unwrap();
        frames(station, &speakers, at(minute), &[("a21018", 20.5, Flag::N), ("a21026", 11.25, Flag::N)]).unwrap()
    }
}

fn right(scene: &Scene, password: &str) -> Speakers {
    let mut speakers = Speakers::default();
    let station = scene.parts.registry.station("G1").unwrap();
    speakers.admit(&station.mn, "G1", password, HERE);
    let elsewhere = scene.parts.registry.station("A1").unwrap();
    speakers.admit(&elsewhere.mn, "A1", password, IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)));
    speakers
}

/// The next answer on a line: its command.
async fn answer(line: &mut TcpStream) -> Option<String> {
    let mut framer = Framer::new(Limits::default());
    let mut bytes = [0; 1024];
    loop {
        let n = tokio::time::timeout(Duration::from_secs(30), line.read(&mut bytes))
            .await
            .expect("an answer in time")
            .ok()?;
        if n == 0 {
            return None;
        }
        assert!(framer.feed(&bytes[..n]).is_empty());
        if let Some(piece) = framer.next(&()) {
            let frame = piece.unwrap();
            return Some(Segment::parse(frame.segment).unwrap().cn.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_kept_once_whatever_way_it_comes() {
    let open = Open::new(Duration::from_secs(30), 100).await;
    let mut line = open.line().await;
    line.write_all(&open.frame(0, "right")).await.unwrap();
    assert_eq!(answer(&mut line).await.as_deref(), Some("9014"));
    assert_eq!(open.kept().await, 2, "committed before it was acknowledged");
    line.write_all(&open.frame(0, "right")).await.unwrap();
    assert_eq!(answer(&mut line).await.as_deref(), Some("9014"), "a repeated frame is acknowledged again");
    assert_eq!(open.kept().await, 2, "and changes nothing");
    for byte in open.frame(1, "right") {
        line.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(answer(&mut line).await.as_deref(), Some("9014"), "byte by byte");
    // Damaged, noise, and a good one behind them.
    let mut damaged = open.frame(2, "right");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    damaged.extend_from_slice(b"noise\r\n##12");
    damaged.extend(open.frame(3, "right"));
    line.write_all(&damaged).await.unwrap();
    assert_eq!(answer(&mut line).await.as_deref(), Some("9014"), "the neighbour of damaged ones");
    assert_eq!(open.kept().await, 6);
    assert!(open.refused(Reason::Malformed) >= 1);
    open.stop.cancel();
    open.served.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_liars_are_refused_and_counted() {
    let open = Open::new(Duration::from_secs(30), 100).await;
    let mut line = open.line().await;
    line.write_all(&open.frame(0, "wrong")).await.unwrap();
    assert_eq!(answer(&mut line).await.as_deref(), Some("9011"), "a wrong password is told so");
    let station = open.scene.parts.registry.station("A1").unwrap();
    let elsewhere = frames(station, &right(&open.scene, "right"), at(0), &[("a34004", 30.0, Flag::N)]).unwrap();
    line.write_all(&elsewhere).await.unwrap();
    let stranger = open.scene.parts.registry.station("W1").unwrap();
    let unknown = frames(stranger, &Speakers::default(), at(0), &[("w01018", 30.0, Flag::N)]).unwrap();
    line.write_all(&unknown).await.unwrap();
    line.write_all(&open.frame(1, "right")).await.unwrap();
    assert_eq!(
        answer(&mut line).await.as_deref(),
        Some("9014"),
        "strangers were told nothing, and cost others nothing"
    );
    assert_eq!(open.kept().await, 2);
    for reason in [Reason::WrongPassword, Reason::WrongAddress, Reason::UnknownStation] {
        assert_eq!(open.refused(reason), 1, "{}", reason.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_never_ends_and_too_many_lines_are_hung_up_on() {
    let open = Open::new(Duration::from_secs(1), 2).await;
    let mut slow = open.line().await;
    let frame = open.frame(0, "right");
    slow.write_all(&frame[..frame.len() / 2]).await.unwrap();
    let mut good = open.line().await;
    good.write_all(&open.frame(1, "right")).await.unwrap();
    assert_eq!(answer(&mut good).await.as_deref(), Some("9014"));
    let mut third = open.line().await;
    assert_eq!(answer(&mut third).await, None, "there is room for two lines");
    assert_eq!(answer(&mut slow).await, None, "a slow one is hung up on");
    assert!(open.refused(Reason::Limit) >= 2);
    good.write_all(&open.frame(2, "right")).await.unwrap();
    assert_eq!(answer(&mut good).await.as_deref(), Some("9014"), "the others go on");
    assert_eq!(open.kept().await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_sends_a_byte_now_and_then_is_hung_up_on_too() {
    let open = Open::new(Duration::from_secs(1), 100).await;
    let mut line = open.line().await;
    let frame = open.frame(0, "right");
    let mut byte = [0; 1];
    // Ten bytes a second: the whole frame would take a quarter of a minute.
    for sent in &frame[..frame.len() - 1] {
        if line.write_all(&[*sent]).await.is_err() {
            break;
        }
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(100), line.read(&mut byte)).await {
            assert!(matches!(read, Ok(0) | Err(_)), "nothing is said to it");
            break;
        }
    }
    assert_eq!(open.refused(Reason::Limit), 1);
    assert_eq!(open.kept().await, 0);
}
