//! <https://docs.stripe.com/api/checkout/sessions/line_items>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Mirrored, Object, Owned, Owner, flatten},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "checkout_session_line_items")]
#[graphql(name = "CheckoutSessionLineItemFields")]
pub struct Model {
    /// Stripe's id, `li_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount_discount: Option<i64>,
    #[graphql(skip)]
    pub amount_subtotal: Option<i64>,
    #[graphql(skip)]
    pub amount_tax: Option<i64>,
    #[graphql(skip)]
    pub amount_total: Option<i64>,
    #[graphql(skip)]
    pub checkout_session: Option<String>,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// What is bought, for customers.
    pub description: Option<String>,
    /// What the integration notes on the item.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    #[graphql(skip)]
    pub price: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    /// How many units.
    pub quantity: Option<i32>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "checkout_session", table: "checkout_sessions" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "item";
    const PREFIXES: &'static [&'static str] = &["li_"];

    fn lift(object: &mut Object) {
        flatten(object, "product", &["price", "product"]);
    }
}
