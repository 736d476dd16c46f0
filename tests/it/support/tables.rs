//! The mirror's tables as values that can be compared, and emptied.

use std::collections::{BTreeMap, BTreeSet};

use billgraph::mirror::{MIRRORS, OTHER};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::Value;

use super::TestApp;

/// The rows of each table by their ids.
pub type Tables = BTreeMap<&'static str, BTreeMap<String, Value>>;

/// What the mirror keeps beside its tables.
const KEPT_BESIDE: [&str; 5] = ["webhook_events", "changes", "sync_jobs", "users", "link_conflicts"];

impl TestApp {
    /// The tables, without the times of arrival.
    pub async fn tables(&self) -> Tables {
        let lists = MIRRORS.iter().flat_map(|mirror| mirror.children.iter().map(|list| list.object));
        let listed: BTreeSet<&str> = lists.collect();
        let mut tables = BTreeMap::new();
        for mirror in MIRRORS.iter().chain([&*OTHER]) {
            // What a list no longer named before it was ever heard of has no tombstone, and a tombstone that follows
            // from a list shows what was last heard before: both depend on what was heard in between.
            let which = if listed.contains(mirror.object) { "WHERE NOT deleted" } else { "" };
            let rows = self.rows(&format!("SELECT * FROM {} {which}", mirror.table)).await;
            let rows = rows.into_iter().map(|mut row| {
                row.as_object_mut().expect("a row").remove("synced_at");
                (row["id"].as_str().expect("an id").to_owned(), row)
            });
            tables.insert(mirror.table, rows.collect());
        }
        tables
    }

    /// Empties everything that the mirror writes.
    pub async fn forget_everything(&self) {
        let tables = MIRRORS.iter().chain([&*OTHER]).map(|mirror| mirror.table);
        let tx = self.app().db.writer.begin().await.expect("the database answers");
        for table in tables.chain(KEPT_BESIDE) {
            tx.execute_unprepared(&format!("DELETE FROM {table}")).await.expect(table);
        }
        tx.commit().await.expect("the database answers");
    }
}

/// The first row that is not as expected: its table, its id and the columns that differ.
pub fn difference(tables: &Tables, expected: &Tables) -> Option<(String, String)> {
    let differs = |(table, expected): (&&'static str, &BTreeMap<String, Value>)| {
        let rows = &tables[table];
        let ids: BTreeSet<&String> = rows.keys().chain(expected.keys()).collect();
        let id = ids.into_iter().find(|id| rows.get(*id) != expected.get(*id))?;
        let how = match (rows.get(id), expected.get(id)) {
            (Some(row), Some(expected)) => columns(row, expected),
            (Some(row), None) => format!("too many: {row}"),
            (None, expected) => format!("lacks {}", expected.unwrap_or(&Value::Null)),
        };
        Some((id.clone(), format!("{table} {id} {how}")))
    };
    expected.iter().find_map(differs)
}

fn columns(row: &Value, expected: &Value) -> String {
    let names = expected.as_object().expect("a row").keys().filter(|name| row[*name] != expected[*name]);
    let each = names.map(|name| format!("\n  {name}: {}\n    expected {}", row[name], expected[name]));
    each.collect::<Vec<_>>().concat()
}
