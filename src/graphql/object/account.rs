//! Accounts.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{account, transfer};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// An account at Stripe, one's own or a connected one: <https://docs.stripe.com/api/accounts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Account {
    #[graphql(flatten)]
    row: Row<account::Entity>,
    #[graphql(flatten)]
    declared: Declared<account::Entity>,
}

impl Shows for Account {
    type Entity = account::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for account::Entity {
    type Shown = Account;

    const JOINS: &'static [Join] = &[Join::many::<transfer::Entity>(
        "transfers",
        "destination",
        "What went to the account, newest first.",
    )];

    const FILTERS: &'static [By] = &[By::value("country"), By::value("email")];
}

#[ComplexObject]
impl Account {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
