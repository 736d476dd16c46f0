//! Promotion codes, and what they give.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{coupon, customer, discount, promotion_code};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What customers type in to redeem a coupon: <https://docs.stripe.com/api/promotion_codes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PromotionCode {
    #[graphql(flatten)]
    row: Row<promotion_code::Entity>,
    #[graphql(flatten)]
    declared: Declared<promotion_code::Entity>,
}

impl Shows for PromotionCode {
    type Entity = promotion_code::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for promotion_code::Entity {
    type Shown = PromotionCode;

    const JOINS: &'static [Join] = &[
        Join::one::<coupon::Entity>("coupon", "coupon", "What the code gives."),
        Join::one::<customer::Entity>(
            "customer",
            "customer",
            "Who alone can redeem the code, where it is one customer.",
        ),
        Join::many::<discount::Entity>("discounts", "promotion_code", "What the code was used for."),
    ];
    const FILTERS: &'static [By] = &[By::value("active"), By::value("code").indexed()];
    const COMPUTED: &'static [Computed] =
        &[("minimumAmount", &["restrictions_minimum_amount", "restrictions_minimum_amount_currency"])];
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
}
