//! Coupons, and the codes for them.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{coupon, promotion_code};

use super::PromotionCode;
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        money::Money,
        page::{Connection, Paging, Shows},
    },
};

/// What can be taken off: <https://docs.stripe.com/api/coupons>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Coupon {
    #[graphql(flatten)]
    row: Row<coupon::Entity>,
}

impl Shows for Coupon {
    type Entity = coupon::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for coupon::Entity {
    const JOINS: &'static [Join] = &[Join::many::<promotion_code::Entity>("promotionCodes", "coupon")];
}

#[ComplexObject]
impl Coupon {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is taken off, where it is no percentage.
    async fn amount_off(&self) -> Option<Money> {
        Money::of(self.row.amount_off, self.row.currency.as_deref())
    }

    /// The codes that customers type in for it, newest first.
    async fn promotion_codes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PromotionCode>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "coupon", &self.row.id, paging).await
    }
}
