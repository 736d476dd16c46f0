//! Tokens that were believed a moment ago: checking one again costs a database query or a signature.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::Viewer;

/// How long a token is believed without looking again; so a revocation takes this long.
const LIFETIME: TimeDelta = TimeDelta::seconds(10);
const MOST: usize = 10_000;

/// SHA-256 of a token: the tokens themselves are not kept.
pub type Digest = [u8; 32];

/// Viewers by token, for ten seconds. Refusals are not remembered.
#[derive(Default)]
pub struct Recent(Mutex<HashMap<Digest, Entry>>);

struct Entry {
    viewer: Viewer,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Entry {
    /// A clock that was set back ends an entry, too.
    fn holds(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && now < self.until
    }
}

impl Recent {
    /// Whose token it is, if that was found out a moment ago.
    pub fn get(&self, digest: &Digest, now: DateTime<Utc>) -> Option<Viewer> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(digest).filter(|entry| entry.holds(now)).map(|entry| entry.viewer.clone())
    }

    /// Remembers whose token it is, no longer than the token itself lasts.
    pub fn put(&self, digest: Digest, viewer: &Viewer, now: DateTime<Utc>) {
        let until = viewer.expires_at.map_or(now + LIFETIME, |end| end.min(now + LIFETIME));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.holds(now));
        }
        if entries.len() < MOST {
            entries.insert(digest, Entry { viewer: viewer.clone(), from: now, until });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    #[test]
    fn it_forgets_in_time() {
        let recent = Recent::default();
        recent.put([0; 32], &Viewer::anonymous(), at(100));
        let short = Viewer { expires_at: Some(at(103)), ..Viewer::anonymous() };
        recent.put([1; 32], &short, at(100));
        assert_eq!(recent.get(&[2; 32], at(100)), None);
        assert_eq!(recent.get(&[0; 32], at(109)), Some(Viewer::anonymous()));
        assert_eq!(recent.get(&[0; 32], at(110)), None);
        assert_eq!(recent.get(&[0; 32], at(99)), None, "the clock was set back");
        assert_eq!(recent.get(&[1; 32], at(102)), Some(short));
        assert_eq!(recent.get(&[1; 32], at(103)), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let recent = Recent::default();
        for number in 0..MOST + 10 {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            recent.put(digest, &Viewer::anonymous(), at(100));
        }
        assert_eq!(recent.0.lock().expect("not poisoned").len(), MOST);
        recent.put([9; 32], &Viewer::anonymous(), at(200));
        assert_eq!(recent.0.lock().expect("not poisoned").len(), 1);
    }
}
