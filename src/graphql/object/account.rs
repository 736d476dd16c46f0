//! Accounts.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::account;

use crate::graphql::{filter::By, join::Joined, load::Row, page::Shows};

/// An account at Stripe, one's own or a connected one: <https://docs.stripe.com/api/accounts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Account {
    #[graphql(flatten)]
    row: Row<account::Entity>,
}

impl Shows for Account {
    type Entity = account::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for account::Entity {
    type Shown = Account;

    const FILTERS: &'static [By] = &[By::value("country"), By::value("email")];
}

#[ComplexObject]
impl Account {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
