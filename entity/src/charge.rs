//! <https://docs.stripe.com/api/charges/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "charges")]
#[graphql(name = "ChargeFields")]
pub struct Model {
    /// Stripe's id, `ch_…` or `py_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub amount_captured: Option<i64>,
    #[graphql(skip)]
    pub amount_refunded: Option<i64>,
    #[graphql(skip)]
    pub balance_transaction: Option<String>,
    /// The billing details of the payment, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub billing_details: Option<Json>,
    /// Whether the money was taken, or only authorized.
    pub captured: Option<bool>,
    /// When the charge was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the charge.
    pub description: Option<String>,
    /// Whether the charge was disputed.
    pub disputed: Option<bool>,
    /// Stripe's code of why the charge failed.
    pub failure_code: Option<String>,
    /// Stripe's words on why the charge failed.
    pub failure_message: Option<String>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the charge.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Whether the charge succeeded, or was authorized.
    pub paid: Option<bool>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    #[graphql(skip)]
    pub payment_method: Option<String>,
    /// The e-mail address that the receipt goes to.
    pub receipt_email: Option<String>,
    /// The page of the receipt.
    pub receipt_url: Option<String>,
    /// Whether the charge was refunded in full.
    pub refunded: Option<bool>,
    /// What appears on the customer's statement.
    pub statement_descriptor: Option<String>,
    /// Where the charge stands.
    pub status: Open<ChargeStatus>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChargeStatus {
    /// Paid.
    Succeeded,
    /// Under way.
    Pending,
    /// Refused.
    Failed,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "charge";
    const PATH: Option<&'static str> = Some("/charges/{id}");
    const PREFIXES: &'static [&'static str] = &["ch_", "py_"];
    const LISTING: Listing = Listing::Ranges("/charges");
    const LIFE_CYCLE: &'static [&'static str] = &["pending", "failed", "succeeded"];
    // Until 2022-11-15 the refunds came along.
    const EMBEDDED: &'static [&'static str] = &["refunds"];

    fn lift(object: &mut Object) {
        flatten(object, "statement_descriptor", &["calculated_statement_descriptor"]);
    }
}
