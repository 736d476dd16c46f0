//! What an object says about itself to be mirrored; all else is written once, for all objects.

use std::borrow::Cow;

use sea_orm::EntityTrait;

pub use crate::json::Object;
use crate::json::Value;

/// A row that belongs to somebody.
pub trait Owned: EntityTrait<Model: Send + Sync> {
    /// Whose it is, and so who may see it.
    const OWNER: Owner;
}

/// A Stripe object that has a table.
pub trait Mirrored: Owned {
    /// Stripe's name for it: the value of its `object` field.
    const OBJECT: &'static str;
    /// The field that identifies it: `id`, but for the few objects that Stripe gives none.
    const KEY: &'static str = "id";
    /// Where Stripe answers with one, below `/v1`: `{…}` stands for a column of that name. None where it has to be
    /// asked for within another object.
    const PATH: Option<&'static str> = None;
    /// How Stripe lists all of them.
    const LISTING: Listing = Listing::None;
    /// What its ids begin with, where Stripe and not the merchant chooses them. Others may begin so too.
    const PREFIXES: &'static [&'static str] = &[];
    /// What `<object>.deleted` means.
    const DELETED_EVENT: DeletedEvent = DeletedEvent::Tombstone;
    /// The values of its `status` in the order of its life: of two states of one second, the later one counts.
    const LIFE_CYCLE: &'static [&'static str] = &[];
    /// The lists inside it whose objects have a table of their own.
    const CHILDREN: &'static [Children] = &[];
    /// The fields in which objects that have a table, and events of their own, may come along whole: an object, an
    /// array of them, or a Stripe list. They say nothing of those that do not come along.
    const EMBEDDED: &'static [&'static str] = &[];
    /// Whether events leave out what Stripe tells where it is asked for it, as `PATH` and `LISTING` do.
    const IS_ABRIDGED: bool = false;

    /// Raises any older shape of the object to the newest, with nested facts under their column's name.
    ///
    /// It must be total: whatever is absent or odd stays as it is.
    fn lift(_object: &mut Object) {}
}

/// Whose an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The customer itself.
    Itself,
    /// The customer that this column names.
    Customer(&'static str),
    /// Whoever owns the row of `table` that `column` names.
    Through { column: &'static str, table: &'static str },
    /// Everybody's while active; beyond that, whoever has a subscription item that names it in `item_column`.
    Catalogue { item_column: &'static str },
    /// The user whose id is the row's.
    User,
    /// The organization whose id is the row's.
    Organization,
    /// Nobody's: for those alone who see everything.
    Nobody,
}

/// How Stripe lists all objects of a type; the paths are below `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// In no list of their own: they come within others, or are known by their ids alone.
    None,
    /// In a list that takes ranges of `created`, the newest first.
    Ranges(&'static str),
    /// In a list that has a cursor alone, the newest first.
    Whole(&'static str),
    /// In a list for each object of another type, whose id `{id}` stands for.
    Each { of: &'static str, path: &'static str },
    /// Not at all: each object of another type has one, which is nothing but its own lists.
    Made { of: &'static str },
}

impl Listing {
    /// Stripe's name for the type of the objects that have the lists.
    pub fn parent(self) -> Option<&'static str> {
        match self {
            Self::Each { of, .. } | Self::Made { of } => Some(of),
            Self::None | Self::Ranges(_) | Self::Whole(_) => None,
        }
    }
}

/// What an event whose type ends in `.deleted` means for the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedEvent {
    /// The object is gone; its row stays as a tombstone.
    Tombstone,
    /// The object lives on in a final state, as a subscription does as `canceled`.
    LivesOn,
}

/// A list of objects inside another object.
#[derive(Clone, Copy, Debug)]
pub struct Children {
    /// The field that holds Stripe's list.
    pub field: &'static str,
    /// The `object` of what is listed.
    pub object: &'static str,
    /// The column of the child that names the parent.
    pub parent: &'static str,
    /// Where Stripe lists them, below `/v1`: `{…}` stands for a column of the parent. It is asked where the list inside
    /// the parent has more than its first page.
    pub path: &'static str,
    /// The column of the parent, and the value in it, with which the list is asked for although no event carries it.
    pub fetched_when: Option<(&'static str, &'static str)>,
}

/// Copies the value at a path to a column's name, unless the object already has one there.
pub fn flatten<'t>(object: &mut Object<'t>, column: impl Into<Cow<'t, str>>, path: &[&str]) {
    let column = column.into();
    if object.get(&column).is_some_and(|value| !value.is_null()) {
        return;
    }
    let value = object.get(path[0]).and_then(|value| value.at(&path[1..]));
    if let Some(value) = value.filter(|value| !value.is_null()).cloned() {
        object.insert(column, value);
    }
}

/// The objects of a Stripe list field, none where it is absent or odd.
pub fn list<'o, 't>(object: &'o Object<'t>, field: &str) -> &'o [Value<'t>] {
    object.get(field).and_then(|list| list.get("data")?.as_array()).unwrap_or_default()
}
