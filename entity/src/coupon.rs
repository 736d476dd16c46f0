//! <https://docs.stripe.com/api/coupons/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "coupons")]
#[graphql(name = "CouponFields")]
pub struct Model {
    /// Stripe's id, which merchants may choose.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount_off: Option<i64>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub applies_to_products: Option<Json>,
    /// When the coupon was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code of the amount that is taken off, in lower case.
    pub currency: Option<String>,
    /// What is taken off in other currencies, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub currency_options: Option<Json>,
    /// How long a discount lasts.
    pub duration: Option<Open<CouponDuration>>,
    /// How many months a repeating discount lasts.
    pub duration_in_months: Option<i32>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// How often the coupon can be redeemed at all.
    pub max_redemptions: Option<i32>,
    /// What the integration notes on the coupon.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The name, for customers.
    pub name: Option<String>,
    /// The percentage that is taken off, as a decimal number.
    pub percent_off: Option<String>,
    /// Until when the coupon can be redeemed.
    pub redeem_by: Option<DateTimeUtc>,
    /// How often the coupon was redeemed.
    pub times_redeemed: Option<i32>,
    /// Whether the coupon can be redeemed now.
    pub valid: bool,
    /// Whether the coupon was deleted at Stripe; discounts from it live on.
    pub deleted: bool,
}

/// How long the discount from a coupon lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CouponDuration {
    /// For one invoice.
    Once,
    /// For some months.
    Repeating,
    /// As long as the subscription.
    Forever,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "coupon";
    const PATH: Option<&'static str> =
        Some("/coupons/{id}?expand%5B%5D=applies_to&expand%5B%5D=currency_options");
    const LISTING: Listing =
        Listing::Ranges("/coupons?expand%5B%5D=data.applies_to&expand%5B%5D=data.currency_options");
    const IS_ABRIDGED: bool = true;

    fn lift(object: &mut Object) {
        let products = object.get("applies_to").and_then(|applies_to| applies_to.get("products")?.as_array());
        // Where it names none, it is for all.
        if products.is_some_and(|products| !products.is_empty()) {
            flatten(object, "applies_to_products", &["applies_to", "products"]);
        }
    }
}
