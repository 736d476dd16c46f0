//! Writing a batch of snapshots: each row is a function of the events of its latest second.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{
    MIRRORS, Mirror,
    snapshot::Snapshot,
    tie::{self, Offer, Outcome},
    write::{self, Guard},
};

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The row says something newer.
    Stale,
    /// It was weighed against others of its second, and the row stayed.
    Kept,
    /// The row was written, with it or with what is newer and came along.
    Written,
}

/// What became of the objects of a batch.
#[derive(Debug, Default)]
pub struct Written<'a>(HashMap<(&'static str, &'a str), Fate>);

impl Written<'_> {
    /// What became of a snapshot of the batch.
    pub fn fate(&self, snapshot: &Snapshot) -> Fate {
        self.0.get(&(snapshot.mirror.object, snapshot.id.as_str())).copied().unwrap_or(Fate::Stale)
    }
}

/// Those that are offered for an object's latest second, by the object's id in order.
type Objects<'a> = BTreeMap<&'a str, Vec<Offer<'a>>>;

/// Writes what is offered, unless something newer is there, and says what became of each object.
pub async fn write<'a>(
    tx: &DatabaseTransaction,
    offers: &[Offer<'a>],
    now: DateTime<Utc>,
) -> Result<Written<'a>, DbErr> {
    let mut fates = Written::default();
    let mut written: Vec<Cow<'a, Snapshot>> = Vec::new();
    let objects = latest(offers);
    for mirror in MIRRORS.iter() {
        // Parents come first: only what was written of them has children.
        let children = children(&written, mirror);
        if let Some(objects) = objects.get(mirror.object) {
            let rows = write_objects(tx, mirror, objects, &mut fates, now).await?;
            written.extend(rows);
        }
        let refs: Vec<&Snapshot> = children.iter().map(AsRef::as_ref).collect();
        write::upsert(tx, mirror, &refs, Guard::NotNewer, now).await?;
        written.extend(children);
    }
    for row in &written {
        for children in &row.complete {
            write::remove_unlisted(tx, row, children, now).await?;
        }
    }
    let rows: Vec<&Snapshot> = written.iter().map(AsRef::as_ref).collect();
    write::lend(tx, &rows).await?;
    Ok(fates)
}

/// Of each object those that are offered for its latest second.
fn latest<'a>(offers: &[Offer<'a>]) -> HashMap<&'static str, Objects<'a>> {
    let mut objects: HashMap<&'static str, Objects<'a>> = HashMap::new();
    for offer in offers.iter().copied() {
        let (mirror, stamp) = (offer.snapshot.mirror, offer.snapshot.source.stamp);
        let held = objects.entry(mirror.object).or_default().entry(&offer.snapshot.id).or_default();
        match held.first().map_or(stamp, |held| held.snapshot.source.stamp).cmp(&stamp) {
            std::cmp::Ordering::Less => *held = vec![offer],
            std::cmp::Ordering::Equal => held.push(offer),
            std::cmp::Ordering::Greater => {}
        }
    }
    objects
}

async fn write_objects<'a>(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    objects: &Objects<'a>,
    fates: &mut Written<'a>,
    now: DateTime<Utc>,
) -> Result<Vec<Cow<'a, Snapshot>>, DbErr> {
    // The usual case: one event of a later second than the row's. Of several, any may go first.
    let rows: Vec<&'a Snapshot> =
        objects.values().filter_map(|offers| Some(offers.first()?.snapshot)).collect();
    let newer = write::upsert(tx, mirror, &rows, Guard::Older, now).await?;
    let is_plain = |offers: &[Offer<'a>]| offers.len() == 1 && newer.contains(&offers[0].snapshot.id);
    let mut written: Vec<Cow<'a, Snapshot>> = Vec::with_capacity(newer.len());
    let mut ties: Vec<&[Offer<'a>]> = Vec::new();
    for (id, offers) in objects {
        if is_plain(offers) {
            fates.0.insert((mirror.object, id), Fate::Written);
            written.push(Cow::Borrowed(offers[0].snapshot));
        } else {
            ties.push(offers);
        }
    }
    let mut decided: Vec<Snapshot> = Vec::new();
    for (offers, outcome) in ties.iter().zip(tie::settle(tx, mirror, &ties).await?) {
        let first = offers[0].snapshot;
        let fate = match outcome {
            Outcome::Replaced(snapshot) => {
                decided.push(*snapshot);
                Fate::Written
            }
            Outcome::Kept if newer.contains(&first.id) => {
                written.push(Cow::Borrowed(first));
                Fate::Written
            }
            Outcome::Kept => Fate::Kept,
            Outcome::Stale => Fate::Stale,
        };
        fates.0.insert((mirror.object, &first.id), fate);
    }
    write::upsert(tx, mirror, &decided.iter().collect::<Vec<_>>(), Guard::NotNewer, now).await?;
    written.extend(decided.into_iter().map(Cow::Owned));
    Ok(written)
}

/// The rows of an object type that travelled inside rows just written: of several with one id the latest, by id.
fn children<'a>(written: &[Cow<'a, Snapshot>], mirror: &'static Mirror) -> Vec<Cow<'a, Snapshot>> {
    let mut children: Vec<Cow<'a, Snapshot>> = Vec::new();
    for parent in written {
        let of_type = |child: &&Snapshot| child.mirror.object == mirror.object;
        match parent {
            Cow::Borrowed(parent) => {
                children.extend(parent.children.iter().filter(of_type).map(Cow::Borrowed));
            }
            Cow::Owned(parent) => {
                children.extend(parent.children.iter().filter(of_type).cloned().map(Cow::Owned));
            }
        }
    }
    children.sort_by(|a, b| (&a.id, b.source.stamp).cmp(&(&b.id, a.source.stamp)));
    let mut seen = HashSet::new();
    children.retain(|child| seen.insert(child.id.clone()));
    children
}
