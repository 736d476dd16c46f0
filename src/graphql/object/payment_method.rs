//! Payment methods, and whose they are.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge, customer, invoice, mandate,
    open::Open,
    payment_intent,
    payment_method::{self, CardBrand, CardFunding},
    setup_intent, subscription,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    page::Shows,
};

/// Something to pay with: <https://docs.stripe.com/api/payment_methods>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentMethod {
    #[graphql(flatten)]
    row: Row<payment_method::Entity>,
    #[graphql(flatten)]
    declared: Declared<payment_method::Entity>,
}

/// What may be shown of a card.
#[derive(SimpleObject)]
pub struct Card {
    /// Whose network it is of.
    brand: CardBrand,
    /// `brand` as Stripe writes it, also where the API has no name for it.
    brand_raw: String,
    /// The last four digits.
    last4: Option<String>,
    /// The month in which the card expires, from 1 to 12.
    exp_month: Option<i32>,
    /// The year in which the card expires, with four digits.
    exp_year: Option<i32>,
    /// Where its money comes from.
    funding: Option<CardFunding>,
    /// `funding` as Stripe writes it, also where the API has no name for it.
    funding_raw: Option<String>,
}

impl Shows for PaymentMethod {
    type Entity = payment_method::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for payment_method::Entity {
    type Shown = PaymentMethod;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Whose it is."),
        Join::many::<setup_intent::Entity>(
            "setupIntents",
            "payment_method",
            "The setups that kept it, newest first.",
        ),
        Join::many::<mandate::Entity>("mandates", "payment_method", "What the customer agreed to."),
        Join::many::<payment_intent::Entity>(
            "payments",
            "payment_method",
            "The payments that are made with it, newest first.",
        ),
        Join::many::<charge::Entity>(
            "charges",
            "payment_method",
            "The charges that were made with it, newest first.",
        ),
        Join::many::<subscription::Entity>(
            "subscriptions",
            "default_payment_method",
            "The subscriptions whose invoices it pays by default, newest first.",
        ),
        Join::many::<invoice::Entity>(
            "invoices",
            "default_payment_method",
            "The invoices that say it is to pay them, newest first.",
        ),
    ];
    const FILTERS: &'static [By] =
        &[By::choice::<CardBrand>("card_brand"), By::value("card_exp_month"), By::value("card_exp_year")];
    const COMPUTED: &'static [Computed] =
        &[("card", &["card_brand", "card_exp_month", "card_exp_year", "card_funding", "card_last4"])];
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
        let (brand, funding) = (row.card_brand.as_ref()?, row.card_funding.as_ref());
        Some(Card {
            brand: brand.known(),
            brand_raw: brand.as_str().to_owned(),
            last4: row.card_last4.clone(),
            exp_month: row.card_exp_month,
            exp_year: row.card_exp_year,
            funding: funding.map(Open::known),
            funding_raw: funding.map(|funding| funding.as_str().to_owned()),
        })
    }
}
