//! Lists inside an object of which Stripe sends the first page, read to their end.

use std::collections::HashSet;

use entity::json::{Object, Value};
use serde_json::{Map, Value as Json, json};

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
    let mut lifted = object.as_object().map(Object::from).unwrap_or_default();
    if lifted.get("deleted").and_then(Value::as_bool) == Some(true) {
        return Ok(None);
    }
    (mirror.lift)(&mut lifted);
    let own = |name: &str| text(&lifted, name).or_else(|| value(name));
    let mut whole = None;
    for children in mirror.children.iter().filter(|children| is_incomplete(children, &lifted)) {
        let (list, _) = read(stripe, children.path, &own).await?;
        whole.get_or_insert_with(|| object.clone())[children.field] = list;
    }
    Ok(whole)
}

/// An object that Stripe has only as its lists: what was known of it, with each list as it is now.
pub async fn assembled(
    stripe: &Stripe,
    mirror: &Mirror,
    known: Map<String, Json>,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Option<Answer>, Setback> {
    let (mut object, mut first) = (Json::Object(known), None);
    for children in mirror.children {
        let (list, page) = read(stripe, children.path, &value).await?;
        object[children.field] = list;
        first.get_or_insert(page);
    }
    Ok(first.map(|first| Answer { object, ..first }))
}

/// All of a list as one page, and Stripe's answer with its first page.
pub async fn read(
    stripe: &Stripe,
    path: &str,
    value: &impl Fn(&str) -> Option<String>,
) -> Result<(Json, Answer), Setback> {
    let name = path;
    let path = fill(path, value)?;
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
            return Err(Setback::passing(format!("the list {name} does not end")));
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
        Value::String(text) => Some(text.clone().into_owned()),
        Value::Object(expanded) => Some(expanded.get("id")?.as_str()?.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use axum::{Router, extract::Request};
    use entity::mirrored::Children;

    use super::*;
    use crate::config::{Secret, StripeConfig};

    const TIERS: Children = Children {
        field: "tiers",
        object: "price_tier",
        parent: "price",
        path: "/tiers?price={id}&product={product}",
        fetched_when: Some(("billing_scheme", "tiered")),
    };

    /// A Stripe whose every list has one object, which names the path that was asked.
    async fn stripe() -> Stripe {
        let echo = async |request: Request| {
            let item = json!({ "id": request.uri().to_string() });
            json!({ "object": "list", "data": [item], "has_more": false }).to_string()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let api_base = format!("http://{}", listener.local_addr().expect("it listens"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
        Stripe::new(&StripeConfig {
            secret_key: Some(Secret::new("sk_test")),
            webhook_secrets: Vec::new(),
            api_base,
            rate_limit: NonZeroU32::new(100).expect("it is not zero"),
        })
    }

    fn mirror() -> Mirror {
        Mirror { children: &[TIERS], ..Mirror::of::<entity::price::Entity>() }
    }

    fn product(name: &str) -> Option<String> {
        (name == "product").then(|| "prod_1".to_owned())
    }

    #[tokio::test]
    async fn a_list_that_no_object_carries_is_asked_for_where_a_column_says_so() {
        let stripe = stripe().await;
        let tiered = json!({ "id": "a b", "object": "price", "billing_scheme": "tiered", "tiers": null });
        let whole =
            completed(&stripe, &mirror(), &tiered, product).await.expect("an answer").expect("it lacked");
        let tiers = json!({ "object": "list", "has_more": false,
                            "data": [{ "id": "/v1/tiers?price=a%20b&product=prod_1&limit=100" }] });
        assert_eq!((&whole["tiers"], &whole["billing_scheme"]), (&tiers, &json!("tiered")));
        for complete in [
            json!({ "id": "price_1", "object": "price", "billing_scheme": "per_unit" }),
            json!({ "id": "price_1", "object": "price", "billing_scheme": "tiered", "deleted": true }),
            json!({ "id": "price_1", "object": "price", "billing_scheme": "tiered", "tiers": tiers }),
        ] {
            let whole = completed(&stripe, &mirror(), &complete, product).await.expect("nothing is asked");
            assert_eq!(whole, None, "{complete}");
        }
        assert!(completed(&stripe, &mirror(), &tiered, |_| None).await.is_err(), "no product is known");
    }

    #[tokio::test]
    async fn an_object_without_a_path_is_what_was_known_with_its_lists() {
        let stripe = stripe().await;
        let known = json!({ "object": "price", "livemode": true, "tiers": null });
        let known = known.as_object().cloned().unwrap_or_default();
        let answer = assembled(&stripe, &mirror(), known, |name| Some(name.to_owned())).await;
        let object = answer.expect("an answer").expect("it has a list").object;
        assert_eq!((&object["livemode"], &object["tiers"]["has_more"]), (&json!(true), &json!(false)));
        assert_eq!(object["tiers"]["data"][0]["id"], "/v1/tiers?price=id&product=product&limit=100");
    }
}
