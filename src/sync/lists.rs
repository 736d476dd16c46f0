//! Lists inside an object of which Stripe sends the first page, read to their end.

use std::collections::HashSet;

use entity::mirrored::{Children, Object};
use serde_json::{Value as Json, json};

use super::{
    fetch::Setback,
    path::{escape, fill},
};
use crate::{
    mirror::{Mirror, snapshot::is_incomplete},
    stripe::{Answer, Stripe},
};

/// The object with each list whole that came in part; None where it is whole already.
///
/// Its stamp stays that of the object's own answer: what changed since then has events of its own.
pub async fn completed(
    stripe: &Stripe,
    mirror: &Mirror,
    object: &Json,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Option<Json>, Setback> {
    let mut lifted = object.as_object().cloned().unwrap_or_default();
    if lifted.get("deleted").and_then(Json::as_bool) == Some(true) {
        return Ok(None);
    }
    (mirror.lift)(&mut lifted);
    let own = |name: &str| text(&lifted, name).or_else(|| value(name));
    let mut whole = None;
    for children in mirror.children.iter().filter(|children| is_incomplete(children, &lifted)) {
        let (list, _) = read(stripe, children, &own).await?;
        whole.get_or_insert_with(|| object.clone())[children.field] = list;
    }
    Ok(whole)
}

/// An object that Stripe has only as its lists: what was known of it, with each list as it is now.
pub async fn assembled(
    stripe: &Stripe,
    mirror: &Mirror,
    known: Object,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Option<Answer>, Setback> {
    let (mut object, mut first) = (Json::Object(known), None);
    for children in mirror.children {
        let (list, page) = read(stripe, children, &value).await?;
        object[children.field] = list;
        first.get_or_insert(page);
    }
    Ok(first.map(|first| Answer { object, ..first }))
}

/// All of a list as one page, and Stripe's answer with its first page.
async fn read(
    stripe: &Stripe,
    children: &Children,
    value: &impl Fn(&str) -> Option<String>,
) -> Result<(Json, Answer), Setback> {
    let path = fill(children.path, value)?;
    let path = format!("{path}{}limit=100", if path.contains('?') { '&' } else { '?' });
    let first = stripe.get(&path).await?;
    let (mut items, mut seen) = (Vec::new(), HashSet::new());
    let mut more = take(&first, &mut items, &mut seen);
    while more {
        let last = items.last().and_then(|item: &Json| item["id"].as_str()).unwrap_or_default();
        let page = stripe.get(&format!("{path}&starting_after={}", escape(last))).await?;
        let before = items.len();
        more = take(&page, &mut items, &mut seen);
        if more && items.len() == before {
            return Err(Setback::passing(format!("the list {} does not end", children.field)));
        }
    }
    Ok((json!({ "object": "list", "data": items, "has_more": false }), first))
}

/// Adds what a page has to the items, each once, and says whether there is more.
fn take(page: &Answer, items: &mut Vec<Json>, seen: &mut HashSet<String>) -> bool {
    for item in page.object["data"].as_array().into_iter().flatten() {
        if let Some(id) = item["id"].as_str()
            && seen.insert(id.to_owned())
        {
            items.push(item.clone());
        }
    }
    page.object["has_more"].as_bool() == Some(true)
}

fn text(object: &Object, name: &str) -> Option<String> {
    match object.get(name)? {
        Json::String(text) => Some(text.clone()),
        Json::Object(expanded) => Some(expanded.get("id")?.as_str()?.to_owned()),
        _ => None,
    }
}
