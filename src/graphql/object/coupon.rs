//! Coupons, and the codes for them.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    coupon::{self, CouponDuration},
    discount, product, promotion_code,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What can be taken off: <https://docs.stripe.com/api/coupons>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Coupon {
    #[graphql(flatten)]
    row: Row<coupon::Entity>,
    #[graphql(flatten)]
    declared: Declared<coupon::Entity>,
}

impl Shows for Coupon {
    type Entity = coupon::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for coupon::Entity {
    type Shown = Coupon;

    const JOINS: &'static [Join] = &[
        Join::many::<promotion_code::Entity>(
            "promotionCodes",
            "coupon",
            "The codes that customers type in for it, newest first.",
        ),
        Join::many::<discount::Entity>("discounts", "coupon", "What the coupon is taken off."),
        Join::each::<product::Entity>(
            "appliesToProducts",
            "applies_to_products",
            "The products that it is for, where it is not for all.",
        ),
    ];
    const FILTERS: &'static [By] =
        &[By::search("name"), By::value("valid"), By::choice::<CouponDuration>("duration")];
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
}
