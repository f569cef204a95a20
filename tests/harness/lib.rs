//! The harness: real servers for tests, private, on free ports, gone with the value that started them.

pub mod mosquitto;
pub mod nats;
pub mod postgres;
pub mod python;
pub mod smtp;

use std::net::TcpListener;

/// A port of the loopback that nobody listens on at this moment.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}
