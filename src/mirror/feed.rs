//! The change feed's rows: what a batch changed, numbered by the database.

use std::sync::LazyLock;

use entity::{
    change::{self, Kind, Model},
    mirrored::Object,
};
use sea_orm::{ActiveEnum, ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, NotSet, sqlx::Row};

use super::{inbox::Event, snapshot::Snapshot};
use crate::db::{Columns, Transaction};

/// What an event changed, once its object's row is written.
pub fn change_of_event(event: &Event) -> Option<Model> {
    let snapshot = event.snapshot.as_ref()?;
    Some(Model {
        event_id: Some(event.id.clone()),
        event_type: Some(event.r#type.clone()),
        changed_fields: changed_fields(event).into(),
        ..change_of(snapshot, snapshot.source.kind)
    })
}

/// What an answer of Stripe's changed; it does not say whether the object is new, but the mirror may have known it.
pub fn change_of_answer(snapshot: &Snapshot, is_known: bool) -> Model {
    let kind = match (snapshot.deleted, is_known) {
        (true, _) => Kind::Deleted,
        (false, true) => Kind::Updated,
        (false, false) => Kind::Created,
    };
    change_of(snapshot, kind)
}

fn change_of(snapshot: &Snapshot, kind: Kind) -> Model {
    Model {
        // The database numbers them.
        seq: 0,
        object: snapshot.object().to_owned(),
        object_id: snapshot.id.clone(),
        customer: snapshot.customer().map(str::to_owned),
        kind,
        event_id: None,
        event_type: None,
        occurred_at: chrono::DateTime::from_timestamp(snapshot.source.stamp, 0).unwrap_or_default(),
        changed_fields: Vec::<String>::new().into(),
    }
}

/// The names in `previous_attributes`: all that Stripe tells of what changed.
fn changed_fields(event: &Event) -> Vec<String> {
    let previous = event.previous_attributes.as_deref();
    let previous: Option<Object> = previous.and_then(|text| serde_json::from_str(text).ok());
    previous.into_iter().flatten().map(|(name, _)| name.replace('\0', "")).collect()
}

/// Records what changed, and gives it back with its numbers, in their order.
pub async fn record(tx: &Transaction, changes: Vec<Model>) -> Result<Vec<Model>, DbErr> {
    if changes.is_empty() {
        return Ok(changes);
    }
    let Some(tx) = tx.postgres() else {
        let rows = changes
            .into_iter()
            .map(|change| change::ActiveModel { seq: NotSet, ..change.into_active_model().reset_all() });
        return change::Entity::insert_many(rows).exec_with_returning(tx).await;
    };
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{INTO} {} RETURNING seq", arrays(0)));
    let mut columns = Columns::default();
    add_columns(&mut columns, &changes);
    // The rows come back in the order in which they were inserted, which is that of the arrays.
    let rows = tx.rows(TEXT.as_str(), columns).await?;
    let mut numbered = changes;
    for (change, row) in numbered.iter_mut().zip(rows) {
        change.seq = row.get(0);
    }
    Ok(numbered)
}

/// The statement that records the changes whose events are among those that another part of it returns, after so many
/// parameters of others; it returns the numbers of the changes, and their events.
pub fn record_text_of(after: usize, events: &str) -> String {
    format!(
        "{INTO} SELECT * FROM ({}) AS changes WHERE changes.event_id = ANY(ARRAY(SELECT event FROM {events})) \
         RETURNING seq, event_id",
        arrays(after)
    )
}

const INTO: &str = "INSERT INTO changes (object, object_id, customer, kind, event_id, event_type, occurred_at, \
     changed_fields)";

/// The changes, whose columns come as arrays.
fn arrays(after: usize) -> String {
    let [object, id, customer, kind, event, event_type, at, fields] =
        [1, 2, 3, 4, 5, 6, 7, 8].map(|number| after + number);
    format!(
        "SELECT unnest(${object}::text[]), unnest(${id}::text[]), unnest(${customer}::text[]), \
         unnest(${kind}::text[]), unnest(${event}::text[]) AS event_id, unnest(${event_type}::text[]), \
         unnest(${at}::timestamptz[]), unnest(${fields}::text[])::json"
    )
}

/// Adds changes as the statement takes them.
pub fn add_columns(columns: &mut Columns, changes: &[Model]) {
    columns.add(changes.iter().map(|change| change.object.as_str()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.object_id.as_str()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.customer.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| Kind::to_value(&change.kind)).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.event_id.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.event_type.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.occurred_at).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| json(&change.changed_fields)).collect::<Vec<_>>());
}

fn json(names: &impl serde::Serialize) -> String {
    serde_json::to_string(names).expect("names are JSON")
}
