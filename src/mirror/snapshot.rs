//! What Stripe said of an object at a moment, as rows to be written.

use entity::{
    change,
    mirrored::{Children, DeletedEvent, Object, Owner, list},
};
use sea_orm::Value;
use serde_json::Value as Json;

use super::{Mirror, inbox, mirror};

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
    pub children: Vec<Snapshot>,
    /// The lists inside the object that are complete, so that what they do not name is gone.
    pub complete: Vec<&'static Children>,
}

/// Where a snapshot comes from, and when Stripe said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whole seconds since 1970: the event's `created`, or the `Date` of Stripe's answer.
    pub stamp: i64,
    /// The event's id; empty where Stripe was asked.
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
        let api_version = api_version.unwrap_or_default().to_owned();
        Self {
            stamp,
            event: id.to_owned(),
            api_version,
            kind: inbox::kind(event_type),
            account: String::new(),
        }
    }

    /// An answer of Stripe's at a moment in whole seconds since 1970.
    pub fn fetched(stamp: i64, api_version: &str) -> Self {
        let kind = change::Kind::Updated;
        Self {
            stamp,
            event: String::new(),
            api_version: api_version.to_owned(),
            kind,
            account: String::new(),
        }
    }
}

impl Snapshot {
    /// The rows of an object; `None` where the object has no table or no id.
    pub fn of(object: Json, raw: &str, source: Source) -> Option<Self> {
        let Json::Object(object) = object else { return None };
        let mirror = mirror(object.get("object")?.as_str()?)?;
        Self::build(mirror, object, raw.to_owned(), source)
    }

    fn build(mirror: &'static Mirror, mut object: Object, raw: String, source: Source) -> Option<Self> {
        let id = object.get("id")?.as_str().filter(|id| is_id(id))?.to_owned();
        let gone = object.get("deleted").and_then(Json::as_bool) == Some(true);
        let tombstone =
            source.kind == change::Kind::Deleted && mirror.deleted_event == DeletedEvent::Tombstone;
        // As Stripe sent them: lifting the parent may complete them.
        let raws: Vec<Vec<String>> = mirror.children.iter().map(|children| raws(&object, children)).collect();
        (mirror.lift)(&mut object);
        let values = mirror.columns.iter().map(|column| column.value(object.get(column.name))).collect();
        let mut snapshot = Self {
            mirror,
            id,
            values,
            raw,
            source,
            deleted: gone || tombstone,
            bare: gone && object.len() <= 3,
            settled: true,
            children: Vec::new(),
            complete: Vec::new(),
        };
        for (children, raws) in mirror.children.iter().zip(raws) {
            snapshot.take_children(children, raws, &mut object);
        }
        Some(snapshot)
    }

    fn take_children(&mut self, children: &'static Children, raws: Vec<String>, object: &mut Object) {
        let Some(Json::Object(mut list)) = object.remove(children.field) else { return };
        let complete = list.get("has_more").and_then(Json::as_bool) == Some(false);
        let Some(Json::Array(items)) = list.remove("data") else { return };
        let Some(mirror) = mirror(children.object) else { return };
        // The event tells of the parent: its children end with it, but not by an event that it survives.
        let kind = match self.source.kind {
            change::Kind::Deleted if !self.deleted => change::Kind::Updated,
            kind => kind,
        };
        let source = Source { kind, ..self.source.clone() };
        for (item, raw) in items.into_iter().zip(raws) {
            let Json::Object(mut item) = item else { continue };
            item.entry(children.parent).or_insert_with(|| self.id.as_str().into());
            self.children.extend(Self::build(mirror, item, raw, source.clone()));
        }
        if complete {
            self.complete.push(children);
        }
    }

    /// The value of a column that holds text.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.values.get(self.mirror.position(column)?)? {
            Value::String(text) => text.as_deref(),
            _ => None,
        }
    }

    /// The customer whose object this is, where the object says so.
    pub fn customer(&self) -> Option<&str> {
        match self.mirror.owner {
            Owner::Itself => Some(&self.id),
            Owner::Customer(column) => self.text(column),
            Owner::Through { .. } | Owner::Catalogue { .. } | Owner::User | Owner::Organization => None,
        }
    }
}

fn raws(object: &Object, children: &Children) -> Vec<String> {
    list(object, children.field).iter().map(Json::to_string).collect()
}

/// Whether this can be an id: Stripe's have up to 255 characters, and merchants choose some of them.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && !id.contains(char::is_control)
}
