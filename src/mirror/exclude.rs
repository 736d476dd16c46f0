//! Fields that are never stored: they are taken out of what Stripe sent before anything else is done with it.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use entity::mirrored::Owner;
use serde_json::Value as Json;

use super::{MIRRORS, Mirror, event, inbox::Event};
use crate::error::Result;

/// What the mirror cannot do without, of all objects.
const NEEDED: [&str; 9] =
    ["id", "object", "created", "customer", "status", "deleted", "livemode", "data", "has_more"];

/// The fields that are never stored; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Exclusions(Arc<[Exclusion]>);

#[derive(Debug)]
struct Exclusion {
    /// Stripe's name for the type of the object; none: of all objects.
    object: Option<&'static str>,
    /// The names from the object inwards.
    path: Vec<String>,
}

impl Exclusions {
    /// Reads fields that are written `type.path`, such as `customer.address.line1`, or `*.path`; says of the first that
    /// is refused what it should be.
    pub fn parse<'a>(fields: impl Iterator<Item = &'a str>) -> Result<Self, (String, String)> {
        let read = |field: &'a str| Exclusion::parse(field).map_err(|expected| (field.to_owned(), expected));
        fields.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether everything is stored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An event without these fields, wherever in it they are.
    pub fn of_event(&self, event: Event) -> Result<Event> {
        if self.is_empty() {
            return Ok(event);
        }
        // What was parsed is JSON.
        let mut body: Json = serde_json::from_slice(&event.body).unwrap_or_default();
        let Some(data) = body.get_mut("data") else { return Ok(event) };
        let object = data.get("object").and_then(|object| object.get("object"));
        let object = object.and_then(Json::as_str).map(str::to_owned);
        let mut changed = false;
        for part in ["object", "previous_attributes"] {
            if let Some(part) = data.get_mut(part) {
                changed |= self.strip(part, object.as_deref());
            }
        }
        if changed { event::parse(&Bytes::from(body.to_string())) } else { Ok(event) }
    }

    /// An object without these fields, and so all objects inside it.
    pub fn of_object<'a>(&self, object: &'a Json) -> Cow<'a, Json> {
        if self.is_empty() {
            return Cow::Borrowed(object);
        }
        let mut stripped = object.clone();
        if self.strip(&mut stripped, None) { Cow::Owned(stripped) } else { Cow::Borrowed(object) }
    }

    /// The same of an object that nobody else needs.
    pub fn taken_from(&self, mut object: Json) -> Json {
        if !self.is_empty() {
            self.strip(&mut object, None);
        }
        object
    }

    /// Takes the fields out of a value and of all inside it, and says whether there were any; `object` is the type of
    /// what does not tell its own.
    fn strip(&self, value: &mut Json, object: Option<&str>) -> bool {
        let own = value.get("object").and_then(Json::as_str).map(str::to_owned);
        let mut changed = false;
        if let Some(own) = own.as_deref().or(object) {
            let of_own = |exclusion: &&Exclusion| exclusion.object.is_none_or(|object| object == own);
            for exclusion in self.0.iter().filter(of_own) {
                changed |= remove(value, &exclusion.path);
            }
        }
        match value {
            Json::Object(fields) => {
                fields.values_mut().fold(changed, |changed, field| self.strip(field, None) || changed)
            }
            Json::Array(items) => {
                items.iter_mut().fold(changed, |changed, item| self.strip(item, None) || changed)
            }
            _ => changed,
        }
    }
}

impl Exclusion {
    fn parse(field: &str) -> Result<Self, String> {
        let of = |mirror: &&'static Mirror| path_below(mirror.object, field).is_some();
        // The names of some types begin with those of others.
        let mirror = MIRRORS.iter().filter(of).max_by_key(|mirror| mirror.object.len());
        let object = mirror.map(|mirror| mirror.object);
        let path = path_below(object.unwrap_or("*"), field).ok_or_else(|| {
            "fields as `type.field`, comma-separated, where the type is one that has a table, such as `customer` or \
             `checkout.session`, or `*` for all"
                .to_owned()
        })?;
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if path.iter().any(|name| name.is_empty() || name.contains(char::is_whitespace)) {
            return Err("fields as `type.field`, comma-separated, without blanks".to_owned());
        }
        let last = path.last().map_or("", String::as_str);
        let of_path = MIRRORS.iter().filter(|mirror| object.is_none_or(|object| object == mirror.object));
        let needed = |mirror: &Mirror| is_needed(mirror, &path);
        if matches!(last, "id" | "object") || of_path.clone().any(needed) {
            return Err(
                "fields that the mirror does not need itself, as it needs ids, types, statuses, times of \
                        creation and customers"
                    .to_owned(),
            );
        }
        let lists = of_path.flat_map(|mirror| mirror.children).find(|list| list.field == path[0]);
        if let Some(list) = lists {
            return Err(format!("fields of what is listed there, as `{}.…`", list.object));
        }
        Ok(Self { object, path })
    }
}

/// What follows a type's name and a dot.
fn path_below<'a>(object: &str, field: &'a str) -> Option<&'a str> {
    field.strip_prefix(object)?.strip_prefix('.')
}

fn is_needed(mirror: &Mirror, path: &[String]) -> bool {
    let [name] = path else { return false };
    let owner = match mirror.owner {
        Owner::Customer(column) | Owner::Through { column, .. } => Some(column),
        _ => None,
    };
    NEEDED.contains(&name.as_str()) || name == mirror.key || Some(name.as_str()) == owner
}

fn remove(value: &mut Json, path: &[String]) -> bool {
    match (value, path) {
        (Json::Array(items), _) => {
            items.iter_mut().filter_map(|item| remove(item, path).then_some(())).count() > 0
        }
        (Json::Object(fields), [name]) => fields.remove(name).is_some(),
        (Json::Object(fields), [name, rest @ ..]) => {
            fields.get_mut(name).is_some_and(|field| remove(field, rest))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(fields: &str) -> Result<Exclusions, (String, String)> {
        Exclusions::parse(fields.split(','))
    }

    #[test]
    fn what_the_mirror_needs_cannot_be_excluded() {
        for field in [
            "phone",
            "custmer.phone",
            "customer",
            "customer.",
            "customer..phone",
            ".phone",
            "*",
            "*.",
            "*.id",
            "*.object",
            "*.data",
            "customer.id",
            "customer.object",
            "customer.created",
            "customer.address.id",
            "subscription.status",
            "subscription.customer",
            "subscription.items",
            "subscription.items.data",
            "subscription.items.data.metadata",
            "*.lines",
            "invoice_payment.invoice",
            "entitlements.active_entitlement_summary.customer",
            "customer.a b",
        ] {
            let (refused, expected) = parse(&format!("customer.phone,{field}")).expect_err(field);
            assert_eq!(refused, field);
            assert!(!expected.is_empty());
        }
    }

    #[test]
    fn fields_are_taken_out_wherever_their_object_is() {
        let exclusions = parse(
            "customer.phone,customer.address.line1,checkout.session.customer_details,charge.refunds.data.reason,*.ip",
        );
        let exclusions = exclusions.expect("these can be");
        let customer = json!({ "object": "customer", "id": "cus_1", "phone": "1", "address": { "line1": "a", "city": "b" } });
        let kept = json!({ "object": "customer", "id": "cus_1", "address": { "city": "b" } });
        assert_eq!(*exclusions.of_object(&customer), kept);
        let invoice = json!({ "object": "invoice", "phone": "2", "ip": "::1", "customer": customer, "all": [customer] });
        let expected = json!({ "object": "invoice", "phone": "2", "customer": kept, "all": [kept] });
        assert_eq!(*exclusions.of_object(&invoice), expected);
        let session =
            json!({ "object": "checkout.session", "customer_details": { "name": "A" }, "mode": "payment" });
        let expected = json!({ "object": "checkout.session", "mode": "payment" });
        assert_eq!(*exclusions.of_object(&session), expected);
        let charge = json!({ "object": "charge", "refunds": { "data": [{ "reason": "x", "amount": 1 }] } });
        let expected = json!({ "object": "charge", "refunds": { "data": [{ "amount": 1 }] } });
        assert_eq!(*exclusions.of_object(&charge), expected);
        assert!(matches!(exclusions.of_object(&expected), Cow::Borrowed(_)), "nothing is copied in vain");
    }
}
