//! Invoice items, and where they go.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    customer, discount, invoice, invoice_item, invoice_line_item, price, product, subscription,
    subscription_item, tax_rate,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Something to be charged by the next invoice: <https://docs.stripe.com/api/invoiceitems>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoiceItem {
    #[graphql(flatten)]
    row: Row<invoice_item::Entity>,
    #[graphql(flatten)]
    declared: Declared<invoice_item::Entity>,
}

impl Shows for InvoiceItem {
    type Entity = invoice_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for invoice_item::Entity {
    type Shown = InvoiceItem;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that took the item up."),
        Join::one::<price::Entity>("price", "price", "What is paid."),
        Join::one::<product::Entity>("product", "product", "What is paid for."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that the item is of, if it is of one.",
        ),
        Join::one::<subscription_item::Entity>(
            "subscriptionItem",
            "subscription_item",
            "The item of the subscription that the item is of.",
        ),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>("taxRates", "tax_rates", "Its taxes, instead of the invoice's."),
        Join::many::<invoice_line_item::Entity>(
            "invoiceLineItems",
            "invoice_item",
            "The lines that came of it.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("amount"), By::value("currency"), By::value("proration")];
}

#[ComplexObject]
impl InvoiceItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What the item comes to.
    async fn amount(&self) -> Option<Money> {
        Money::of(Some(self.row.amount), self.row.currency.as_deref())
    }
}
