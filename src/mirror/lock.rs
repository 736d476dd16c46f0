//! What a transaction locks before it writes a row, on PostgreSQL.
//!
//! Other processes write too, and so does another connection of this one. A transaction locks the objects that it tells of
//! and the keys of their borrowed columns, all in one order. Two that tell of the same objects then follow each other, where
//! they could wait for each other's rows in a circle.

use std::{
    collections::BTreeSet,
    mem,
    sync::{LazyLock, Mutex, MutexGuard},
};

use sea_orm::{DbErr, sqlx::Row};

use super::{borrowed, snapshot::Snapshot};
use crate::db::{Columns, Transaction};

/// A condition on `keys.key` that is never true: it locks the key until the transaction ends.
pub const LOCKED: &str = "pg_advisory_xact_lock(hashtextextended(keys.key, 0)) IS NULL";

static LOCK: LazyLock<String> =
    LazyLock::new(|| format!("SELECT 1 FROM (SELECT unnest($1::text[]) AS key) AS keys WHERE {LOCKED}"));

/// What is to be locked for some objects.
///
/// What came in their lists is hardly ever written without them, and has no lock of its own. Of a borrower and a lender
/// that two transactions write at once, neither would see the other's row: so the second waits for the first, and then
/// sees it.
pub fn keys<'r>(rows: impl Iterator<Item = &'r Snapshot>) -> BTreeSet<String> {
    let rows: Vec<&Snapshot> = rows.collect();
    let mut keys = borrowed::Keys::of(rows.iter().flat_map(|row| row.with_children())).all();
    let whole = rows.into_iter().flat_map(|row| std::iter::once(row).chain(&row.embedded));
    keys.extend(whole.map(|row| row.id.clone()));
    keys
}

/// What a transaction has locked.
#[derive(Debug, Default)]
pub struct Locks {
    /// Before any row.
    first: BTreeSet<String>,
    /// What it needed later, where another transaction has some of it.
    refused: Mutex<BTreeSet<String>>,
}

const TRY: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended(key, 0)) FROM (SELECT unnest($1::text[]) AS key) AS keys";

/// What the error says of a transaction that has to begin again.
const REFUSED: &str = "another transaction holds what this one needs";

impl Locks {
    /// Those that were taken before any row.
    pub fn of(first: BTreeSet<String>) -> Self {
        Self { first, ..Self::default() }
    }

    /// Locks what some objects need, and what is known beforehand, in the order of the keys; to be done before any row.
    pub async fn take<'r>(
        tx: &Transaction,
        rows: impl Iterator<Item = &'r Snapshot>,
        beforehand: &BTreeSet<String>,
    ) -> Result<Self, DbErr> {
        let Some(tx) = tx.postgres() else { return Ok(Self::default()) };
        let mut keys = keys(rows);
        keys.extend(beforehand.iter().cloned());
        let mut columns = Columns::default();
        columns.add(keys.iter().map(String::as_str).collect::<Vec<_>>());
        tx.execute(LOCK.as_str(), columns).await?;
        Ok(Self::of(keys))
    }

    /// Locks what came up while rows are locked already, without waiting: whoever has it may wait for these rows.
    ///
    /// Where another transaction has some of it, the error [is a refusal](is_refusal), and the next try is to lock
    /// [all of it](Self::refused) before any row.
    pub async fn add(&self, tx: &Transaction, keys: &BTreeSet<String>) -> Result<(), DbErr> {
        let Some(tx) = tx.postgres() else { return Ok(()) };
        let more: Vec<&str> = keys.difference(&self.first).map(String::as_str).collect();
        if more.is_empty() {
            return Ok(());
        }
        let mut columns = Columns::default();
        columns.add(&more);
        let taken = tx.rows(TRY, columns).await?;
        if taken.iter().all(|row| row.get(0)) {
            return Ok(());
        }
        self.lock_refused().extend(more.into_iter().map(str::to_owned));
        Err(DbErr::Custom(REFUSED.to_owned()))
    }

    /// What could not be locked.
    pub fn refused(&self) -> BTreeSet<String> {
        mem::take(&mut self.lock_refused())
    }

    fn lock_refused(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.refused.lock().expect("nothing panics under the lock")
    }
}

/// Whether a transaction has to begin again, with what it was refused locked first.
pub fn is_refusal(error: &DbErr) -> bool {
    matches!(error, DbErr::Custom(text) if text == REFUSED)
}
