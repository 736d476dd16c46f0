//! Faults that can be switched on while the simulation runs.

use std::sync::Mutex;
use std::time::Duration;

/// Something that goes wrong between a caller and Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429, not executed, with `Retry-After` in seconds if given.
    RateLimited { retry_after: Option<u64> },
    /// 401: the key was revoked.
    KeyRevoked,
    /// 403: a restricted key lacks the permission.
    Forbidden,
    /// 500 with Stripe's JSON error, not executed, kept under the idempotency key.
    ServerError,
    /// The request is executed, and answered all the same with 500, which is kept under the idempotency key.
    ServerErrorAfter,
    /// 502 with an HTML page from an intermediary, not executed.
    ServerErrorHtml,
    /// The answer comes this much later; the idempotency key is in use meanwhile.
    Latency(Duration),
    /// The connection breaks before the request is executed.
    DroppedBefore,
    /// The request is executed, and the connection breaks before its answer.
    DroppedAfter,
    /// Whether searches miss what is created from now on; it stays until it is switched off.
    SearchLag(bool),
}

/// The faults that wait for a request.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    armed: Vec<Armed>,
    search_lag: bool,
}

#[derive(Debug)]
struct Armed {
    prefix: String,
    when: When,
    fault: Fault,
}

/// Which of the requests that are meant meet a fault.
#[derive(Debug)]
enum When {
    Next { left: usize },
    Every { nth: usize, passed: usize },
    After { left: usize },
}

impl When {
    /// Whether the next request is one of them.
    fn strikes(&mut self) -> bool {
        match self {
            Self::Next { left } => {
                let strikes = *left > 0;
                *left = left.saturating_sub(1);
                strikes
            }
            Self::Every { nth, passed } => {
                *passed += 1;
                passed.is_multiple_of(*nth)
            }
            Self::After { left } => {
                let strikes = *left == 0;
                *left = left.saturating_sub(1);
                strikes
            }
        }
    }
}

impl Armed {
    fn meets(&self, path: &str, line: &str) -> bool {
        path.starts_with(&self.prefix) || line.starts_with(&self.prefix)
    }
}

impl Faults {
    /// The next `count` requests meet this fault.
    pub fn next(&self, count: usize, fault: Fault) {
        self.next_on("/", count, fault);
    }

    /// The next `count` requests whose path starts with `prefix` meet this fault; `POST /v1/customers` means those of
    /// that method alone.
    pub fn next_on(&self, prefix: &str, count: usize, fault: Fault) {
        self.arm(prefix, When::Next { left: count }, fault);
    }

    /// Every request meets this fault until `clear`.
    pub fn always(&self, fault: Fault) {
        self.always_on("/", fault);
    }

    /// Every request whose path starts with `prefix` meets this fault until `clear`.
    pub fn always_on(&self, prefix: &str, fault: Fault) {
        self.after(prefix, 0, fault);
    }

    /// Every `nth` request whose path starts with `prefix` meets this fault until `clear`.
    pub fn every(&self, nth: usize, prefix: &str, fault: Fault) {
        self.arm(prefix, When::Every { nth, passed: 0 }, fault);
    }

    /// After `count` more requests whose path starts with `prefix`, every further one meets this fault until `clear`.
    pub fn after(&self, prefix: &str, count: usize, fault: Fault) {
        self.arm(prefix, When::After { left: count }, fault);
    }

    /// Switches every fault off.
    pub fn clear(&self) {
        *self.lock() = Waiting::default();
    }

    /// The fault that a request meets, used up by one.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let line = format!("{method} {path}");
        let mut waiting = self.lock();
        let mut meant = waiting.armed.iter_mut().filter(|armed| armed.meets(path, &line));
        let fault = meant.find_map(|armed| armed.when.strikes().then_some(armed.fault));
        waiting.armed.retain(|armed| !matches!(armed.when, When::Next { left: 0 }));
        fault
    }

    /// Whether searches miss new objects.
    pub(crate) fn search_lag(&self) -> bool {
        self.lock().search_lag
    }

    fn arm(&self, prefix: &str, when: When, fault: Fault) {
        let mut waiting = self.lock();
        if let Fault::SearchLag(on) = fault {
            waiting.search_lag = on;
        } else {
            waiting.armed.push(Armed { prefix: prefix.to_owned(), when, fault });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no holder of the faults panics")
    }
}
