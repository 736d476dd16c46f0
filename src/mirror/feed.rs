//! The change feed's rows: what a batch changed, numbered by the database.

use entity::{
    change::{self, Kind, Model},
    json,
};
use sea_orm::{ActiveEnum, ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, NotSet, sqlx::Row};

use super::{inbox::Event, snapshot::Snapshot};
use crate::db::{Columns, Field, Transaction};

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
    let previous = previous.and_then(|text| json::read(text).ok());
    let members = previous.iter().filter_map(json::Value::as_object).flat_map(json::Object::iter);
    members.map(|(name, _)| name.replace('\0', "")).collect()
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
    let mut columns = Columns::default();
    add_columns(&mut columns, &changes);
    // The rows come back in the order in which they were inserted, which is that of the arrays.
    let rows = tx.rows(RECORD, columns).await?;
    let mut numbered = changes;
    for (change, row) in numbered.iter_mut().zip(rows) {
        change.seq = row.get(0);
    }
    Ok(numbered)
}

const RECORD: &str = "INSERT INTO changes (object, object_id, customer, kind, event_id, event_type, occurred_at, \
     changed_fields) SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), \
     unnest($5::text[]), unnest($6::text[]), unnest($7::timestamptz[]), unnest($8::text[])::json RETURNING seq";

/// The columns that are written of a change.
pub const COLUMNS: [&str; 8] =
    ["object", "object_id", "customer", "kind", "event_id", "event_type", "occurred_at", "changed_fields"];

/// The statement that records the changes of a parameter whose events are among those that another part of it returns;
/// it returns the numbers of the changes, and their events.
pub fn record_text(parameter: usize, events: &str) -> String {
    let columns = COLUMNS.join(", ");
    format!(
        "INSERT INTO changes ({columns}) SELECT {columns} FROM unnest(${parameter}::changes[]) AS told \
         WHERE told.event_id = ANY(ARRAY(SELECT event FROM {events})) RETURNING seq, event_id"
    )
}

/// A change's fields, in the order of [`COLUMNS`].
pub fn fields<'c>(change: &'c Model, kind: &'c str) -> Vec<Field<'c>> {
    vec![
        Field::Text(Some(&change.object)),
        Field::Text(Some(&change.object_id)),
        Field::Text(change.customer.as_deref()),
        Field::Text(Some(kind)),
        Field::Text(change.event_id.as_deref()),
        Field::Text(change.event_type.as_deref()),
        Field::Time(Some(change.occurred_at)),
        Field::Json(Some(json(&change.changed_fields).into())),
    ]
}

/// Adds changes as the statement takes them.
fn add_columns(columns: &mut Columns, changes: &[Model]) {
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
