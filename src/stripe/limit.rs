//! How many requests go to Stripe in a second, and whose go first.

use std::num::NonZeroU32;

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use tokio::sync::watch;

/// Requests that may be sent at once after a quiet time.
pub const BURST: u32 = 10;

/// Who waits for the answer to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Somebody does.
    #[default]
    Foreground,
    /// Nobody does: it goes after all others, and takes half of what is allowed at most.
    Background,
    /// Nobody does, and there is much of it: it goes after those that somebody waits for, and takes all that is left.
    Bulk,
}

/// A limit that all requests share.
pub struct Limit {
    all: DefaultDirectRateLimiter,
    background: DefaultDirectRateLimiter,
    /// How many requests wait for which somebody waits.
    foreground: watch::Sender<usize>,
}

impl Limit {
    /// So many requests a second.
    pub fn new(rate: NonZeroU32) -> Self {
        let half = NonZeroU32::new(rate.get() / 2).unwrap_or(NonZeroU32::MIN);
        Self {
            all: limiter(rate, BURST),
            background: limiter(half, BURST / 2),
            foreground: watch::Sender::new(0),
        }
    }

    /// Waits until a request may be sent.
    pub async fn wait(&self, priority: Priority) {
        if priority == Priority::Foreground {
            let _place = Place::take(&self.foreground);
            return self.all.until_ready().await;
        }
        if priority == Priority::Background {
            self.background.until_ready().await;
        }
        let mut foreground = self.foreground.subscribe();
        loop {
            // It cannot fail: the sender is ours.
            let _ = foreground.wait_for(|waiting| *waiting == 0).await;
            let Err(used_up) = self.all.check() else { return };
            tokio::time::sleep(used_up.wait_time_from(DefaultClock::default().now())).await;
        }
    }
}

fn limiter(rate: NonZeroU32, burst: u32) -> DefaultDirectRateLimiter {
    let burst = rate.min(NonZeroU32::new(burst).expect("it is not zero"));
    RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
}

/// A place in the line of those for whom somebody waits; given up when dropped.
struct Place<'a>(&'a watch::Sender<usize>);

impl<'a> Place<'a> {
    fn take(line: &'a watch::Sender<usize>) -> Self {
        line.send_modify(|waiting| *waiting += 1);
        Self(line)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
