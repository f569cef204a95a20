//! The harness: real servers for tests, private, on free ports, gone with the value that started them; and how much is tried.

pub mod mosquitto;
pub mod nats;
pub mod postgres;
pub mod python;
pub mod smtp;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether everything is tried at its full size (`HUIYIN_THOROUGH=1`), as CI does. Otherwise samples are smaller and less is
/// killed, so that a run takes minutes; every kind of thing is tried all the same.
#[must_use]
pub fn thorough() -> bool {
    std::env::var("HUIYIN_THOROUGH").is_ok_and(|set| set == "1")
}

/// How much of something is tried: usually, and when [`thorough`].
#[must_use]
pub fn size<T>(usual: T, full: T) -> T {
    if thorough() { full } else { usual }
}

/// A port of the loopback that nobody listens on at this moment, below those that a system gives to outgoing connections
/// (from 32768 on): what is stopped and started again on its port must not find it taken by somebody's connection
/// meanwhile. Processes that ask at the same time look in different places.
///
/// # Panics
/// When none of 12,000 is free.
#[must_use]
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let candidates = std::iter::repeat_with(|| {
        let step = ASKED.fetch_add(1, Ordering::Relaxed);
        20_000 + (std::process::id().wrapping_mul(101).wrapping_add(step) % 12_000) as u16
    });
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.take(12_000).find(free).expect("a free port")
}
