//! Signing in and staying signed in: passwords, secrets, cookies, the guard at every door.

pub mod cookie;
pub mod first;
pub mod guard;
pub mod password;
pub mod secret;
pub mod session;
pub mod throttle;
