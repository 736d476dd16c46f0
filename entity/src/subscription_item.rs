//! <https://docs.stripe.com/api/subscription_items/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    lift::{ids_of, ids_of_discounts},
    mirrored::{Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "subscription_items")]
#[graphql(name = "SubscriptionItemFields")]
pub struct Model {
    /// Stripe's id, `si_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// When the item was created at Stripe.
    pub created: DateTimeUtc,
    /// The end of the item's paid period.
    pub current_period_end: Option<DateTimeUtc>,
    /// The start of the item's paid period.
    pub current_period_start: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    /// What the integration notes on the item.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    #[graphql(skip)]
    pub price: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    /// How many units; absent for metered prices.
    pub quantity: Option<i32>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub tax_rates: Option<Json>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "subscription", table: "subscriptions" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "subscription_item";
    const PATH: Option<&'static str> = Some("/subscription_items/{id}");
    const PREFIXES: &'static [&'static str] = &["si_"];
    const EMBEDDED: &'static [&'static str] = &["discounts", "tax_rates"];

    fn lift(object: &mut Object) {
        ids_of_discounts(object);
        ids_of(object, "tax_rates");
        // Before prices, an item had only a plan, whose id is also the price's.
        flatten(object, "price", &["plan"]);
        flatten(object, "product", &["price", "product"]);
        flatten(object, "product", &["plan", "product"]);
    }
}
