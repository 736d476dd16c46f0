//! <https://docs.stripe.com/api/billing/credit-grant/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "credit_grants")]
#[graphql(name = "CreditGrantFields")]
pub struct Model {
    /// Stripe's id, `credgr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: Option<i64>,
    /// What the credit can pay for, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub applicability_config: Option<Json>,
    /// Whether the credit was bought.
    pub category: Option<Open<CreditGrantCategory>>,
    /// When the grant was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// From when the credit counts.
    pub effective_at: Option<DateTimeUtc>,
    /// When the credit expires, if it does.
    pub expires_at: Option<DateTimeUtc>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the grant.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The name, for the merchant.
    pub name: Option<String>,
    /// Which grant is used first: the one with the lowest number.
    pub priority: Option<i32>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// When the grant was last changed at Stripe.
    pub updated: Option<DateTimeUtc>,
    /// When the grant was voided, if it was.
    pub voided_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// What a credit was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditGrantCategory {
    /// The customer paid for it.
    Paid,
    /// Nothing.
    Promotional,
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
    const OBJECT: &'static str = "billing.credit_grant";
    const PATH: Option<&'static str> = Some("/billing/credit_grants/{id}");
    const PREFIXES: &'static [&'static str] = &["credgr_"];
    const LISTING: Listing = Listing::Whole("/billing/credit_grants");

    fn lift(object: &mut Object) {
        flatten(object, "currency", &["amount", "monetary", "currency"]);
        if let Some(amount) = object.get("amount").filter(|amount| amount.as_object().is_some()) {
            let value = amount.at(&["monetary", "value"]).cloned().unwrap_or_default();
            object.insert("amount", value);
        }
    }
}
