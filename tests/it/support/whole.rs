//! One object of each kind, with a value in every field, each naming the others.

use billgraph::mirror::{
    MIRRORS, Mirror,
    column::{Column, Kind},
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{TestApp, billing::MADE};

/// The columns that name an object by another word than its table.
const NAMED: [(&str, &str); 6] = [
    ("destination", "accounts"),
    ("feature", "entitlement_features"),
    ("reversed_by", "payouts"),
    ("schedule", "subscription_schedules"),
    ("source", "charges"),
    ("source_transaction", "charges"),
];

impl TestApp {
    /// Tells of one object of each kind that has a table and an id, and of a user and an organization who are the
    /// customer.
    pub async fn know_one_of_each(&self) {
        let objects: Vec<Value> = MIRRORS.iter().filter(|mirror| mirror.key == "id").map(object).collect();
        self.know(&objects).await;
        self.linked("1").await;
        let organization = "INSERT INTO organizations (id, name, customer, link_attempts, created, updated) \
             VALUES ('1', 'One', 'cus_1', 0, '2025-06-15T00:00:00+00:00', '2025-06-15T00:00:00+00:00')";
        self.app().db.writer.execute_unprepared(organization).await.expect("the organization is new");
    }
}

fn object(mirror: &Mirror) -> Value {
    let mut object = json!({ "object": mirror.object });
    for column in &mirror.columns {
        object[column.name] = match column.name {
            "id" => json!(id(mirror)),
            "status" => {
                let active = mirror.life_cycle.iter().find(|status| **status == "active");
                json!(active.or(mirror.life_cycle.first()).unwrap_or(&"active"))
            }
            "metadata" => json!({ "user_id": "1" }),
            "livemode" => json!(false),
            _ => value(column),
        };
    }
    object
}

fn id(mirror: &Mirror) -> String {
    match mirror.prefixes.first() {
        Some(prefix) => format!("{prefix}1"),
        None => format!("{}_1", mirror.table),
    }
}

fn value(column: &Column) -> Value {
    let name = column.name;
    match column.kind {
        Kind::Text if name.ends_with("currency") => json!("usd"),
        Kind::Text => json!(named(name).map_or_else(|| format!("{name}_1"), id)),
        Kind::Integer | Kind::BigInteger => json!(7),
        Kind::Flag => json!(true),
        Kind::Time => json!(MADE),
        Kind::Json => match name.strip_suffix('s').and_then(named) {
            Some(mirror) => json!([id(mirror)]),
            None => json!({ "of": name }),
        },
    }
}

/// Whose id a column holds.
fn named(column: &str) -> Option<&'static Mirror> {
    let table = NAMED.iter().find(|(name, _)| *name == column).map(|(_, table)| *table);
    let mirrors = MIRRORS.iter().filter(|mirror| match table {
        Some(table) => mirror.table == table,
        None => column.ends_with(mirror.table.trim_end_matches('s')),
    });
    mirrors.max_by_key(|mirror| mirror.table.len())
}
