//! The lines of invoices, and what they charge for.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    discount, invoice, invoice_item, invoice_line_item, price, product, subscription, subscription_item,
    tax_rate,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// A line of an invoice: <https://docs.stripe.com/api/invoice-line-item>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoiceLineItem {
    #[graphql(flatten)]
    row: Row<invoice_line_item::Entity>,
    #[graphql(flatten)]
    declared: Declared<invoice_line_item::Entity>,
}

impl Shows for InvoiceLineItem {
    type Entity = invoice_line_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for invoice_line_item::Entity {
    type Shown = InvoiceLineItem;

    const JOINS: &'static [Join] = &[
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice of the line."),
        Join::one::<invoice_item::Entity>(
            "invoiceItem",
            "invoice_item",
            "The invoice item that the line came of.",
        ),
        Join::one::<price::Entity>("price", "price", "What is paid."),
        Join::one::<product::Entity>("product", "product", "What is paid for."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that the line is of, if it is of one.",
        ),
        Join::one::<subscription_item::Entity>(
            "subscriptionItem",
            "subscription_item",
            "The item of the subscription that the line is of.",
        ),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>("taxRates", "tax_rates", "By what it is taxed."),
    ];
    const FILTERS: &'static [By] = &[By::value("amount"), By::value("currency"), By::value("proration")];
}

#[ComplexObject]
impl InvoiceLineItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What the line comes to, before discounts and taxes that are not part of it.
    async fn amount(&self) -> Option<Money> {
        Money::of(Some(self.row.amount), self.row.currency.as_deref())
    }

    /// All taxes of the line.
    async fn tax(&self) -> Option<Money> {
        Money::of(self.row.tax, self.row.currency.as_deref())
    }
}
