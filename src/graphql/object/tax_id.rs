//! Tax ids, and whose they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, open::Open, tax_id, tax_id::TaxIdVerificationStatus};

use super::{Customer, Linked, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A number by which a customer is known to an authority: <https://docs.stripe.com/api/tax_ids>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TaxId {
    #[graphql(flatten)]
    row: Row<tax_id::Entity>,
}

impl Shows for TaxId {
    type Entity = tax_id::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for tax_id::Entity {
    type Shown = TaxId;

    const JOINS: &'static [Join] = &[Join::one::<customer::Entity>("customer", "customer")];
    const FILTERS: &'static [By] = &[
        By::value("country"),
        By::value("type"),
        By::value("value"),
        By::choice::<TaxIdVerificationStatus>("verification_status"),
    ];
}

#[ComplexObject]
impl TaxId {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `verificationStatus` as Stripe writes it, also where the API has no name for it.
    async fn verification_status_raw(&self) -> Option<&str> {
        self.row.verification_status.as_ref().map(Open::as_str)
    }

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }
}
