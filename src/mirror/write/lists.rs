//! Rows that came in the lists of others, and the removal of what complete lists no longer name.

use chrono::{DateTime, Utc};
use entity::mirrored::Children;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::{Value as Json, json};

use super::{Form, Guard, Texts, add_rows, insertion, parameters, upsert};
use crate::{
    db::{Columns, Transaction},
    mirror::{
        Mirror,
        borrowed::{self, BORROWED, Lent, Links},
        snapshot::Snapshot,
    },
};

/// Parents whose list came whole.
#[derive(Debug)]
pub struct CompleteLists<'r> {
    pub children: &'static Children,
    pub parents: Vec<&'r Snapshot>,
}

impl CompleteLists<'_> {
    /// The ids that a parent's list names.
    fn listed<'s>(&self, parent: &'s Snapshot) -> impl Iterator<Item = &'s str> {
        let object = self.children.object;
        let of_list = parent.children.iter().filter(move |child| child.mirror.object == object);
        of_list.map(|child| child.id.as_str())
    }
}

/// The rows of one table that came in lists, and the lists.
pub struct Listed<'r> {
    pub mirror: &'static Mirror,
    pub rows: Vec<&'r Snapshot>,
    pub complete: Vec<CompleteLists<'r>>,
}

/// Writes the rows of objects that came in lists, makes tombstones of those that complete lists no longer name, and
/// finds what lenders have by these keys.
///
/// On PostgreSQL that is one statement, whatever the tables.
pub async fn lists(
    tx: &Transaction,
    tables: &[Listed<'_>],
    keys: &borrowed::Keys,
    now: DateTime<Utc>,
) -> Result<Vec<Lent>, DbErr> {
    // What is removed by the same statement is still seen by it.
    let removes_lenders = tables.iter().any(Listed::removes_lenders);
    let text = tx.postgres().filter(|_| !removes_lenders).zip(lists_text(tables, keys.links()));
    let Some((tx, text)) = text else {
        for table in tables {
            upsert(tx, table.mirror, &table.rows, Guard::NotNewer, now).await?;
            for list in &table.complete {
                remove_unlisted(tx, table.mirror, list, now).await?;
            }
        }
        return borrowed::find(tx, keys).await;
    };
    let mut columns = Columns::default();
    for table in tables {
        if !table.rows.is_empty() {
            add_rows(&mut columns, table.mirror, &table.rows, now);
        }
        for list in &table.complete {
            add_lists(&mut columns, list, now);
        }
    }
    keys.add(&mut columns);
    Ok(borrowed::found(&tx.rows(text, columns).await?))
}

impl Listed<'_> {
    /// What its part of a statement depends on.
    fn shape(&self) -> Shape {
        let lists = self.complete.iter().map(|list| (list.children.field, list.children.parent));
        (self.mirror.table, !self.rows.is_empty(), lists.collect())
    }

    fn removes_lenders(&self) -> bool {
        let lends = || BORROWED.iter().any(|link| link.lender == self.mirror.table);
        lends() && !(self.complete.is_empty() && self.rows.is_empty())
    }
}

type Shape = (&'static str, bool, Vec<(&'static str, &'static str)>);

fn lists_text(tables: &[Listed<'_>], links: Links) -> Option<&'static str> {
    static TEXTS: Texts<(Vec<Shape>, Links)> = Texts::new();
    // Rows of which only the id is known are written in another form.
    if tables.is_empty() || tables.iter().any(|table| table.rows.iter().any(|row| row.bare)) {
        return None;
    }
    TEXTS.get_some((tables.iter().map(Listed::shape).collect(), links), || {
        let (mut after, mut parts) = (0, Vec::new());
        let form = Form { guard: Guard::NotNewer, bare: false };
        for table in tables {
            if !table.rows.is_empty() {
                parts.push(insertion(table.mirror, form, after));
                after += parameters(table.mirror);
            }
            for list in &table.complete {
                parts.push(removal(table.mirror, list.children, after));
                after += REMOVAL_PARAMETERS;
            }
        }
        let parts = parts.iter().enumerate().map(|(number, part)| format!("t{number} AS ({part})"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let unseen: Vec<&str> = tables.iter().map(|table| table.mirror.table).collect();
        let find = borrowed::find_text(links, after, &unseen);
        format!("WITH {parts} {}", if find.is_empty() { "SELECT 0, '', '' WHERE false" } else { &find })
    })
}

async fn remove_unlisted(
    tx: &Transaction,
    mirror: &'static Mirror,
    list: &CompleteLists<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if let Some(tx) = tx.postgres() {
        let mut columns = Columns::default();
        add_lists(&mut columns, list, now);
        return tx.execute(removal_text(mirror, list.children), columns).await;
    }
    // Lists may name more than a statement has parameters.
    let parents =
        list.parents.iter().map(|parent| json!([parent.id, parent.source.stamp, parent.source.event]));
    let listed = list.parents.iter().flat_map(|parent| list.listed(parent));
    let values = [
        now.into(),
        parents.collect::<Json>().to_string().into(),
        listed.collect::<Json>().to_string().into(),
    ];
    let text = sqlite_removal(mirror, list.children);
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, text, values)).await?;
    Ok(())
}

/// The statement for SQLite that removes what lists no longer name.
fn sqlite_removal(mirror: &Mirror, children: &Children) -> String {
    let (table, parent) = (mirror.table, children.parent);
    format!(
        "UPDATE {table} SET deleted = true, stamp = parents.stamp, stamp_event = parents.event, synced_at = ? \
         FROM (SELECT value ->> 0 AS id, value ->> 1 AS stamp, value ->> 2 AS event FROM json_each(?)) AS parents \
         WHERE {table}.{parent} = parents.id AND NOT {table}.deleted AND {table}.stamp <= parents.stamp \
         AND {table}.id NOT IN (SELECT value FROM json_each(?))"
    )
}

fn add_lists(columns: &mut Columns, list: &CompleteLists<'_>, now: DateTime<Utc>) {
    let parents = &list.parents;
    columns.add(parents.iter().map(|parent| parent.id.as_str()).collect::<Vec<_>>());
    columns.add(parents.iter().map(|parent| parent.source.stamp).collect::<Vec<_>>());
    columns.add(parents.iter().map(|parent| parent.source.event.as_str()).collect::<Vec<_>>());
    columns.add(now);
    columns.add(parents.iter().flat_map(|parent| list.listed(parent)).collect::<Vec<_>>());
}

/// How many parameters a removal takes.
const REMOVAL_PARAMETERS: usize = 5;

/// The statement that removes what lists no longer name, after so many parameters of others.
fn removal(mirror: &Mirror, children: &Children, after: usize) -> String {
    let (table, parent) = (mirror.table, children.parent);
    let [id, stamp, event, now, listed] = [1, 2, 3, 4, 5].map(|number| after + number);
    format!(
        "UPDATE {table} SET deleted = true, stamp = parents.stamp, stamp_event = parents.event, synced_at = ${now} \
         FROM (SELECT unnest(${id}::text[]) AS id, unnest(${stamp}::int8[]) AS stamp, \
         unnest(${event}::text[]) AS event) AS parents \
         WHERE {table}.{parent} = parents.id AND NOT {table}.deleted AND {table}.stamp <= parents.stamp \
         AND NOT ({table}.id = ANY(${listed}::text[]))"
    )
}

fn removal_text(mirror: &'static Mirror, children: &'static Children) -> &'static str {
    static TEXTS: Texts<(&str, &str)> = Texts::new();
    TEXTS.get((mirror.table, children.field), || removal(mirror, children, 0))
}
