//! The harness: real servers for tests, private, on free ports, gone with the value that started them.

pub mod nats;
pub mod postgres;
pub mod python;
pub mod smtp;
