//! <https://docs.stripe.com/api/radar/early_fraud_warnings/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Listing, Mirrored, Owned, Owner};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "early_fraud_warnings")]
#[graphql(name = "EarlyFraudWarningFields")]
pub struct Model {
    /// Stripe's id, `issfr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether a refund may still prevent a dispute.
    pub actionable: Option<bool>,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// When the warning was created at Stripe.
    pub created: DateTimeUtc,
    /// What the card's issuer calls the fraud: `made_with_stolen_card`, `misc`, …
    pub fraud_type: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
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
    const OBJECT: &'static str = "radar.early_fraud_warning";
    const PATH: Option<&'static str> = Some("/radar/early_fraud_warnings/{id}");
    const PREFIXES: &'static [&'static str] = &["issfr_"];
    const LISTING: Listing = Listing::Ranges("/radar/early_fraud_warnings");
}
