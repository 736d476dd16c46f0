//! The mirror of Stripe's objects: what is true of all of them, written once.
//!
//! [`MIRRORS`] lists the objects; [`snapshot`] turns what Stripe sent into rows; [`write`] puts the rows into
//! their tables, unless something newer is there; [`writer`] does so for everything that arrives at once.

pub mod account;
mod batch;
pub mod borrowed;
pub mod column;
pub mod event;
pub mod exclude;
mod feed;
pub mod inbox;
pub mod jobs;
mod life;
pub mod links;
mod lock;
pub mod order;
pub mod page;
pub mod project;
mod registry;
pub mod snapshot;
pub mod thin;
pub mod tie;
mod usual;
pub mod write;
pub mod writer;

use std::{collections::HashMap, sync::LazyLock};

use entity::{
    json::Value as Json,
    mirrored::{Children, DeletedEvent, Listing, Mirrored, Object, Owner},
};
use sea_orm::Iterable;

use self::{account::Mode, column::Column};
pub use self::{
    borrowed::BORROWED,
    registry::{MIRRORS, OTHER},
};

/// An object that has a table.
#[derive(Debug)]
pub struct Mirror {
    /// Stripe's name for it.
    pub object: &'static str,
    pub table: &'static str,
    /// Stripe's fields that have a column, the id first.
    pub columns: Vec<Column>,
    /// The places of the columns, in the order of their names.
    pub by_name: Vec<usize>,
    pub owner: Owner,
    pub children: &'static [Children],
    /// The fields in which other mirrored objects may come along whole.
    pub embedded: &'static [&'static str],
    /// Whether events leave out what Stripe tells where it is asked for it.
    pub is_abridged: bool,
    /// The field that identifies it.
    pub key: &'static str,
    /// Where Stripe answers with one, below `/v1`.
    pub path: Option<&'static str>,
    /// How Stripe lists all of them.
    pub listing: Listing,
    /// What its ids begin with, where Stripe chooses them.
    pub prefixes: &'static [&'static str],
    pub deleted_event: DeletedEvent,
    /// The values of `status` in the order of the object's life.
    pub life_cycle: &'static [&'static str],
    /// Raises older shapes to the newest.
    pub lift: fn(&mut Object),
}

impl Mirror {
    /// The mirror of an entity.
    pub fn of<E: Mirrored + Default>() -> Self {
        let table = E::default().table_name();
        let references = migration::references(table);
        let columns: Vec<Column> =
            E::Column::iter().filter_map(|column| Column::of(column, &references)).collect();
        let mut by_name: Vec<usize> = (0..columns.len()).collect();
        by_name.sort_unstable_by_key(|place| columns[*place].name);
        Self {
            object: E::OBJECT,
            table,
            columns,
            by_name,
            owner: E::OWNER,
            children: E::CHILDREN,
            embedded: E::EMBEDDED,
            is_abridged: E::IS_ABRIDGED,
            key: E::KEY,
            path: E::PATH,
            listing: E::LISTING,
            prefixes: E::PREFIXES,
            deleted_event: E::DELETED_EVENT,
            life_cycle: E::LIFE_CYCLE,
            lift: E::lift,
        }
    }

    /// What an object says of each column: one walk through its members, which have the order of their names too.
    fn fields<'o, 't>(&self, object: &'o Object<'t>) -> Vec<Option<&'o Json<'t>>> {
        let mut fields = vec![None; self.columns.len()];
        let mut members = object.iter().peekable();
        for place in &self.by_name {
            let name = self.columns[*place].name;
            while members.next_if(|(member, _)| ***member < *name).is_some() {}
            fields[*place] = members.next_if(|(member, _)| **member == name).map(|(_, value)| value);
        }
        fields
    }

    /// Where Stripe answers with an object of which only the id is known.
    pub fn path_by_id(&self) -> Option<&'static str> {
        self.path.filter(|path| path.matches('{').count() == 1 && path.contains("{id}"))
    }

    /// The place of a column among the object's own.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|own| own.name == column)
    }
}

const TEST_CLOCK: &str = "test_helpers.test_clock";

/// The objects that Stripe lists, or that are made of its lists.
pub fn listed() -> impl Iterator<Item = &'static Mirror> {
    MIRRORS.iter().filter(|mirror| mirror.listing != Listing::None)
}

/// Those that a key of this mode may list: Stripe has test clocks in test mode alone.
pub fn listed_in(mode: Option<Mode>) -> impl Iterator<Item = &'static Mirror> {
    listed().filter(move |mirror| mirror.object != TEST_CLOCK || mode != Some(Mode::Live))
}

/// The mirror of an object, by Stripe's name for it.
pub fn mirror(object: &str) -> Option<&'static Mirror> {
    static BY_OBJECT: LazyLock<HashMap<&str, &Mirror>> =
        LazyLock::new(|| MIRRORS.iter().map(|mirror| (mirror.object, mirror)).collect());
    BY_OBJECT.get(object).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever else the object has, and whatever it lacks.
        #[test]
        fn the_walk_finds_what_a_search_finds(
            places in prop::collection::vec(0..60_usize, 0..60),
            others in prop::collection::vec("[a-z_]{1,8}", 0..20),
        ) {
            let mirror = mirror("invoice").expect("mirrored");
            let columns = places.iter().filter_map(|place| mirror.columns.get(*place));
            let names = columns.map(|column| column.name.to_owned()).chain(others);
            let mut object = Object::default();
            object.extend(names.zip(0_i64..).map(|(name, value)| (name.into(), value.into())));
            let found: Vec<_> = mirror.columns.iter().map(|column| object.get(column.name)).collect();
            prop_assert_eq!(mirror.fields(&object), found);
        }
    }
}
