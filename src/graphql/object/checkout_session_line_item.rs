//! The items of Checkout sessions, and what they are.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{checkout_session, checkout_session_line_item, price, product};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Something that is bought by a Checkout session: <https://docs.stripe.com/api/checkout/sessions/line_items>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CheckoutSessionLineItem {
    #[graphql(flatten)]
    row: Row<checkout_session_line_item::Entity>,
    #[graphql(flatten)]
    declared: Declared<checkout_session_line_item::Entity>,
}

impl Shows for CheckoutSessionLineItem {
    type Entity = checkout_session_line_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for checkout_session_line_item::Entity {
    type Shown = CheckoutSessionLineItem;

    const JOINS: &'static [Join] = &[
        Join::one::<checkout_session::Entity>(
            "checkoutSession",
            "checkout_session",
            "The session that the item was bought in.",
        ),
        Join::one::<price::Entity>("price", "price", "What is paid."),
        Join::one::<product::Entity>("product", "product", "What is paid for."),
    ];
}

#[ComplexObject]
impl CheckoutSessionLineItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What discounts take off.
    async fn amount_discount(&self) -> Option<Money> {
        Money::of(self.row.amount_discount, self.row.currency.as_deref())
    }

    /// The item before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All taxes of the item.
    async fn amount_tax(&self) -> Option<Money> {
        Money::of(self.row.amount_tax, self.row.currency.as_deref())
    }

    /// The item after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }
}
