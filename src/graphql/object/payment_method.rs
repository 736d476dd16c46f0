//! Payment methods, and whose they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, mandate, payment_method, setup_intent};

use super::{Customer, Linked, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        lists::Lists,
        load::Row,
        page::Shows,
    },
};

/// Something to pay with: <https://docs.stripe.com/api/payment_methods>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentMethod {
    #[graphql(flatten)]
    row: Row<payment_method::Entity>,
    #[graphql(flatten)]
    lists: Lists<payment_method::Entity>,
}

/// What may be shown of a card.
#[derive(SimpleObject)]
pub struct Card {
    /// `visa`, `mastercard`, …
    brand: String,
    /// The last four digits.
    last4: Option<String>,
    /// The month in which the card expires, from 1 to 12.
    exp_month: Option<i32>,
    /// The year in which the card expires, with four digits.
    exp_year: Option<i32>,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    funding: Option<String>,
}

impl Shows for PaymentMethod {
    type Entity = payment_method::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }
}

impl Joined for payment_method::Entity {
    type Shown = PaymentMethod;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::many::<setup_intent::Entity>(
            "setupIntents",
            "payment_method",
            "The setups that kept it, newest first.",
        ),
        Join::many::<mandate::Entity>("mandates", "payment_method", "What the customer agreed to."),
    ];
    const FILTERS: &'static [By] =
        &[By::value("card_brand"), By::value("card_exp_month"), By::value("card_exp_year")];
}

#[ComplexObject]
impl PaymentMethod {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The card, where it is one.
    async fn card(&self) -> Option<Card> {
        let row = &self.row;
        Some(Card {
            brand: row.card_brand.clone()?,
            last4: row.card_last4.clone(),
            exp_month: row.card_exp_month,
            exp_year: row.card_exp_year,
            funding: row.card_funding.clone(),
        })
    }

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }
}
