//! Places at which a test has the program die, as it does when the machine loses its power.
//!
//! They are there only with the feature `crash-points`, which the tests have on; else they are nothing.

/// The names of the places, in the order in which an event passes them.
pub const POINTS: [&str; 8] = [
    "received",
    "queued",
    "begun",
    "inbox recorded",
    "rows written",
    "before commit",
    "after commit",
    "before the answer",
];

/// A place at which the program may die.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn point(_name: &'static str) {}

/// A place at which the program dies, where `BILLGRAPH_CRASH_AT` is `name:n`, the n-th time that it is passed.
#[cfg(feature = "crash-points")]
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name), "{name} is one of them");
    if CRASH_AT.as_ref().is_some_and(|crash_at| crash_at.passes(name)) {
        die();
    }
}

#[cfg(feature = "crash-points")]
static CRASH_AT: std::sync::LazyLock<Option<CrashAt>> = std::sync::LazyLock::new(CrashAt::told);

#[cfg(feature = "crash-points")]
struct CrashAt {
    name: String,
    left: std::sync::atomic::AtomicUsize,
}

#[cfg(feature = "crash-points")]
impl CrashAt {
    #[expect(clippy::disallowed_methods, reason = "it is no setting: there is none of it in a release")]
    fn told() -> Option<Self> {
        let told = std::env::var("BILLGRAPH_CRASH_AT").ok()?;
        let (name, passes) = told.rsplit_once(':')?;
        Some(Self { name: name.to_owned(), left: passes.parse::<usize>().ok()?.into() })
    }

    /// Whether this is the pass that is the last.
    fn passes(&self, name: &str) -> bool {
        self.name == name && self.left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1
    }
}

/// Kills the own process with SIGKILL. Without unsafe code only another program can do that.
#[cfg(feature = "crash-points")]
fn die() -> ! {
    let id = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-KILL", &id]).status();
    // There is no such program: without unwinding, this ends the process at once too.
    std::process::abort()
}
