//! Several claims about one second of one object: gathered, decided, and kept for those still under way.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use entity::webhook_event;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Order, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, LockType, Query},
};
use serde_json::{Value as Json, json};

use super::{
    Mirror,
    inbox::{self, Event},
    order::{Claim, Decision, decide},
    snapshot::{Snapshot, Source},
};

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
    /// The row stays, with the offers considered.
    Kept,
    /// This is to be written.
    Replaced(Box<Snapshot>),
}

/// The row as it is stored.
struct Stored {
    stamp: i64,
    event: String,
    raw: Json,
}

/// Something that was said of the object in that second.
struct Said {
    claim: Claim,
    /// Absent where the row says so already.
    snapshot: Option<Snapshot>,
}

/// Decides between each row and what is offered for its own second, with everything else that the inbox holds of it;
/// the outcomes are in the order of the ties.
///
/// The rows are locked, so that no other process decides at the same time on less.
pub async fn settle(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    ties: &[&[Offer<'_>]],
) -> Result<Vec<Outcome>, DbErr> {
    if ties.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> =
        ties.iter().filter_map(|offers| Some(offers.first()?.snapshot.id.as_str())).collect();
    let stored = stored(tx, mirror, &ids).await?;
    let seconds: BTreeSet<i64> = stored.values().map(|stored| stored.stamp).collect();
    let recorded = recorded(tx, mirror, &ids, &seconds).await?;
    let mut outcomes = Vec::with_capacity(ties.len());
    for offers in ties {
        outcomes.push(settle_one(tx, mirror, offers, &stored, &recorded).await?);
    }
    Ok(outcomes)
}

async fn settle_one(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    offers: &[Offer<'_>],
    stored: &HashMap<String, Stored>,
    recorded: &[webhook_event::Model],
) -> Result<Outcome, DbErr> {
    let Some(first) = offers.first().map(|offer| offer.snapshot) else { return Ok(Outcome::Kept) };
    let stored = stored.get(&first.id).filter(|stored| stored.stamp == first.source.stamp);
    let Some(stored) = stored else { return Ok(Outcome::Stale) };
    let of_second = |event: &&webhook_event::Model| {
        event.object_id.as_ref() == Some(&first.id) && event.created.timestamp() == stored.stamp
    };
    let recorded: Vec<&webhook_event::Model> = recorded.iter().filter(of_second).collect();
    let mut said = gather(tx, mirror, stored, &recorded, offers).await?;
    let claims: Vec<Claim> = said.iter().map(|said| said.claim.clone()).collect();
    let Decision { winner, settled } = decide(&claims);
    match said.swap_remove(winner).snapshot {
        None => {
            mark(tx, mirror, &first.id, settled).await?;
            Ok(Outcome::Kept)
        }
        Some(snapshot) => Ok(Outcome::Replaced(Box::new(Snapshot { settled, ..snapshot }))),
    }
}

async fn gather(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    stored: &Stored,
    recorded: &[&webhook_event::Model],
    offers: &[Offer<'_>],
) -> Result<Vec<Said>, DbErr> {
    let mut said = Vec::new();
    if stored.event.is_empty() {
        let claim = Claim::new(mirror, "", entity::change::Kind::Updated, &stored.raw, None);
        said.push(Said { claim, snapshot: None });
    }
    for event in recorded {
        let offer = offers.iter().find(|offer| offer.event.is_some_and(|offered| offered.id == event.id));
        let (object, snapshot) = match (offer, event.payload.as_deref()) {
            (Some(offer), _) => (parse(&offer.snapshot.raw), Some(offer.snapshot.clone())),
            _ if event.id == stored.event => (stored.raw.clone(), None),
            (None, Some(payload)) => {
                let object = parse(payload)["data"]["object"].take();
                let source =
                    Source::of_event(&event.id, &event.r#type, stored.stamp, event.api_version.as_deref());
                let snapshot = Snapshot::of(object.clone(), &object.to_string(), source);
                (object, snapshot)
            }
            // Its body was not kept: nothing else was known of that second when it was applied.
            (None, None) => continue,
        };
        let previous = event.previous_attributes.as_deref().map(parse);
        let claim = Claim::new(mirror, &event.id, inbox::kind(&event.r#type), &object, previous.as_ref());
        said.push(Said { claim, snapshot });
        keep(tx, event, &object, offer.and_then(|offer| offer.event)).await?;
    }
    for offer in offers.iter().filter(|offer| offer.event.is_none()) {
        let claim = Claim::new(mirror, "", offer.snapshot.source.kind, &parse(&offer.snapshot.raw), None);
        said.push(Said { claim, snapshot: Some(offer.snapshot.clone()) });
    }
    Ok(said)
}

/// Keeps the body of an event whose second has more than one: another of that second may follow.
async fn keep(
    tx: &DatabaseTransaction,
    event: &webhook_event::Model,
    object: &Json,
    offered: Option<&Event>,
) -> Result<(), DbErr> {
    if event.payload.is_some() {
        return Ok(());
    }
    if let Some(offered) = offered {
        return inbox::keep_body(tx, &event.id, &offered.body).await;
    }
    // The row has the object of the event that was applied first; the rest of its body is in the inbox.
    let mut data = json!({ "object": object });
    if let Some(previous) = event.previous_attributes.as_deref() {
        data["previous_attributes"] = parse(previous);
    }
    let body = json!({
        "id": event.id, "object": "event", "type": event.r#type, "created": event.created.timestamp(),
        "api_version": event.api_version, "account": event.account, "livemode": event.livemode, "data": data,
    });
    inbox::keep_body(tx, &event.id, &body.to_string()).await
}

/// The events of these objects in these seconds, and of some in others, by their ids.
async fn recorded(
    tx: &DatabaseTransaction,
    mirror: &Mirror,
    ids: &[&str],
    seconds: &BTreeSet<i64>,
) -> Result<Vec<webhook_event::Model>, DbErr> {
    use webhook_event::{Column, Entity};
    let seconds = seconds.iter().filter_map(|second| DateTime::from_timestamp(*second, 0));
    Entity::find()
        .filter(Column::ObjectId.is_in(ids.iter().copied()))
        .filter(Column::Created.is_in(seconds))
        .filter(Column::Object.eq(mirror.object))
        .order_by_asc(Column::Id)
        .all(tx)
        .await
}

async fn stored(
    tx: &DatabaseTransaction,
    mirror: &Mirror,
    ids: &[&str],
) -> Result<HashMap<String, Stored>, DbErr> {
    let mut statement = Query::select();
    statement
        .columns(["id", "stamp", "stamp_event"])
        .expr_as(Expr::col("raw").cast_as("text"), "raw")
        .from(mirror.table)
        .and_where(Expr::col("id").is_in(ids.iter().copied()))
        .order_by("id", Order::Asc)
        .lock(LockType::Update);
    let mut rows = HashMap::with_capacity(ids.len());
    for row in tx.query_all(&statement).await? {
        let raw: String = row.try_get("", "raw")?;
        let (stamp, event) = (row.try_get("", "stamp")?, row.try_get("", "stamp_event")?);
        rows.insert(row.try_get("", "id")?, Stored { stamp, event, raw: parse(&raw) });
    }
    Ok(rows)
}

async fn mark(tx: &DatabaseTransaction, mirror: &Mirror, id: &str, settled: bool) -> Result<(), DbErr> {
    let mut statement = Query::update();
    statement.table(mirror.table).value("unsettled", !settled).and_where(Expr::col("id").eq(id));
    tx.execute(&statement).await.map(drop)
}

/// What was stored was JSON when it arrived.
fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}
