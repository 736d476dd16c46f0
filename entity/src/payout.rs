//! <https://docs.stripe.com/api/payouts/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payouts")]
#[graphql(name = "PayoutFields")]
pub struct Model {
    /// Stripe's id, `po_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    /// When the money is expected to arrive.
    pub arrival_date: Option<DateTimeUtc>,
    /// Whether Stripe made the payout by its schedule.
    pub automatic: Option<bool>,
    #[graphql(skip)]
    pub balance_transaction: Option<String>,
    /// When the payout was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    /// A note on the payout.
    pub description: Option<String>,
    #[graphql(skip)]
    pub destination: Option<String>,
    #[graphql(skip)]
    pub failure_balance_transaction: Option<String>,
    /// Stripe's code of why the payout failed.
    pub failure_code: Option<String>,
    /// Why the payout failed, in words.
    pub failure_message: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the payout.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// How the money travels.
    pub method: Option<Open<PayoutMethod>>,
    #[graphql(skip)]
    pub original_payout: Option<String>,
    #[graphql(skip)]
    pub payout_method: Option<String>,
    /// Whether it is known which payments the payout contains.
    pub reconciliation_status: Option<Open<ReconciliationStatus>>,
    #[graphql(skip)]
    pub reversed_by: Option<String>,
    /// The balance that the money comes from.
    pub source_type: Option<Open<SourceType>>,
    /// What appears on the bank statement.
    pub statement_descriptor: Option<String>,
    /// Where the payout stands.
    pub status: Open<PayoutStatus>,
    /// The number by which banks can trace the payout, with its status, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub trace_id: Option<Json>,
    /// What the money goes to.
    #[graphql(name = "type")]
    pub r#type: Option<Open<PayoutType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PayoutStatus {
    /// Not handed to the bank yet.
    Pending,
    /// With the bank.
    InTransit,
    /// Sent; the bank may still refuse it.
    Paid,
    /// Canceled.
    Canceled,
    /// Refused by the bank.
    Failed,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What the money of a payout goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PayoutType {
    /// A bank account.
    BankAccount,
    /// A card.
    Card,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How the money of a payout travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PayoutMethod {
    /// At once.
    Instant,
    /// As banks do it, in days.
    Standard,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Whether it is known which payments a payout contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReconciliationStatus {
    /// It is.
    Completed,
    /// Not yet.
    InProgress,
    /// It cannot be: somebody else than Stripe chose the amount.
    NotApplicable,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Which part of the balance money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SourceType {
    /// What bank accounts paid.
    BankAccount,
    /// What cards paid.
    Card,
    /// What FPX paid.
    Fpx,
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
    const OBJECT: &'static str = "payout";
    const PATH: Option<&'static str> = Some("/payouts/{id}");
    const PREFIXES: &'static [&'static str] = &["po_"];
    const LISTING: Listing = Listing::Ranges("/payouts");
    const LIFE_CYCLE: &'static [&'static str] = &["pending", "in_transit", "paid", "canceled", "failed"];
}
