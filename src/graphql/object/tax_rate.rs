//! Tax rates, and what they are taken of.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{invoice, invoice_item, quote, subscription, subscription_item, tax_rate};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// What part of an amount a tax is: <https://docs.stripe.com/api/tax_rates>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TaxRate {
    #[graphql(flatten)]
    row: Row<tax_rate::Entity>,
    #[graphql(flatten)]
    declared: Declared<tax_rate::Entity>,
}

impl Shows for TaxRate {
    type Entity = tax_rate::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for tax_rate::Entity {
    type Shown = TaxRate;

    const JOINS: &'static [Join] = &[
        Join::listed::<subscription::Entity>(
            "subscriptions",
            "default_tax_rates",
            "The subscriptions that it is a default of, newest first.",
        ),
        Join::listed::<subscription_item::Entity>(
            "subscriptionItems",
            "tax_rates",
            "The items of subscriptions that have it themselves, newest first.",
        ),
        Join::listed::<invoice::Entity>(
            "invoices",
            "default_tax_rates",
            "The invoices that it is a default of, newest first.",
        ),
        Join::listed::<invoice_item::Entity>(
            "invoiceItems",
            "tax_rates",
            "The invoice items that have it themselves.",
        ),
        Join::listed::<quote::Entity>(
            "quotes",
            "default_tax_rates",
            "The quotes that it is a default of, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("active"), By::value("country"), By::value("state")];
}

#[ComplexObject]
impl TaxRate {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
