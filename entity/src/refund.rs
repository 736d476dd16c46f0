//! <https://docs.stripe.com/api/refunds/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "refunds")]
#[graphql(name = "RefundFields")]
pub struct Model {
    /// Stripe's id, `re_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub balance_transaction: Option<String>,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// When the refund was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the refund.
    pub description: Option<String>,
    /// Stripe's code of why the refund failed.
    pub failure_reason: Option<String>,
    /// What the integration notes on the refund.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// Why.
    pub reason: Option<Open<RefundReason>>,
    /// The number on the receipt that was sent.
    pub receipt_number: Option<String>,
    /// Where the refund stands.
    pub status: Option<Open<RefundStatus>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// Somebody has something to do.
    RequiresAction,
    /// Done.
    Succeeded,
    /// Not possible.
    Failed,
    /// Canceled.
    Canceled,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why money was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefundReason {
    /// It was paid twice.
    Duplicate,
    /// What was authorized was not captured in time.
    ExpiredUncapturedCharge,
    /// It was fraud.
    Fraudulent,
    /// The customer asked for it.
    RequestedByCustomer,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    // A refund names its customer only since 2026-03-25.
    const OWNER: Owner = Owner::Through { column: "charge", table: "charges" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "refund";
    const PATH: Option<&'static str> = Some("/refunds/{id}");
    const PREFIXES: &'static [&'static str] = &["re_", "pyr_"];
    const LISTING: Listing = Listing::Ranges("/refunds");
    const LIFE_CYCLE: &'static [&'static str] =
        &["pending", "requires_action", "succeeded", "failed", "canceled"];
}
