//! Faults that can be switched on while the simulation runs.

use std::sync::Mutex;
use std::time::Duration;

/// Something that goes wrong between a caller and Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429, not executed, with `Retry-After` in seconds if given.
    RateLimited { retry_after: Option<u64> },
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
    left: Option<usize>,
    fault: Fault,
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
        self.arm(prefix, Some(count), fault);
    }

    /// Every request meets this fault until `clear`.
    pub fn always(&self, fault: Fault) {
        self.always_on("/", fault);
    }

    /// Every request whose path starts with `prefix` meets this fault until `clear`.
    pub fn always_on(&self, prefix: &str, fault: Fault) {
        self.arm(prefix, None, fault);
    }

    /// Switches every fault off.
    pub fn clear(&self) {
        *self.lock() = Waiting::default();
    }

    /// The fault that a request meets, used up by one.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let line = format!("{method} {path}");
        let mut waiting = self.lock();
        let armed =
            waiting.armed.iter_mut().find(|armed| armed.left != Some(0) && armed.meets(path, &line))?;
        armed.left = armed.left.map(|left| left - 1);
        let fault = armed.fault;
        waiting.armed.retain(|armed| armed.left != Some(0));
        Some(fault)
    }

    /// Whether searches miss new objects.
    pub(crate) fn search_lag(&self) -> bool {
        self.lock().search_lag
    }

    fn arm(&self, prefix: &str, left: Option<usize>, fault: Fault) {
        let mut waiting = self.lock();
        if let Fault::SearchLag(on) = fault {
            waiting.search_lag = on;
        } else {
            waiting.armed.push(Armed { prefix: prefix.to_owned(), left, fault });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no holder of the faults panics")
    }
}
