//! <https://docs.stripe.com/api/balance_transactions/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;
use serde::Deserialize;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Json,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "balance_transactions")]
#[graphql(name = "BalanceTransactionFields")]
pub struct Model {
    /// Stripe's id, `txn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    /// When the money becomes available.
    pub available_on: Option<DateTimeUtc>,
    /// The balance that it moves: `payments`, `issuing`, …
    pub balance_type: Option<String>,
    /// When the transaction was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    /// A note on the transaction.
    pub description: Option<String>,
    /// The rate at which a foreign currency was exchanged, as a decimal number.
    pub exchange_rate: Option<String>,
    #[graphql(skip)]
    pub fee: Option<i64>,
    /// What the fee consists of, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub fee_details: Option<Json>,
    #[graphql(skip)]
    pub net: Option<i64>,
    /// The line of Stripe's reports that it counts in: `charge`, `refund`, `payout`, …
    pub reporting_category: Option<String>,
    #[graphql(skip)]
    pub source: Option<String>,
    /// Whether the money is available.
    pub status: Open<BalanceTransactionStatus>,
    /// What moved the money: `charge`, `refund`, `stripe_fee`, …
    #[graphql(name = "type")]
    pub r#type: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Whether the money of a balance transaction is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceTransactionStatus {
    /// Not yet.
    Pending,
    /// Available.
    Available,
    /// A value that this version of the API does not know.
    #[serde(other)]
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "balance_transaction";
    const PATH: Option<&'static str> = Some("/balance_transactions/{id}");
    const PREFIXES: &'static [&'static str] = &["txn_"];
    const LISTING: Listing = Listing::Ranges("/balance_transactions");
    const LIFE_CYCLE: &'static [&'static str] = &["pending", "available"];
}
