//! What falls due at a later second.

use std::collections::BTreeMap;

/// Something that Stripe does by itself when its time comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// A subscription's period or trial ends.
    Renew(String),
    /// A trial ends in three days.
    TrialWillEnd(String),
    /// An invoice is finalized an hour after it was drafted.
    Finalize(String),
    /// A failed payment is tried again.
    Retry(String),
    /// A subscription whose first invoice is unpaid expires.
    ExpireIncomplete(String),
    /// A checkout session expires.
    ExpireSession(String),
}

/// The due times in order.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    due: BTreeMap<(i64, u64), Due>,
}

impl Schedule {
    pub(crate) fn add(&mut self, at: i64, sequence: u64, due: Due) {
        self.due.insert((at, sequence), due);
    }

    /// Takes the first that is due at or before a second.
    pub(crate) fn take(&mut self, until: i64) -> Option<(i64, Due)> {
        let (first, _) = self.due.first_key_value()?;
        if first.0 > until {
            return None;
        }
        self.due.pop_first().map(|((at, _), due)| (at, due))
    }
}
