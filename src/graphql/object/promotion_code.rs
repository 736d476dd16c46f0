//! Promotion codes, and what they give.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{coupon, customer, discount, promotion_code};

use super::{Coupon, Customer, Linked, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        lists::Lists,
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What customers type in to redeem a coupon: <https://docs.stripe.com/api/promotion_codes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PromotionCode {
    #[graphql(flatten)]
    row: Row<promotion_code::Entity>,
    #[graphql(flatten)]
    lists: Lists<promotion_code::Entity>,
}

impl Shows for PromotionCode {
    type Entity = promotion_code::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }
}

impl Joined for promotion_code::Entity {
    type Shown = PromotionCode;

    const JOINS: &'static [Join] = &[
        Join::one::<coupon::Entity>("coupon", "coupon"),
        Join::one::<customer::Entity>("customer", "customer"),
        Join::many::<discount::Entity>("discounts", "promotion_code", "What the code was used for."),
    ];
    const FILTERS: &'static [By] = &[By::value("active"), By::value("code").indexed()];
}

#[ComplexObject]
impl PromotionCode {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What has to be bought at least.
    async fn minimum_amount(&self) -> Option<Money> {
        Money::of(
            self.row.restrictions_minimum_amount,
            self.row.restrictions_minimum_amount_currency.as_deref(),
        )
    }

    /// What the code gives.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Linked<Coupon>> {
        one(ctx, self.row.coupon.as_deref()).await
    }

    /// Who alone can redeem the code, where it is one customer.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }
}
