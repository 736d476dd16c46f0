//! What Stripe said of an object at a moment, as rows to be written.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use entity::{
    change,
    json::Value as Json,
    mirrored::{Children, DeletedEvent, Object, Owner, list},
};
use sea_orm::{ActiveModelTrait, EntityTrait, TryIntoModel, Value};

use super::{
    Mirror, OTHER,
    column::Column,
    inbox, mirror,
    order::{Claim, put_back},
};

/// One object's row, and those of the objects inside it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub mirror: &'static Mirror,
    pub id: String,
    /// In the order of the mirror's columns.
    pub values: Vec<Value>,
    /// The object as Stripe sent it.
    pub raw: String,
    pub source: Source,
    pub deleted: bool,
    /// Only the id is known, as of an object that Stripe says is deleted.
    pub bare: bool,
    /// Whether nothing said otherwise of the same second; else it is the likeliest state.
    pub settled: bool,
    /// What it says against others of its second; absent for an object that came inside another.
    pub claim: Option<Claim>,
    pub children: Vec<Snapshot>,
    /// The lists inside the object that are complete, so that what they do not name is gone.
    pub complete: Vec<&'static Children>,
    /// The lists inside the object of which there is more than came along.
    pub incomplete: Vec<&'static Children>,
    /// Objects with events of their own that came along: they fill in until something is heard of them.
    pub embedded: Vec<Snapshot>,
}

/// An object raised to the newest shape, whose children are not taken from it yet.
struct Lifted<'t> {
    object: Object<'t>,
    /// The children of each kind as Stripe sent them: lifting the parent may complete or replace them.
    raws: Vec<Vec<String>>,
}

/// Where a snapshot comes from, and when Stripe said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whole seconds since 1970: the event's `created`, or the `Date` of Stripe's answer; 0 for what came along
    /// inside another object, so that anything that tells of it is newer.
    pub stamp: i64,
    /// The event's id; empty where Stripe was asked; for what came along the other object's second and id.
    pub event: String,
    pub api_version: String,
    /// The connected account whose object it is; empty for one's own.
    pub account: String,
    /// What the event's type says happened.
    pub kind: change::Kind,
}

impl Source {
    /// An event of a type, at a moment in whole seconds since 1970.
    pub fn of_event(id: &str, event_type: &str, stamp: i64, api_version: Option<&str>) -> Self {
        Self {
            stamp,
            event: id.to_owned(),
            api_version: api_version.unwrap_or_default().to_owned(),
            account: String::new(),
            kind: inbox::kind(event_type),
        }
    }

    /// An answer of Stripe's at a moment in whole seconds since 1970.
    pub fn fetched(stamp: i64, api_version: &str) -> Self {
        Self {
            stamp,
            event: String::new(),
            api_version: api_version.to_owned(),
            account: String::new(),
            kind: change::Kind::Updated,
        }
    }

    /// The same of an account.
    pub fn of_account(self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self }
    }

    /// What came along inside an object: of several, the latest is kept.
    fn embedded_in(&self, id: &str) -> Self {
        Self {
            stamp: 0,
            event: format!("{:012}/{id}", self.stamp),
            kind: change::Kind::Updated,
            ..self.clone()
        }
    }
}

impl Snapshot {
    /// The rows of an object; `None` where nothing identifies it.
    pub fn of(object: &serde_json::Value, raw: &str, source: Source) -> Option<Self> {
        Self::of_change(object.into(), raw.to_owned(), source, None)
    }

    /// The same of an event that may say what the object was before.
    pub fn of_change<'t>(
        object: Json<'t>,
        raw: String,
        source: Source,
        previous: Option<&Object<'t>>,
    ) -> Option<Self> {
        let Json::Object(object) = object else { return None };
        let name = object.get("object")?.as_str().filter(|name| is_id(name))?;
        let mirror = mirror(name).unwrap_or(&OTHER);
        let asserts = source.kind != change::Kind::Created;
        let before = previous.filter(|_| asserts).map(|previous| put_back(&object, previous));
        let (mut snapshot, lifted) = Self::alone(mirror, object, raw, source)?;
        let Source { event, kind, .. } = &snapshot.source;
        snapshot.claim = Some(Claim::new(mirror, event, *kind, &lifted.object, before));
        snapshot.take_children(lifted);
        Some(snapshot)
    }

    /// The rows of an object that came inside another.
    fn inside(mirror: &'static Mirror, object: Object, raw: String, source: Source) -> Option<Self> {
        let (mut snapshot, lifted) = Self::alone(mirror, object, raw, source)?;
        snapshot.take_children(lifted);
        Some(snapshot)
    }

    /// The row of an object, and the object, whose children are still in it.
    fn alone<'t>(
        mirror: &'static Mirror,
        mut object: Object<'t>,
        raw: String,
        source: Source,
    ) -> Option<(Self, Lifted<'t>)> {
        let id = identity(mirror, &object, &source.account)?;
        let gone = object.get("deleted").and_then(Json::as_bool) == Some(true);
        let tombstone =
            source.kind == change::Kind::Deleted && mirror.deleted_event == DeletedEvent::Tombstone;
        let bare = gone && object.len() <= 3;
        let raws = mirror.children.iter().map(|children| raws(&object, children)).collect();
        let embedded = embedded(mirror, &object, &source, &id);
        (mirror.lift)(&mut object);
        let value = |(column, field): (&Column, Option<&Json>)| match column.name {
            "id" => Value::from(id.as_str()),
            _ => column.value(field),
        };
        let values = mirror.columns.iter().zip(mirror.fields(&object)).map(value).collect();
        let mut snapshot = Self {
            mirror,
            id,
            values,
            raw,
            source,
            deleted: gone || tombstone,
            bare,
            settled: true,
            claim: None,
            children: Vec::new(),
            complete: Vec::new(),
            incomplete: Vec::new(),
            embedded,
        };
        if !snapshot.deleted {
            let incomplete = mirror.children.iter().filter(|children| is_incomplete(children, &object));
            snapshot.incomplete = incomplete.collect();
        }
        Some((snapshot, Lifted { object, raws }))
    }

    fn take_children(&mut self, Lifted { mut object, raws }: Lifted) {
        for (children, raws) in self.mirror.children.iter().zip(raws) {
            self.take_list(children, raws, object.remove(children.field).unwrap_or_default());
        }
    }

    fn take_list(&mut self, children: &'static Children, raws: Vec<String>, mut list: Json) {
        let has_more = list.get("has_more").and_then(Json::as_bool);
        let Some(mirror) = mirror(children.object).filter(|_| !list.is_null()) else { return };
        // The event tells of the parent: its children end with it, but not by an event that it survives.
        let kind = match self.source.kind {
            change::Kind::Deleted if !self.deleted => change::Kind::Updated,
            kind => kind,
        };
        let source = Source { kind, ..self.source.clone() };
        let items = list.get_mut("data").and_then(Json::as_array_mut).map(std::mem::take);
        for (item, raw) in items.unwrap_or_default().into_iter().zip(raws) {
            let Json::Object(mut item) = item else { continue };
            if item.get(children.parent).is_none_or(Json::is_null) {
                item.insert(children.parent, self.id.clone());
            }
            let Some(mut child) = Self::inside(mirror, item, raw, source.clone()) else { continue };
            self.embedded.append(&mut child.embedded);
            self.children.push(child);
        }
        if has_more == Some(false) {
            self.complete.push(children);
        }
    }

    /// It, and what came in its lists.
    pub fn with_children(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.children)
    }

    /// The value of a column.
    pub fn value(&self, column: &str) -> Option<&Value> {
        self.values.get(self.mirror.position(column)?)
    }

    /// The value of a column that holds text.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.value(column)? {
            Value::String(text) => text.as_deref(),
            _ => None,
        }
    }

    /// The value of a column that holds a time.
    pub fn time(&self, column: &str) -> Option<DateTime<Utc>> {
        match self.value(column)? {
            Value::ChronoDateTimeUtc(time) => *time,
            _ => None,
        }
    }

    /// The row as it would be read, where the object is of that table.
    pub fn row<E>(&self) -> Option<E::Model>
    where
        E: EntityTrait,
        E::ActiveModel: TryIntoModel<E::Model>,
    {
        let mut row = <E::ActiveModel as ActiveModelTrait>::default();
        for (column, value) in self.mirror.columns.iter().zip(&self.values) {
            row.try_set(E::Column::from_str(column.name).ok()?, value.clone()).ok()?;
        }
        row.try_set(E::Column::from_str("deleted").ok()?, self.deleted.into()).ok()?;
        row.try_into_model().ok()
    }

    /// Stripe's name for the type of the object.
    pub fn object(&self) -> &str {
        self.text("object").unwrap_or(self.mirror.object)
    }

    /// The customer whose object this is, where the object says so.
    pub fn customer(&self) -> Option<&str> {
        match self.mirror.owner {
            Owner::Itself => Some(&self.id),
            Owner::Customer(column) => self.text(column),
            Owner::Through { .. }
            | Owner::Catalogue { .. }
            | Owner::Nobody
            | Owner::User
            | Owner::Organization => None,
        }
    }
}

impl AsRef<Snapshot> for Snapshot {
    fn as_ref(&self) -> &Snapshot {
        self
    }
}

/// Whether a lifted object has less than all of a list, so that Stripe is to be asked for the rest.
pub fn is_incomplete(children: &Children, object: &Object) -> bool {
    match object.get(children.field).filter(|list| !list.is_null()) {
        Some(list) => list.get("has_more").and_then(Json::as_bool) == Some(true),
        None => children.fetched_when.is_some_and(|(column, value)| match object.get(column) {
            Some(Json::String(held)) => held == value,
            Some(Json::Bool(held)) => held.to_string() == value,
            _ => false,
        }),
    }
}

fn raws(object: &Object, children: &Children) -> Vec<String> {
    list(object, children.field).iter().map(text_of).collect()
}

fn text_of(json: &Json) -> String {
    serde_json::to_string(json).expect("a value is JSON")
}

/// The objects with a table that came along whole, in fields that say so.
fn embedded(mirror: &Mirror, object: &Object, source: &Source, id: &str) -> Vec<Snapshot> {
    let mut found = Vec::new();
    for field in mirror.embedded {
        let value = object.get(field).unwrap_or(&Json::Null);
        let one = value.get("id").map(|_| std::slice::from_ref(value));
        let many = value.as_array().or_else(|| value.get("data")?.as_array());
        for value in one.or(many).unwrap_or_default() {
            let Json::Object(object) = value else { continue };
            let named = object.get("object").and_then(Json::as_str).and_then(super::mirror);
            let Some(mirror) = named else { continue };
            found.extend(Snapshot::inside(mirror, object.clone(), text_of(value), source.embedded_in(id)));
        }
    }
    found
}

/// Objects without an id of which an account, or a customer, has one.
const SINGLETONS: &[&str] = &["balance", "balance_settings", "cash_balance", "tax.settings"];

const PREVIEW: &str = "upcoming_in";

/// The id of an object, or what stands for it.
fn identity(mirror: &Mirror, object: &Object, account: &str) -> Option<String> {
    if let Some(key) = object.get(mirror.key).filter(|key| !key.is_null()) {
        let id = key.as_str().or_else(|| key.get("id")?.as_str())?;
        return is_id(id).then(|| id.to_owned());
    }
    let name = object.get("object")?.as_str().filter(|name| SINGLETONS.contains(name))?;
    let customer = object.get("customer").and_then(Json::as_str).filter(|id| is_id(id)).unwrap_or_default();
    let parts = [name, account, customer];
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
}

/// Whether this can be an id, or the name of a type: Stripe's have up to 255 characters, and merchants choose some of
/// them.
///
/// The preview of an invoice has one that begins with [`PREVIEW`], of which nothing is ever heard again.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && !id.contains(char::is_control) && !id.starts_with(PREVIEW)
}
