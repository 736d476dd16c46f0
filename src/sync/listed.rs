//! What Stripe lists only for each of other objects: the tax ids of a customer, the features of a product.

use std::collections::HashSet;

use entity::mirrored::Listing;
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::{Map, Value as Json};

use super::{fetch::Setback, lists};
use crate::{
    app::App,
    mirror::{
        MIRRORS, Mirror,
        page::{Found, Page},
    },
    stripe::Stripe,
};

/// How many ids are looked for at once.
const IDS: usize = 500;

/// Writes all that Stripe lists for an object alone, and says how much of it the mirror lacked.
///
/// What it does not list at the moment, such as what the key may not read, is left as it is.
pub async fn bring(app: &App, of: &Mirror, id: &str) -> usize {
    let mut lacked = 0;
    for mirror in MIRRORS.iter() {
        let found = match mirror.listing {
            Listing::Each { of: parent, path } if parent == of.object => {
                listed(&app.stripe, of, path, id).await
            }
            Listing::Made { of: parent } if parent == of.object => made_for(app, mirror, id).await,
            _ => continue,
        };
        let outcome = match found {
            Ok(found) => write(app, mirror, found).await,
            Err(setback) => Err(setback),
        };
        match outcome {
            Ok(new) => lacked += new,
            Err(setback) if setback.is_gone() => {}
            Err(setback) => {
                let object = mirror.object;
                tracing::warn!(object.id = id, object, error = setback.reason, "a list could not be read");
            }
        }
    }
    lacked
}

/// What is in a list, each with the object that it is listed for.
async fn listed(stripe: &Stripe, of: &Mirror, path: &str, id: &str) -> Result<Vec<Found>, Setback> {
    let value = |name: &str| (name == "id").then(|| id.to_owned());
    let (mut list, answer) = lists::read(stripe, path, &value).await?;
    let items = list["data"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let found = items.into_iter().map(|sent| {
        let mut whole = sent.clone();
        if let Json::Object(fields) = &mut whole {
            fields.entry(of.object).or_insert_with(|| id.into());
        }
        Found { sent, whole: Some(whole), at: answer.at, api_version: answer.api_version.clone() }
    });
    Ok(found.collect())
}

/// The one object of a parent that is nothing but its own lists: none where these are empty and always were.
pub async fn made(
    stripe: &Stripe,
    mirror: &'static Mirror,
    parent: &str,
    is_known: bool,
) -> Result<Option<Found>, Setback> {
    let mut known = Map::new();
    known.insert("object".to_owned(), mirror.object.into());
    known.insert(mirror.key.to_owned(), parent.into());
    let value = |name: &str| (name == "id").then(|| parent.to_owned());
    let Some(mut answer) = lists::assembled(stripe, mirror, known, value).await? else { return Ok(None) };
    let first = mirror.children.iter().find_map(|list| answer.object[list.field]["data"].get(0));
    let livemode = first.map(|first| first["livemode"].clone());
    if livemode.is_none() && !is_known {
        return Ok(None);
    }
    answer.object["livemode"] = livemode.unwrap_or_default();
    Ok(Some(Found { sent: answer.object, whole: None, at: answer.at, api_version: answer.api_version }))
}

/// The same, where it is looked up whether it is known.
async fn made_for(app: &App, mirror: &'static Mirror, parent: &str) -> Result<Vec<Found>, Setback> {
    let is_known = !held(app, mirror, &[parent]).await?.is_empty();
    Ok(made(&app.stripe, mirror, parent, is_known).await?.into_iter().collect())
}

/// Writes what was found; says how much of it is new.
async fn write(app: &App, mirror: &'static Mirror, found: Vec<Found>) -> Result<usize, Setback> {
    let rows = app.writer.rows(found);
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let held = held(app, mirror, &ids).await?;
    let new = ids.iter().filter(|id| !held.contains(**id)).count();
    if !rows.is_empty() {
        app.writer.page(Page { rows, beside: None }).await?;
    }
    Ok(new)
}

/// Those of these ids that have a row.
async fn held(app: &App, mirror: &'static Mirror, ids: &[&str]) -> Result<HashSet<String>, DbErr> {
    let mut held = HashSet::with_capacity(ids.len());
    for ids in ids.chunks(IDS) {
        let mut statement = Query::select();
        statement.column("id").from(mirror.table).and_where(Expr::col("id").is_in(ids.iter().copied()));
        for row in app.db.writer.query_all(&statement).await? {
            held.insert(row.try_get("", "id")?);
        }
    }
    Ok(held)
}
