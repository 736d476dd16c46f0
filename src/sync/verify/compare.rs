//! What Stripe says of objects beside what the mirror's rows say.

use std::collections::{HashMap, HashSet};

use entity::mirrored::Children;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Value,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::Value as Json;
use url::Url;

use crate::{
    mirror::{
        BORROWED, Mirror,
        borrowed::lent,
        column::{Column, Kind},
        exclude::Exclusions,
        mirror,
        snapshot::{Snapshot, Source},
    },
    stripe::Answer,
};

/// The links that Stripe signs anew with each answer: only where they lead is compared.
const SIGNED_ANEW: [&str; 3] = ["hosted_invoice_url", "invoice_pdf", "receipt_url"];

/// How many rows are read at once.
const ROWS: usize = 200;

/// An object as Stripe holds it.
pub struct Seen {
    pub answer: Answer,
    /// With its lists to their end.
    pub whole: Json,
    pub snapshot: Snapshot,
}

impl Seen {
    /// None where nothing identifies it.
    pub fn of(answer: Answer, whole: Option<Json>, exclusions: &Exclusions) -> Option<Self> {
        let whole = whole.unwrap_or_else(|| answer.object.clone());
        let stored = exclusions.of_object(&whole);
        let snapshot = Snapshot::of(&stored, "", Source::fetched(answer.at, &answer.api_version))?;
        Some(Self { answer, whole, snapshot })
    }
}

/// A row as it is stored.
pub struct Row {
    pub deleted: bool,
    pub account: String,
    pub api_version: String,
    pub stamp: (i64, String),
    /// In the order of the mirror's columns; none where it is of no type that the column has.
    pub values: Vec<Option<Value>>,
}

impl Row {
    /// The value of a column that holds text.
    pub fn text(&self, mirror: &Mirror, column: &str) -> Option<&str> {
        match self.values.get(mirror.position(column)?)?.as_ref()? {
            Value::String(text) => text.as_deref(),
            _ => None,
        }
    }
}

/// How an object and its row compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether there is no row.
    pub is_missing: bool,
    /// The columns that differ; of what is in a list, `list/id` where there is no row or one too many, `list/id/column`
    /// else.
    pub fields: Vec<String>,
    /// What the row was last written by.
    pub stamp: Option<(i64, String)>,
}

impl Look {
    pub fn is_equal(&self) -> bool {
        !self.is_missing && self.fields.is_empty()
    }
}

/// The rows of a table with these ids.
pub async fn rows(
    db: &DatabaseConnection,
    mirror: &'static Mirror,
    ids: &[&str],
) -> Result<HashMap<String, Row>, DbErr> {
    let mut rows = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(ROWS) {
        let mut statement = Query::select();
        statement
            .columns(mirror.columns.iter().map(|column| column.name))
            .columns(["deleted", "account", "api_version", "stamp", "stamp_event"])
            .from(mirror.table)
            .and_where(Expr::col("id").is_in(ids.iter().copied()));
        for row in db.query_all(&statement).await? {
            rows.insert(row.try_get("", "id")?, stored(mirror, &row)?);
        }
    }
    Ok(rows)
}

fn stored(mirror: &Mirror, row: &QueryResult) -> Result<Row, DbErr> {
    Ok(Row {
        deleted: row.try_get("", "deleted")?,
        account: row.try_get("", "account")?,
        api_version: row.try_get("", "api_version")?,
        stamp: (row.try_get("", "stamp")?, row.try_get("", "stamp_event")?),
        values: mirror.columns.iter().map(|column| value(column, row).ok()).collect(),
    })
}

fn value(column: &Column, row: &QueryResult) -> Result<Value, DbErr> {
    let name = column.name;
    Ok(match column.kind {
        Kind::Text => Value::String(row.try_get("", name)?),
        Kind::Integer => Value::Int(row.try_get("", name)?),
        Kind::BigInteger => Value::BigInt(row.try_get("", name)?),
        Kind::Flag => Value::Bool(row.try_get("", name)?),
        Kind::Time => Value::ChronoDateTimeUtc(row.try_get("", name)?),
        Kind::Json => Value::Json(row.try_get::<Option<Json>>("", name)?.map(Box::new)),
    })
}

/// Compares objects of one type with their rows and with those of what is in their lists, in the order of the objects.
pub async fn compare(
    db: &DatabaseConnection,
    mirror: &'static Mirror,
    objects: &[&Snapshot],
) -> Result<Vec<Look>, DbErr> {
    let ids: Vec<&str> = objects.iter().map(|object| object.id.as_str()).collect();
    let rows = rows(db, mirror, &ids).await?;
    let mut looks: Vec<Look> = objects.iter().map(|object| look(object, rows.get(&object.id))).collect();
    compare_borrowed(db, mirror, objects, &rows, &mut looks).await?;
    for list in mirror.children {
        compare_list(db, list, objects, &mut looks).await?;
    }
    Ok(looks)
}

fn look(object: &Snapshot, row: Option<&Row>) -> Look {
    let Some(row) = row else { return Look { is_missing: true, ..Look::default() } };
    Look { is_missing: false, fields: differing(object, row), stamp: Some(row.stamp.clone()) }
}

/// The columns in which a row is not what the object says.
fn differing(object: &Snapshot, row: &Row) -> Vec<String> {
    let mut fields = Vec::new();
    if row.account != object.source.account {
        fields.push("account".to_owned());
    }
    if row.deleted != object.deleted {
        fields.push("deleted".to_owned());
    }
    for ((column, said), held) in object.mirror.columns.iter().zip(&object.values).zip(&row.values) {
        // Of what is deleted only the id is known.
        let is_open = object.bare || column.name == "id" || is_lent(object, column, said);
        if !is_open && held.as_ref().is_none_or(|held| differs(column, held, said)) {
            fields.push(column.name.to_owned());
        }
    }
    fields
}

/// Whether another object says it.
fn is_lent(object: &Snapshot, column: &Column, said: &Value) -> bool {
    let own = |link: &&crate::mirror::borrowed::Borrowed| {
        link.table == object.mirror.table && link.column == column.name
    };
    matches!(said, Value::String(None)) && BORROWED.iter().any(|link| own(&link))
}

/// Whether two values of a column are not the same.
pub fn differs(column: &Column, one: &Value, other: &Value) -> bool {
    if one == other {
        return false;
    }
    let origin = |value: &Value| match value {
        Value::String(Some(text)) => {
            Url::parse(text).ok().map(|url| url.origin()).filter(url::Origin::is_tuple)
        }
        _ => None,
    };
    let is_same_place = || origin(one).is_some_and(|place| Some(place) == origin(other));
    !(SIGNED_ANEW.contains(&column.name) && is_same_place())
}

/// Compares the columns that other objects lend with what the mirror has of these.
async fn compare_borrowed(
    db: &DatabaseConnection,
    mirror: &'static Mirror,
    objects: &[&Snapshot],
    rows: &HashMap<String, Row>,
    looks: &mut [Look],
) -> Result<(), DbErr> {
    for link in BORROWED.iter().filter(|link| link.table == mirror.table) {
        let borrows = |object: &Snapshot| object.text(link.column).is_none();
        let key = |object: &'_ Snapshot| {
            let row = rows.get(&object.id).filter(|_| borrows(object))?;
            object.text(link.key).or_else(|| row.text(mirror, link.key)).map(str::to_owned)
        };
        let keys: Vec<Option<String>> = objects.iter().map(|object| key(object)).collect();
        let known: HashSet<&str> = keys.iter().flatten().map(String::as_str).collect();
        if known.is_empty() {
            continue;
        }
        let lent = lent(db, link, known.into_iter()).await?;
        for ((object, key), look) in objects.iter().zip(&keys).zip(looks.iter_mut()) {
            let Some(lent) = key.as_ref().and_then(|key| lent.get(key)) else { continue };
            let held = rows.get(&object.id).and_then(|row| row.text(mirror, link.column));
            if held != Some(lent) {
                look.fields.push(link.column.to_owned());
            }
        }
    }
    Ok(())
}

/// Compares what is in a list of the objects with its rows.
async fn compare_list(
    db: &DatabaseConnection,
    list: &'static Children,
    objects: &[&Snapshot],
    looks: &mut [Look],
) -> Result<(), DbErr> {
    let Some(child) = mirror(list.object) else { return Ok(()) };
    let of = |object: &'_ Snapshot| {
        let own = object.children.iter().filter(|item| item.mirror.table == child.table);
        own.cloned().collect::<Vec<Snapshot>>()
    };
    let items: Vec<Vec<Snapshot>> = objects.iter().map(|object| of(object)).collect();
    let ids: Vec<&str> = items.iter().flatten().map(|item| item.id.as_str()).collect();
    let rows = rows(db, child, &ids).await?;
    for (items, look) in items.iter().zip(looks.iter_mut()) {
        for item in items {
            let name = format!("{}/{}", list.field, item.id);
            match rows.get(&item.id) {
                None => look.fields.push(name),
                Some(row) => {
                    let differing = differing(item, row).into_iter();
                    look.fields.extend(differing.map(|column| format!("{name}/{column}")));
                }
            }
        }
    }
    let is_whole = |object: &&&Snapshot| {
        !object.deleted && object.complete.iter().any(|whole| std::ptr::eq(*whole, list))
    };
    let whole: HashMap<&str, usize> = objects
        .iter()
        .enumerate()
        .filter(|(_, object)| is_whole(object))
        .map(|(place, object)| (object.id.as_str(), place))
        .collect();
    for (parent, id) in held(db, child, list, whole.keys().copied()).await? {
        let Some(place) = whole.get(parent.as_str()) else { continue };
        if items[*place].iter().all(|item| item.id != id) {
            looks[*place].fields.push(format!("{}/{id}", list.field));
        }
    }
    Ok(())
}

/// The rows that the mirror has of the lists of some objects: whose, and which.
async fn held(
    db: &DatabaseConnection,
    child: &Mirror,
    list: &Children,
    parents: impl Iterator<Item = &str>,
) -> Result<Vec<(String, String)>, DbErr> {
    let parents: Vec<&str> = parents.collect();
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Query::select();
    statement
        .columns([list.parent, "id"])
        .from(child.table)
        .and_where(Expr::col(list.parent).is_in(parents))
        .and_where(Expr::col("deleted").eq(false));
    let rows = db.query_all(&statement).await?;
    rows.iter().map(|row| Ok((row.try_get("", list.parent)?, row.try_get("", "id")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::mirror;

    #[test]
    fn a_link_that_is_signed_anew_is_the_same_where_it_leads_to_the_same_place() {
        let invoice = mirror("invoice").expect("it has a table");
        let column = |name: &str| &invoice.columns[invoice.position(name).expect("it is a column")];
        let text = |text: &str| Value::from(text);
        let one = text("https://invoice.stripe.com/i/acct_1/test_a?s=ap");
        for (name, other, expected) in [
            ("hosted_invoice_url", text("https://invoice.stripe.com/i/acct_1/test_b?s=db"), false),
            ("hosted_invoice_url", text("https://evil.example/i/acct_1/test_a?s=ap"), true),
            ("hosted_invoice_url", text("damaged"), true),
            ("hosted_invoice_url", Value::String(None), true),
            ("number", text("https://invoice.stripe.com/i/acct_1/test_b?s=db"), true),
        ] {
            assert_eq!(differs(column(name), &one, &other), expected, "{name} {other:?}");
        }
        assert!(!differs(column("number"), &one, &one));
    }
}
