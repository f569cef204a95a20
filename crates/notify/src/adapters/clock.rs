//! The engine's clock.

use std::sync::Arc;
use std::time::Duration;

use crate::notice::Instant;
use crate::seams::{Clock, Later};

/// The clock the engine runs on: the system's, a demonstration's, or one moved by hand.
#[derive(Clone)]
pub struct EngineClock(pub Arc<dyn huiyin_engine::Clock>);

impl Clock for EngineClock {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep(&self, span: Duration) -> Later<'_, ()> {
        self.0.sleep_until(self.0.now() + span)
    }
}
