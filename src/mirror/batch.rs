//! Writing a batch of snapshots: each row is a function of the events of its latest second.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

use super::{
    MIRRORS, Mirror, OTHER, borrowed,
    inbox::Amendment,
    life,
    snapshot::Snapshot,
    tie::{self, Offer, Outcome},
    usual::Done,
    write::{self, CompleteLists, Guard, Listed},
};
use crate::db::Transaction;

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The row says something newer.
    Stale,
    /// The row is another account's.
    Foreign,
    /// It was weighed against others of its second, and the row stayed.
    Kept,
    /// The row was written, with it or with what is newer and came along.
    Written,
}

/// What became of the objects of a batch.
#[derive(Debug, Default)]
pub struct Written<'a> {
    /// With the account whose object it is.
    fates: HashMap<(&'static str, &'a str), (&'a str, Fate)>,
    /// The seconds of the rows of objects that took more than the latest one to decide: what is later was not written.
    decided: HashMap<(&'static str, &'a str), i64>,
    /// The rows that were written, those of children among them.
    pub rows: Vec<Cow<'a, Snapshot>>,
    /// The objects of which more than one state is left.
    pub unsettled: Vec<&'a Snapshot>,
    /// What is to be noted of the events of seconds that have several.
    pub amendments: Vec<Amendment>,
}

impl Written<'_> {
    /// What became of a snapshot of the batch.
    pub fn fate(&self, snapshot: &Snapshot) -> Fate {
        let object = (snapshot.mirror.table, snapshot.id.as_str());
        match self.fates.get(&object) {
            Some((account, _)) if *account != snapshot.source.account => Fate::Foreign,
            _ if self.decided.get(&object).is_some_and(|second| *second < snapshot.source.stamp) => {
                Fate::Stale
            }
            Some((_, fate)) => *fate,
            None => Fate::Stale,
        }
    }
}

/// Those that are offered for an object's latest second, by the object's id in order.
type Objects<'a> = BTreeMap<&'a str, Vec<Offer<'a>>>;

/// Writes what is offered, unless something newer is there, and says what became of each object; some of it may be
/// done already.
pub async fn write<'a>(
    tx: &Transaction,
    offers: &[Offer<'a>],
    done: &Done,
    now: DateTime<Utc>,
) -> Result<Written<'a>, DbErr> {
    let mut written = Written::default();
    // Nothing else in the batch tells of the objects that are done.
    let (ready, left): (Vec<Offer<'a>>, Vec<Offer<'a>>) =
        offers.iter().partition(|offer| done.has_written(offer.snapshot));
    for Offer { snapshot, .. } in ready {
        let object = (snapshot.mirror.table, snapshot.id.as_str());
        written.fates.insert(object, (&snapshot.source.account, Fate::Written));
        written.rows.push(Cow::Borrowed(snapshot));
    }
    let objects = latest(&left);
    for mirror in mirrors().filter(|_| !left.is_empty()) {
        let Some(objects) = objects.get(mirror.table) else { continue };
        // Of several offers any may go first.
        let first = objects.values().filter_map(|offers| Some(offers.first()?.snapshot));
        let open: Vec<&Snapshot> = first.filter(|snapshot| !done.has_offered(snapshot)).collect();
        let newer = write::upsert(tx, mirror, &open, Guard::Older, now).await?;
        write_objects(tx, mirror, objects, &newer, &left, &mut written, now).await?;
    }
    write_lists(tx, &mut written, done, now).await?;
    write_embedded(tx, offers, now).await?;
    Ok(written)
}

/// All mirrors, in the order in which their tables are written.
fn mirrors() -> impl Iterator<Item = &'static Mirror> {
    MIRRORS.iter().chain([&*OTHER])
}

/// Writes what came in the lists of the rows just written, and whatever follows from all of them for others.
async fn write_lists(
    tx: &Transaction,
    written: &mut Written<'_>,
    done: &Done,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut children: HashMap<&'static str, Vec<Cow<'_, Snapshot>>> = HashMap::new();
    let mut ready = Vec::new();
    for child in written.rows.iter().flat_map(children_of) {
        if done.has_written(&child) {
            ready.push(child);
        } else {
            children.entry(child.mirror.table).or_default().push(child);
        }
    }
    let listed: Vec<(&Mirror, Vec<Cow<'_, Snapshot>>)> = mirrors()
        .map(|mirror| (mirror, children.remove(mirror.table).unwrap_or_default()))
        .map(|(mirror, rows)| (mirror, latest_by_id(rows, |row| (row.source.stamp, ""))))
        .collect();
    let tables: Vec<Listed<'_>> = listed
        .iter()
        .map(|(mirror, rows)| Listed {
            mirror,
            rows: rows.iter().map(AsRef::as_ref).collect(),
            complete: complete_lists(&written.rows, mirror),
        })
        .filter(|listed| !listed.rows.is_empty() || !listed.complete.is_empty())
        .collect();
    let listed_rows = listed.iter().flat_map(|(_, rows)| rows).chain(&ready);
    let rows = written.rows.iter().chain(listed_rows).map(AsRef::as_ref);
    let keys = borrowed::Keys::of(rows);
    done.locks.add(tx, &keys.all()).await?;
    let lent = write::lists(tx, &tables, &keys, now).await?;
    drop(tables);
    written.rows.extend(listed.into_iter().flat_map(|(_, rows)| rows).chain(ready));
    borrowed::lend(tx, lent, &done.locks).await
}

/// Writes the objects that came along whole inside others.
async fn write_embedded(tx: &Transaction, offers: &[Offer<'_>], now: DateTime<Utc>) -> Result<(), DbErr> {
    let mut embedded: HashMap<&'static str, Vec<&Snapshot>> = HashMap::new();
    for snapshot in offers.iter().flat_map(|offer| &offer.snapshot.embedded) {
        embedded.entry(snapshot.mirror.table).or_default().push(snapshot);
    }
    for mirror in mirrors() {
        if let Some(rows) = embedded.remove(mirror.table) {
            let rows = latest_by_id(rows, |row| (0, &row.source.event));
            write::upsert(tx, mirror, &rows, Guard::Embedded, now).await?;
        }
    }
    Ok(())
}

/// Of each object those that are offered for its latest second; where two accounts have the same id, of the first.
fn latest<'a>(offers: &[Offer<'a>]) -> HashMap<&'static str, Objects<'a>> {
    let rank = |offer: &Offer<'a>| {
        let source = &offer.snapshot.source;
        (Reverse(source.account.as_str()), source.stamp)
    };
    let mut objects: HashMap<&'static str, Objects<'a>> = HashMap::new();
    for offer in offers.iter().copied() {
        let table = objects.entry(offer.snapshot.mirror.table).or_default();
        let held = table.entry(&offer.snapshot.id).or_default();
        match held.first().map_or(rank(&offer), rank).cmp(&rank(&offer)) {
            std::cmp::Ordering::Less => *held = vec![offer],
            std::cmp::Ordering::Equal => held.push(offer),
            std::cmp::Ordering::Greater => {}
        }
    }
    objects
}

async fn write_objects<'a>(
    tx: &Transaction,
    mirror: &'static Mirror,
    objects: &Objects<'a>,
    newer: &HashSet<String>,
    all: &[Offer<'a>],
    written: &mut Written<'a>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut ties: Vec<&[Offer<'a>]> = Vec::new();
    for (id, offers) in objects {
        if offers.len() == 1 && newer.contains(*id) {
            let account = &offers[0].snapshot.source.account;
            written.fates.insert((mirror.table, id), (account, Fate::Written));
            written.rows.push(Cow::Borrowed(offers[0].snapshot));
        } else {
            ties.push(offers);
        }
    }
    let mut decided: Vec<Snapshot> = Vec::new();
    let mut kept: BTreeMap<&str, bool> = BTreeMap::new();
    let outcomes = tie::settle(tx, mirror, &ties, &mut written.amendments).await?;
    let mut lives = deleted_before(mirror, objects, all);
    for (offers, outcome) in ties.iter().zip(outcomes) {
        let first = offers[0].snapshot;
        if matches!(outcome, Outcome::Buried) || offers.iter().any(|offer| offer.snapshot.deleted) {
            lives.insert(&first.id);
        }
        let fate = match outcome {
            Outcome::Replaced(snapshot) => {
                written.unsettled.extend((!snapshot.settled).then_some(first));
                decided.push(*snapshot);
                Fate::Written
            }
            Outcome::Kept { settled } => {
                kept.insert(&first.id, settled);
                written.unsettled.extend((!settled).then_some(first));
                if newer.contains(&first.id) {
                    written.rows.push(Cow::Borrowed(first));
                    Fate::Written
                } else {
                    Fate::Kept
                }
            }
            Outcome::Stale | Outcome::Buried => Fate::Stale,
            Outcome::Foreign => Fate::Foreign,
        };
        written.fates.insert((mirror.table, &first.id), (&first.source.account, fate));
    }
    tie::mark(tx, mirror, &kept).await?;
    write::upsert(tx, mirror, &decided.iter().collect::<Vec<_>>(), Guard::NotNewer, now).await?;
    written.rows.extend(decided.into_iter().map(Cow::Owned));
    write_lives(tx, mirror, &lives, all, written, now).await
}

/// The objects that were deleted in an earlier second than the one that is written.
fn deleted_before<'a>(
    mirror: &'static Mirror,
    objects: &Objects<'a>,
    all: &[Offer<'a>],
) -> BTreeSet<&'a str> {
    let deleted = all.iter().map(|offer| offer.snapshot).filter(|snapshot| snapshot.deleted);
    let own = deleted.filter(|snapshot| snapshot.mirror.table == mirror.table);
    let is_before = |snapshot: &&Snapshot| {
        let written = objects.get(snapshot.id.as_str()).and_then(|offers| offers.first());
        written.is_some_and(|written| written.snapshot.source.stamp > snapshot.source.stamp)
    };
    own.filter(is_before).map(|snapshot| snapshot.id.as_str()).collect()
}

/// Writes the rows of objects of which it takes more than the latest second to tell whether they live.
async fn write_lives<'a>(
    tx: &Transaction,
    mirror: &'static Mirror,
    lives: &BTreeSet<&'a str>,
    all: &[Offer<'a>],
    written: &mut Written<'a>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut offers: BTreeMap<&'a str, Vec<Offer<'a>>> = BTreeMap::new();
    let own = all.iter().filter(|offer| offer.snapshot.mirror.table == mirror.table);
    for offer in own.filter(|offer| lives.contains(offer.snapshot.id.as_str())) {
        offers.entry(&offer.snapshot.id).or_default().push(*offer);
    }
    let Written { amendments, unsettled, .. } = written;
    let decided = life::settle(tx, mirror, &offers, amendments, unsettled).await?;
    write::upsert(tx, mirror, &decided.iter().collect::<Vec<_>>(), Guard::Locked, now).await?;
    for snapshot in decided {
        if let Some(offer) = offers.get(snapshot.id.as_str()).and_then(|offers| offers.first()) {
            let (object, account) =
                ((mirror.table, offer.snapshot.id.as_str()), &offer.snapshot.source.account);
            written.fates.insert(object, (account, Fate::Written));
            written.decided.insert(object, snapshot.source.stamp);
            written.unsettled.extend((!snapshot.settled).then_some(offer.snapshot));
        }
        written.rows.push(Cow::Owned(snapshot));
    }
    Ok(())
}

/// The rows of the objects that travelled inside a row just written.
fn children_of<'a>(row: &Cow<'a, Snapshot>) -> Vec<Cow<'a, Snapshot>> {
    match row {
        Cow::Borrowed(row) => row.children.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(row) => row.children.iter().cloned().map(Cow::Owned).collect(),
    }
}

/// Of several rows with one id the one with the greatest key, by id in order.
fn latest_by_id<T: AsRef<Snapshot>>(mut rows: Vec<T>, key: fn(&Snapshot) -> (i64, &str)) -> Vec<T> {
    rows.sort_by(|a, b| {
        let (a, b) = (a.as_ref(), b.as_ref());
        a.id.cmp(&b.id).then_with(|| key(b).cmp(&key(a)))
    });
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(row.as_ref().id.clone()));
    rows
}

/// The lists of an object type that came whole with rows just written.
fn complete_lists<'r>(rows: &'r [Cow<'_, Snapshot>], mirror: &Mirror) -> Vec<CompleteLists<'r>> {
    let mut lists: Vec<CompleteLists<'r>> = Vec::new();
    for row in rows {
        for list in row.complete.iter().filter(|list| list.object == mirror.object) {
            match lists.iter_mut().find(|known| std::ptr::eq(known.children, *list)) {
                Some(known) => known.parents.push(row),
                None => lists.push(CompleteLists { children: list, parents: vec![row] }),
            }
        }
    }
    lists
}
