//! <https://docs.stripe.com/api/promotion_codes/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "promotion_codes")]
#[graphql(name = "PromotionCodeFields")]
pub struct Model {
    /// Stripe's id, `promo_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the code can be redeemed now.
    pub active: bool,
    /// What customers type in.
    pub code: Option<String>,
    #[graphql(skip)]
    pub coupon: Option<String>,
    /// When the code was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// When the code expires.
    pub expires_at: Option<DateTimeUtc>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// How often the code can be redeemed at all.
    pub max_redemptions: Option<i32>,
    /// What the integration notes on the code.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Whether only customers who never paid before can redeem the code.
    pub restrictions_first_time_transaction: Option<bool>,
    #[graphql(skip)]
    pub restrictions_minimum_amount: Option<i64>,
    #[graphql(skip)]
    pub restrictions_minimum_amount_currency: Option<String>,
    /// How often the code was redeemed.
    pub times_redeemed: Option<i32>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "promotion_code";
    const PATH: Option<&'static str> = Some("/promotion_codes/{id}");
    const PREFIXES: &'static [&'static str] = &["promo_"];
    const LISTING: Listing = Listing::Ranges("/promotion_codes");

    fn lift(object: &mut Object) {
        // The coupon itself until 2025-09-30.
        flatten(object, "coupon", &["promotion", "coupon"]);
        for fact in ["first_time_transaction", "minimum_amount", "minimum_amount_currency"] {
            flatten(object, format!("restrictions_{fact}"), &["restrictions", fact]);
        }
    }
}
