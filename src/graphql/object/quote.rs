//! Quotes, and what comes of them.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    customer, discount, invoice,
    quote::{self, QuoteStatus},
    subscription, subscription_schedule, tax_rate, test_clock,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// An offer to a customer: <https://docs.stripe.com/api/quotes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Quote {
    #[graphql(flatten)]
    row: Row<quote::Entity>,
    #[graphql(flatten)]
    declared: Declared<quote::Entity>,
}

impl Shows for Quote {
    type Entity = quote::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for quote::Entity {
    type Shown = Quote;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "To whom it is offered."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that came of it.").unindexed(),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that came of it.",
        ),
        Join::one::<subscription_schedule::Entity>(
            "subscriptionSchedule",
            "subscription_schedule",
            "The subscription schedule that came of it.",
        ),
        Join::one::<quote::Entity>("fromQuote", "from_quote", "The quote that this one was made from.")
            .unindexed(),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>(
            "defaultTaxRates",
            "default_tax_rates",
            "The taxes of items that have none of their own.",
        ),
        Join::one::<test_clock::Entity>(
            "testClock",
            "test_clock",
            "The clock whose time it has, where it is made for a test.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::choice::<QuoteStatus>("status"), By::value("number")];
}

#[ComplexObject]
impl Quote {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// All items, before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All items, after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }
}
