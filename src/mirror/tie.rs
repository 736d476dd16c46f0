//! Several claims about one second of one object: gathered, decided, and kept for those still under way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::DateTime;
use entity::{
    change::Kind,
    json,
    webhook_event::{Column, Entity},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder,
    QuerySelect, Select,
    prelude::DateTimeUtc,
    sea_query::{Expr, ExprTrait, LockType, Query},
};
use serde_json::{Value as Json, json};

use super::{
    Mirror,
    inbox::{self, Amendment, Event},
    order::{Claim, Decision, Digest, Origin, State, decide, state_after},
    snapshot::{Snapshot, Source},
};
use crate::db::Transaction;

/// A snapshot that is to be written, and the event that brought it; none where Stripe was asked.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub snapshot: &'a Snapshot,
    pub event: Option<&'a Event>,
}

/// What became of the offers of one second.
#[derive(Debug)]
pub enum Outcome {
    /// The row says something newer.
    Stale,
    /// The row is a tombstone of an earlier second.
    Buried,
    /// The row is another account's.
    Foreign,
    /// The row stays, with the offers considered.
    Kept { settled: bool },
    /// This is to be written.
    Replaced(Box<Snapshot>),
}

/// The row as it is stored.
#[derive(Clone)]
pub(super) struct Stored {
    pub stamp: i64,
    pub event: String,
    pub deleted: bool,
    pub account: String,
    pub api_version: String,
    pub raw: String,
}

/// An event as the inbox holds it.
#[derive(FromQueryResult)]
pub(super) struct Recorded {
    pub id: String,
    r#type: String,
    pub object: Option<String>,
    object_id: Option<String>,
    pub created: DateTimeUtc,
    pub account: Option<String>,
    api_version: Option<String>,
    livemode: bool,
    previous_attributes: Option<String>,
    leads_to: Option<i64>,
    came_from: Option<i64>,
    life_cycle: i32,
    pub is_kept: bool,
}

/// Who says something of the object in that second.
enum Witness<'a> {
    Row,
    Offer(&'a Snapshot),
    Inbox(&'a Recorded),
}

/// Decides between each row and what is offered for its own second, with everything else that the inbox holds of it;
/// the outcomes are in the order of the ties.
///
/// The rows are locked, so that no other process decides at the same time on less. The bodies of all events of such a
/// second are kept, by `amendments`: another event of it may follow, and another body be the one that counts.
pub async fn settle(
    tx: &Transaction,
    mirror: &'static Mirror,
    ties: &[&[Offer<'_>]],
    amendments: &mut Vec<Amendment>,
) -> Result<Vec<Outcome>, DbErr> {
    if ties.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> =
        ties.iter().filter_map(|offers| Some(offers.first()?.snapshot.id.as_str())).collect();
    let stored = stored(tx, mirror, &ids).await?;
    let seconds: BTreeSet<i64> = stored.values().map(|stored| stored.stamp).collect();
    let recorded = recorded(tx, &ids, &seconds).await?;
    let mut outcomes = Vec::with_capacity(ties.len());
    for offers in ties {
        let Some(first) = offers.first().map(|offer| offer.snapshot) else { continue };
        let outcome = match stored.get(&first.id) {
            Some(row) if row.account != first.source.account => Outcome::Foreign,
            Some(row) if row.stamp >= first.source.stamp => {
                let of_row = |event: &&Recorded| event.tells_of(first, row);
                let recorded: Vec<&Recorded> = recorded.iter().filter(of_row).collect();
                settle_one(tx, row, offers, &recorded, amendments).await?
            }
            Some(row) if row.deleted && row.stamp < first.source.stamp => Outcome::Buried,
            _ => Outcome::Stale,
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Decides about the row's second. Offers of an earlier one may tell where a chain began that closes in it.
async fn settle_one(
    tx: &Transaction,
    stored: &Stored,
    offers: &[Offer<'_>],
    recorded: &[&Recorded],
    amendments: &mut Vec<Amendment>,
) -> Result<Outcome, DbErr> {
    let Some(first) = offers.first().map(|offer| offer.snapshot) else { return Ok(Outcome::Stale) };
    let (offers, is_stale) =
        if first.source.stamp < stored.stamp { (&[][..], true) } else { (offers, false) };
    if is_stale && recorded.len() < 2 {
        return Ok(Outcome::Stale);
    }
    let (outcome, closed) = weigh(tx, first, stored, offers, recorded, amendments).await?;
    Ok(if is_stale && !closed { Outcome::Stale } else { outcome })
}

/// Decides between what is offered for a second and what the inbox holds of it, and says whether the chain closes.
pub(super) async fn weigh(
    tx: &Transaction,
    object: &Snapshot,
    stored: &Stored,
    offers: &[Offer<'_>],
    recorded: &[&Recorded],
    amendments: &mut Vec<Amendment>,
) -> Result<(Outcome, bool), DbErr> {
    let mut said: Vec<(Claim, Witness<'_>)> = Vec::with_capacity(offers.len() + recorded.len());
    if stored.event.is_empty() {
        said.extend(stored_answer(stored).map(|claim| (claim, Witness::Row)));
    }
    for event in recorded {
        let offer = offers.iter().find(|offer| offer.event.is_some_and(|offered| offered.id == event.id));
        let witness = match offer {
            Some(offer) => Witness::Offer(offer.snapshot),
            None if event.id == stored.event => Witness::Row,
            None => Witness::Inbox(event),
        };
        said.push((event.claim(), witness));
        if !event.is_kept {
            let payload = match offer.and_then(|offer| offer.event) {
                Some(offered) => offered.text(),
                None if event.id == stored.event => event.body(&stored.raw),
                None => continue,
            };
            amendments.push(Amendment { id: event.id.clone(), state: None, payload: Some(payload) });
        }
    }
    for offer in offers.iter().filter(|offer| offer.event.is_none()) {
        said.extend(offer.snapshot.claim.clone().map(|claim| (claim, Witness::Offer(offer.snapshot))));
    }
    if said.is_empty() {
        return Ok((Outcome::Kept { settled: true }, false));
    }
    let claims: Vec<Claim> = said.iter().map(|(claim, _)| claim.clone()).collect();
    let mut decision = decide(&claims, None);
    if decision.closed && claims.len() > 1 {
        decision = decide(&claims, state_before(tx, object, stored).await?);
    }
    let Decision { winner, settled, closed } = decision;
    let snapshot = match &said[winner].1 {
        Witness::Row => None,
        Witness::Offer(snapshot) => Some((*snapshot).clone()),
        // Where its body is gone, the row stays, and Stripe is asked.
        Witness::Inbox(event) => match snapshot_of(tx, event).await? {
            Some(snapshot) => Some(snapshot),
            None => return Ok((Outcome::Kept { settled: false }, closed)),
        },
    };
    let outcome = match snapshot {
        None => Outcome::Kept { settled },
        Some(snapshot) => Outcome::Replaced(Box::new(Snapshot { settled, ..snapshot })),
    };
    Ok((outcome, closed))
}

/// What the row says that holds an answer of Stripe's.
fn stored_answer(stored: &Stored) -> Option<Claim> {
    Snapshot::of(&parse(&stored.raw), "", Source::fetched(stored.stamp, &stored.api_version))?.claim
}

/// How many events are read to find the state before a second.
const EARLIER: u64 = 100;

/// The state in which the object was before the row's second, as far as the inbox tells.
async fn state_before(tx: &Transaction, object: &Snapshot, stored: &Stored) -> Result<Option<Digest>, DbErr> {
    let second = DateTime::from_timestamp(stored.stamp, 0);
    let earlier = events().filter(Column::ObjectId.eq(&object.id)).filter(Column::Created.lt(second));
    let latest = earlier.order_by_desc(Column::Created).order_by_desc(Column::Id).limit(EARLIER);
    let mut seconds: BTreeMap<DateTimeUtc, Vec<Claim>> = BTreeMap::new();
    for event in latest.into_model::<Recorded>().all(tx).await? {
        if event.is_of(object, stored) {
            seconds.entry(event.created).or_default().push(event.claim());
        }
    }
    Ok(state_after(seconds.values().map(Vec::as_slice)))
}

impl Recorded {
    /// Whether it is an event of the object, as the account has it whose row this is.
    fn is_of(&self, object: &Snapshot, stored: &Stored) -> bool {
        self.object_id.as_ref() == Some(&object.id)
            && self.object.as_deref() == Some(object.object())
            && self.account.as_deref().unwrap_or_default() == stored.account
    }

    /// Whether it is one of the row's second.
    fn tells_of(&self, object: &Snapshot, stored: &Stored) -> bool {
        self.is_of(object, stored) && self.created.timestamp() == stored.stamp
    }

    fn claim(&self) -> Claim {
        let kind = inbox::kind(&self.r#type);
        let came_from = match (kind, self.came_from) {
            (Kind::Created, _) => Origin::Nothing,
            (_, Some(digest)) => Origin::Was(Digest(digest)),
            (_, None) => Origin::Unknown,
        };
        let leads_to = self.leads_to.map_or(State::Gone, |digest| State::Is(Digest(digest)));
        Claim { event: self.id.clone(), leads_to, came_from, life_cycle: self.life_cycle }
    }

    /// The body of the event whose object the row holds; the rest of it is in the inbox.
    pub(super) fn body(&self, raw: &str) -> String {
        let envelope = json!({
            "id": self.id, "object": "event", "type": self.r#type, "created": self.created.timestamp(),
            "api_version": self.api_version, "account": self.account, "livemode": self.livemode,
        });
        let envelope = envelope.to_string();
        let previous = self.previous_attributes.as_ref();
        let previous = previous.map(|previous| format!(",\"previous_attributes\":{previous}"));
        let data = format!("{{\"object\":{raw}{}}}", previous.unwrap_or_default());
        format!("{},\"data\":{data}}}", &envelope[..envelope.len() - 1])
    }
}

async fn snapshot_of(tx: &Transaction, event: &Recorded) -> Result<Option<Snapshot>, DbErr> {
    let Some(row) = Entity::find_by_id(&event.id).one(tx).await? else { return Ok(None) };
    let Some(body) = row.payload.as_deref().map(parse) else { return Ok(None) };
    let object = &body["data"]["object"];
    let previous: Option<json::Value> =
        row.previous_attributes.as_deref().and_then(|text| json::read(text).ok());
    let created = row.created.timestamp();
    let source = Source::of_event(&row.id, &row.r#type, created, row.api_version.as_deref())
        .of_account(row.account.as_deref().unwrap_or_default());
    let raw = object.to_string();
    Ok(Snapshot::of_change(object.into(), raw, source, previous.as_ref().and_then(json::Value::as_object)))
}

/// The snapshot events of these objects in these seconds, and of some in others, by their ids.
pub(super) async fn recorded(
    tx: &Transaction,
    ids: &[&str],
    seconds: &BTreeSet<i64>,
) -> Result<Vec<Recorded>, DbErr> {
    let seconds = seconds.iter().filter_map(|second| DateTime::from_timestamp(*second, 0));
    let these = events()
        .filter(Column::ObjectId.is_in(ids.iter().copied()))
        .filter(Column::Created.is_in(seconds))
        .order_by_asc(Column::Id);
    these.into_model().all(tx).await
}

/// What the inbox says of events; thin ones tell of no state.
fn events() -> Select<Entity> {
    let columns = [
        Column::Id,
        Column::Type,
        Column::Object,
        Column::ObjectId,
        Column::Created,
        Column::Account,
        Column::ApiVersion,
        Column::Livemode,
        Column::PreviousAttributes,
        Column::LeadsTo,
        Column::CameFrom,
        Column::LifeCycle,
    ];
    Entity::find()
        .select_only()
        .columns(columns)
        .column_as(Column::Payload.is_not_null(), "is_kept")
        .filter(Column::Type.not_like("v1.%"))
}

/// The rows, locked.
pub(super) async fn stored(
    tx: &Transaction,
    mirror: &Mirror,
    ids: &[&str],
) -> Result<HashMap<String, Stored>, DbErr> {
    let mut statement = Query::select();
    statement
        .columns(["id", "stamp", "stamp_event", "deleted", "account", "api_version"])
        .expr_as(Expr::col("raw").cast_as("text"), "raw")
        .from(mirror.table)
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .order_by("id", Order::Asc)
        .lock(LockType::Update);
    let mut rows = HashMap::with_capacity(ids.len());
    for row in tx.query_all(&statement).await? {
        let stored = Stored {
            stamp: row.try_get("", "stamp")?,
            event: row.try_get("", "stamp_event")?,
            deleted: row.try_get("", "deleted")?,
            account: row.try_get("", "account")?,
            api_version: row.try_get("", "api_version")?,
            raw: row.try_get("", "raw")?,
        };
        rows.insert(row.try_get("", "id")?, stored);
    }
    Ok(rows)
}

/// Notes whether the rows that stay are settled.
pub async fn mark(tx: &Transaction, mirror: &Mirror, kept: &BTreeMap<&str, bool>) -> Result<(), DbErr> {
    for settled in [true, false] {
        let ids: Vec<&str> = kept.iter().filter(|(_, known)| **known == settled).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        let mut statement = Query::update();
        statement
            .table(mirror.table)
            .value("unsettled", !settled)
            .and_where(Expr::col("id").is_in(ids))
            .and_where(Expr::col("unsettled").eq(settled));
        tx.execute(&statement).await?;
    }
    Ok(())
}

/// What was stored was JSON when it arrived.
fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}
