//! <https://docs.stripe.com/api/radar/reviews/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    scalar::Json,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "reviews")]
#[graphql(name = "ReviewFields")]
pub struct Model {
    /// Stripe's id, `prv_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The postal code of the card.
    pub billing_zip: Option<String>,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// Why the review was closed: `approved`, `refunded`, `disputed`, …
    pub closed_reason: Option<String>,
    /// When the review was created at Stripe.
    pub created: DateTimeUtc,
    /// The address that the payment came from.
    pub ip_address: Option<String>,
    /// Where that address is, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub ip_address_location: Option<Json>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// Whether somebody still has to decide.
    pub open: bool,
    /// What opened the review: `rule` or `manual`.
    pub opened_reason: Option<String>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// Why the review is open, or was closed.
    pub reason: Option<String>,
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
    const OBJECT: &'static str = "review";
    const PATH: Option<&'static str> = Some("/reviews/{id}");
    const PREFIXES: &'static [&'static str] = &["prv_"];
    const LISTING: Listing = Listing::Ranges("/reviews");
}
