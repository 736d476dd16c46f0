//! The mirror of Stripe's objects: what is true of all of them, written once.
//!
//! [`MIRRORS`] lists the objects; [`snapshot`] turns what Stripe sent into rows; [`write`] puts the rows into
//! their tables, unless something newer is there; [`writer`] does so for everything that arrives at once.

mod batch;
pub mod column;
pub mod inbox;
pub mod order;
pub mod snapshot;
pub mod tie;
pub mod write;
pub mod writer;

use std::sync::LazyLock;

use entity::{
    charge, checkout_session, customer, invoice, invoice_payment,
    mirrored::{Children, DeletedEvent, Mirrored, Object, Owner},
    payment_intent, payment_method, price, product, refund, subscription, subscription_item,
};
use sea_orm::Iterable;

use self::column::Column;

/// Every object that has a table, in the order in which tables are written.
pub static MIRRORS: LazyLock<Vec<Mirror>> = LazyLock::new(|| {
    vec![
        Mirror::of::<customer::Entity>(),
        Mirror::of::<product::Entity>(),
        Mirror::of::<price::Entity>(),
        Mirror::of::<subscription::Entity>(),
        Mirror::of::<subscription_item::Entity>(),
        Mirror::of::<invoice::Entity>(),
        Mirror::of::<payment_intent::Entity>(),
        Mirror::of::<charge::Entity>(),
        Mirror::of::<invoice_payment::Entity>(),
        Mirror::of::<refund::Entity>(),
        Mirror::of::<payment_method::Entity>(),
        Mirror::of::<checkout_session::Entity>(),
    ]
});

/// The links that an API version keeps in a third object: most since 2025-03-31. They are in the order in which they are found.
pub static BORROWED: &[Borrowed] = &[
    Borrowed {
        table: "invoices",
        column: "payment_intent",
        key: "id",
        lender: "invoice_payments",
        lender_column: "payment_intent",
        lender_key: "invoice",
    },
    Borrowed {
        table: "invoices",
        column: "charge",
        key: "payment_intent",
        lender: "payment_intents",
        lender_column: "latest_charge",
        lender_key: "id",
    },
    Borrowed {
        table: "payment_intents",
        column: "invoice",
        key: "id",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    Borrowed {
        table: "charges",
        column: "invoice",
        key: "payment_intent",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    // A refund names its customer only since 2026-03-25.
    Borrowed {
        table: "refunds",
        column: "customer",
        key: "charge",
        lender: "charges",
        lender_column: "customer",
        lender_key: "id",
    },
];

/// An object that has a table.
#[derive(Debug)]
pub struct Mirror {
    /// Stripe's name for it.
    pub object: &'static str,
    pub table: &'static str,
    /// Stripe's fields that have a column, the id first.
    pub columns: Vec<Column>,
    pub owner: Owner,
    pub children: &'static [Children],
    pub deleted_event: DeletedEvent,
    /// The values of `status` in the order of the object's life.
    pub life_cycle: &'static [&'static str],
    /// Raises older shapes to the newest.
    pub lift: fn(&mut Object),
}

/// A column that an object no longer carries itself, and that is filled from a row of another table: the lender.
#[derive(Debug)]
pub struct Borrowed {
    pub table: &'static str,
    pub column: &'static str,
    /// The row's own column by which the lender is found …
    pub key: &'static str,
    pub lender: &'static str,
    pub lender_column: &'static str,
    /// … in this column of the lender's.
    pub lender_key: &'static str,
}

impl Mirror {
    fn of<E: Mirrored + Default>() -> Self {
        Self {
            object: E::OBJECT,
            table: E::default().table_name(),
            columns: E::Column::iter().filter_map(Column::of).collect(),
            owner: E::OWNER,
            children: E::CHILDREN,
            deleted_event: E::DELETED_EVENT,
            life_cycle: E::LIFE_CYCLE,
            lift: E::lift,
        }
    }

    /// The place of a column among the object's own.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|own| own.name == column)
    }
}

/// The mirror of an object, by Stripe's name for it.
pub fn mirror(object: &str) -> Option<&'static Mirror> {
    MIRRORS.iter().find(|mirror| mirror.object == object)
}
