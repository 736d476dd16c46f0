//! <https://docs.stripe.com/api/transfers/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    payout::SourceType,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "transfers")]
#[graphql(name = "TransferFields")]
pub struct Model {
    /// Stripe's id, `tr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub amount_reversed: Option<i64>,
    #[graphql(skip)]
    pub balance_transaction: Option<String>,
    /// When the transfer was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    /// A note on the transfer.
    pub description: Option<String>,
    #[graphql(skip)]
    pub destination: Option<String>,
    #[graphql(skip)]
    pub destination_payment: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the transfer.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Whether the whole transfer was reversed.
    pub reversed: Option<bool>,
    #[graphql(skip)]
    pub source_transaction: Option<String>,
    /// The balance that the money comes from.
    pub source_type: Option<Open<SourceType>>,
    /// What ties the transfer to its payments.
    pub transfer_group: Option<String>,
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
    const OBJECT: &'static str = "transfer";
    const PATH: Option<&'static str> = Some("/transfers/{id}");
    const PREFIXES: &'static [&'static str] = &["tr_"];
    const LISTING: Listing = Listing::Ranges("/transfers");
}
