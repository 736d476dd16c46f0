//! Ids that live more than once: a deletion ends a life, and only a creation in a later second begins another.
//!
//! That holds in whatever order they arrive: an update that came before the creation that it follows is applied with it,
//! and a deletion that came after an update of a later second still counts, unless a creation is between them.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    change::Kind,
    webhook_event::{Column, Entity},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, prelude::DateTimeUtc,
};

use super::{
    Mirror,
    inbox::{self, Amendment},
    snapshot::Snapshot,
    tie::{self, Offer, Outcome, Recorded, Stored},
};
use crate::db::Transaction;

/// Decides of objects with a tombstone, or with a deletion that came late, which second counts; gives back the rows
/// that are others than the stored ones. `offers` are all that the batch has of each object; `unsettled` takes those
/// whose row stays although there is a doubt.
pub async fn settle<'a>(
    tx: &Transaction,
    mirror: &'static Mirror,
    offers: &BTreeMap<&'a str, Vec<Offer<'a>>>,
    amendments: &mut Vec<Amendment>,
    unsettled: &mut Vec<&'a Snapshot>,
) -> Result<Vec<Snapshot>, DbErr> {
    let mut decided = Vec::new();
    if offers.is_empty() {
        return Ok(decided);
    }
    let ids: Vec<&str> = offers.keys().copied().collect();
    let stored = tie::stored(tx, mirror, &ids).await?;
    for (id, offers) in offers {
        let Some(row) = stored.get(*id) else { continue };
        let own: Vec<Offer<'a>> =
            offers.iter().filter(|offer| offer.snapshot.source.account == row.account).copied().collect();
        let Some(first) = own.first() else { continue };
        if let Some(answer) = own.iter().find(|offer| is_proof_of_life(offer, row)) {
            // What is later was not weighed against it.
            let is_latest = |offer: &Offer<'_>| offer.snapshot.source.stamp <= answer.snapshot.source.stamp;
            decided.push(Snapshot { settled: own.iter().all(is_latest), ..answer.snapshot.clone() });
            continue;
        }
        let seconds = seconds(tx, id, first.snapshot.object(), &row.account).await?;
        let Some(second) = second(row, &seconds) else { continue };
        // Beside what is newer, nothing was offered for the row's own second yet.
        if second == row.stamp && own.iter().all(|offer| offer.snapshot.source.stamp != second) {
            continue;
        }
        match at(tx, (id, second), row, &own, amendments).await? {
            Outcome::Replaced(snapshot) => decided.push(*snapshot),
            Outcome::Kept { settled } if second == row.stamp || !settled => {
                tie::mark(tx, mirror, &BTreeMap::from([(*id, settled)])).await?;
                unsettled.extend((!settled).then_some(first.snapshot));
            }
            _ => {}
        }
    }
    Ok(decided)
}

/// Whether Stripe answered with the object after it was deleted.
fn is_proof_of_life(offer: &Offer<'_>, row: &Stored) -> bool {
    let snapshot = offer.snapshot;
    offer.event.is_none() && row.deleted && !snapshot.deleted && snapshot.source.stamp > row.stamp
}

/// What the snapshot events of an object say happened, and in which seconds.
async fn seconds(
    tx: &impl ConnectionTrait,
    id: &str,
    object: &str,
    account: &str,
) -> Result<Vec<(Kind, i64)>, DbErr> {
    let known = Entity::find()
        .select_only()
        .columns([Column::Type, Column::Created, Column::Account])
        .filter(Column::ObjectId.eq(id))
        .filter(Column::Object.eq(object))
        .filter(Column::Type.not_like("v1.%"));
    let known: Vec<(String, DateTimeUtc, Option<String>)> = known.into_tuple().all(tx).await?;
    let own = known.into_iter().filter(|(_, _, of)| of.as_deref().unwrap_or_default() == account);
    Ok(own.map(|(kind, created, _)| (inbox::kind(&kind), created.timestamp())).collect())
}

/// The second that counts; none where the row is right.
fn second(row: &Stored, seconds: &[(Kind, i64)]) -> Option<i64> {
    let of = |kind: Kind| seconds.iter().filter(move |(of, _)| *of == kind).map(|(_, second)| *second);
    let deleted = of(Kind::Deleted).chain(row.deleted.then_some(row.stamp)).max()?;
    let second = if of(Kind::Created).any(|created| created > deleted) {
        seconds.iter().map(|(_, second)| *second).max()?
    } else {
        deleted
    };
    // Stripe was asked since.
    let is_answered = row.event.is_empty() && row.stamp >= second;
    (!is_answered).then_some(second)
}

/// What the events of a second say.
async fn at(
    tx: &Transaction,
    (id, second): (&str, i64),
    row: &Stored,
    offers: &[Offer<'_>],
    amendments: &mut Vec<Amendment>,
) -> Result<Outcome, DbErr> {
    let known = tie::recorded(tx, &[id], &BTreeSet::from([second, row.stamp])).await?;
    // What the row held may be what counts again.
    if let Some(event) = known.iter().find(|event| event.id == row.event && !event.is_kept) {
        let payload = Some(event.body(&row.raw));
        amendments.push(Amendment { id: event.id.clone(), state: None, payload });
    }
    let Some(first) = offers.first().map(|offer| offer.snapshot) else { return Ok(Outcome::Stale) };
    let is_of_second = |event: &&Recorded| {
        event.created.timestamp() == second
            && event.object.as_deref() == Some(first.object())
            && event.account.as_deref().unwrap_or_default() == row.account
    };
    let events: Vec<&Recorded> = known.iter().filter(is_of_second).collect();
    let offers: Vec<Offer<'_>> =
        offers.iter().filter(|offer| offer.snapshot.source.stamp == second).copied().collect();
    let empty = Stored { stamp: second, event: String::new(), raw: String::new(), ..row.clone() };
    let row = if second == row.stamp { row } else { &empty };
    Ok(tie::weigh(tx, first, row, &offers, &events, amendments).await?.0)
}
