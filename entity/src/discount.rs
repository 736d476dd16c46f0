//! <https://docs.stripe.com/api/discounts/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Mirrored, Object, Owned, Owner, flatten};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "discounts")]
#[graphql(name = "DiscountFields")]
pub struct Model {
    /// Stripe's id, `di_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub checkout_session: Option<String>,
    #[graphql(skip)]
    pub coupon: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// When the discount ends, where that is known.
    pub end: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    #[graphql(skip)]
    pub invoice_item: Option<String>,
    #[graphql(skip)]
    pub promotion_code: Option<String>,
    /// When the discount began.
    pub start: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub subscription_item: Option<String>,
    /// Whether the discount was removed.
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "discount";
    const PREFIXES: &'static [&'static str] = &["di_"];

    fn lift(object: &mut Object) {
        // The coupon itself until 2025-09-30.
        flatten(object, "coupon", &["source", "coupon"]);
    }
}
