//! The clock of a simulation, in unix seconds.

use std::time::Instant;

use chrono::Utc;

use crate::options::ClockMode;

/// The second of the real clock, which a receiver of signed deliveries compares with its own.
#[expect(clippy::disallowed_methods, reason = "the one place where the simulation asks for the real time")]
pub(crate) fn real_now() -> i64 {
    Utc::now().timestamp()
}

/// Unix seconds that move as the mode says, never backwards.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: ClockMode,
    base: i64,
    started: Instant,
}

impl Clock {
    pub(crate) fn new(mode: ClockMode, base: i64) -> Clock {
        Clock { mode, base, started: Instant::now() }
    }

    /// The present second.
    pub(crate) fn now(&self) -> i64 {
        self.base + self.elapsed()
    }

    /// Moves the clock forward to a second; a past one changes nothing.
    pub(crate) fn move_to(&mut self, second: i64) {
        self.base += (second - self.now()).max(0);
    }

    fn elapsed(&self) -> i64 {
        match self.mode {
            ClockMode::Virtual => 0,
            ClockMode::Wall => i64::try_from(self.started.elapsed().as_secs()).unwrap_or(0),
        }
    }
}
