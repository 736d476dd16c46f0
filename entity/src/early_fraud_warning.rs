//! <https://docs.stripe.com/api/radar/early_fraud_warnings/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
};

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
    /// What the card's issuer calls the fraud.
    pub fraud_type: Option<Open<FraudType>>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// What a card's issuer calls a fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FraudType {
    /// The card never arrived.
    CardNeverReceived,
    /// The card was applied for by fraud.
    FraudulentCardApplication,
    /// The card was forged.
    MadeWithCounterfeitCard,
    /// The card was lost.
    MadeWithLostCard,
    /// The card was stolen.
    MadeWithStolenCard,
    /// None of the others.
    Misc,
    /// Somebody else used the card.
    UnauthorizedUseOfCard,
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
    const OBJECT: &'static str = "radar.early_fraud_warning";
    const PATH: Option<&'static str> = Some("/radar/early_fraud_warnings/{id}");
    const PREFIXES: &'static [&'static str] = &["issfr_"];
    const LISTING: Listing = Listing::Ranges("/radar/early_fraud_warnings");
}
