//! <https://docs.stripe.com/api/payment-link/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payment_links")]
#[graphql(name = "PaymentLinkFields")]
pub struct Model {
    /// Stripe's id, `plink_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the link still leads to a checkout page.
    pub active: bool,
    /// Whether customers can type in promotion codes.
    pub allow_promotion_codes: Option<bool>,
    /// When the billing address is asked for: `auto` or `required`.
    pub billing_address_collection: Option<String>,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// When a customer is made: `always` or `if_required`.
    pub customer_creation: Option<String>,
    /// What customers read once the link is inactive.
    pub inactive_message: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the link.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// When a payment method is asked for: `always` or `if_required`.
    pub payment_method_collection: Option<String>,
    /// What the button says: `auto`, `book`, `donate`, `pay` or `subscribe`.
    pub submit_type: Option<String>,
    /// The address of the checkout page.
    pub url: Option<String>,
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
    const OBJECT: &'static str = "payment_link";
    const PATH: Option<&'static str> = Some("/payment_links/{id}");
    const PREFIXES: &'static [&'static str] = &["plink_"];
    const LISTING: Listing = Listing::Whole("/payment_links");
}
