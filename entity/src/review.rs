//! <https://docs.stripe.com/api/radar/reviews/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
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
    /// Why the review was closed.
    pub closed_reason: Option<Open<ReviewClosedReason>>,
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
    /// What opened the review.
    pub opened_reason: Option<Open<ReviewOpenedReason>>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// Why the review is open, or was closed.
    pub reason: Option<Open<ReviewReason>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Why a review is open, or was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReviewReason {
    /// Somebody took note of it.
    Acknowledged,
    /// The payment was approved.
    Approved,
    /// The payment was canceled.
    Canceled,
    /// The payment was disputed.
    Disputed,
    /// Somebody asked for it.
    Manual,
    /// The money never came.
    PaymentNeverSettled,
    /// Its data was removed.
    Redacted,
    /// The payment was refunded.
    Refunded,
    /// The payment was refunded as fraud.
    RefundedAsFraud,
    /// A rule asked for it.
    Rule,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What opened a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReviewOpenedReason {
    /// Somebody did.
    Manual,
    /// A rule did.
    Rule,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why a review was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReviewClosedReason {
    /// Somebody took note of it.
    Acknowledged,
    /// The payment was approved.
    Approved,
    /// The payment was canceled.
    Canceled,
    /// The payment was disputed.
    Disputed,
    /// The money never came.
    PaymentNeverSettled,
    /// Its data was removed.
    Redacted,
    /// The payment was refunded.
    Refunded,
    /// The payment was refunded as fraud.
    RefundedAsFraud,
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
    const OBJECT: &'static str = "review";
    const PATH: Option<&'static str> = Some("/reviews/{id}");
    const PREFIXES: &'static [&'static str] = &["prv_"];
    const LISTING: Listing = Listing::Ranges("/reviews");
}
