//! The change feed's rows: what a batch changed, numbered by the database.

use entity::change::{self, Kind, Model};
use sea_orm::{ActiveEnum, ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, NotSet, sqlx::Row};

use crate::db::{Columns, Transaction};

const RECORD: &str = "INSERT INTO changes (object, object_id, customer, kind, event_id, event_type, occurred_at, \
     changed_fields) SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), \
     unnest($5::text[]), unnest($6::text[]), unnest($7::timestamptz[]), unnest($8::text[])::json \
     RETURNING seq, object_id, event_id";

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
    columns.add(changes.iter().map(|change| change.object.as_str()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.object_id.as_str()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.customer.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| Kind::to_value(&change.kind)).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.event_id.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.event_type.as_deref()).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| change.occurred_at).collect::<Vec<_>>());
    columns.add(changes.iter().map(|change| json(&change.changed_fields)).collect::<Vec<_>>());
    // The rows come back in the order in which they were inserted, which is that of the arrays.
    let rows = tx.rows(RECORD, columns).await?;
    let mut numbered = changes;
    for (change, row) in numbered.iter_mut().zip(rows) {
        let of: (String, Option<String>) = (row.get(1), row.get(2));
        debug_assert_eq!(of, (change.object_id.clone(), change.event_id.clone()), "rows keep their order");
        change.seq = row.get(0);
    }
    Ok(numbered)
}

fn json(names: &impl serde::Serialize) -> String {
    serde_json::to_string(names).expect("names are JSON")
}
