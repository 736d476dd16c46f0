//! <https://docs.stripe.com/api/customer_balance_transactions/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "customer_balance_transactions")]
#[graphql(name = "CustomerBalanceTransactionFields")]
pub struct Model {
    /// Stripe's id, `cbtxn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub checkout_session: Option<String>,
    /// When the transaction was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub credit_note: Option<String>,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the transaction.
    pub description: Option<String>,
    #[graphql(skip)]
    pub ending_balance: Option<i64>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the transaction.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// What changed the balance: `adjustment`, `applied_to_invoice`, `credit_note`, …
    #[graphql(name = "type")]
    pub r#type: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "customer_balance_transaction";
    const PATH: Option<&'static str> = Some("/customers/{customer}/balance_transactions/{id}");
    const PREFIXES: &'static [&'static str] = &["cbtxn_"];
    const LISTING: Listing = Listing::Each { of: "customer", path: "/customers/{id}/balance_transactions" };
}
