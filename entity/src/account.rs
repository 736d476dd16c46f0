//! <https://docs.stripe.com/api/accounts/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{DeletedEvent, Listing, Mirrored, Owned, Owner},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "accounts")]
#[graphql(name = "AccountFields")]
pub struct Model {
    /// Stripe's id, `acct_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// What the business is and does, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub business_profile: Option<Json>,
    /// What it is by law: `individual`, `company`, …
    pub business_type: Option<String>,
    /// What the account can do, each with its state, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub capabilities: Option<Json>,
    /// Whether the account can take payments.
    pub charges_enabled: Option<bool>,
    /// Who is responsible for the account, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub controller: Option<Json>,
    /// The two-letter country code.
    pub country: Option<String>,
    /// When the account was connected.
    pub created: Option<DateTimeUtc>,
    /// The three-letter code of the currency in which the account is paid out, in lower case.
    pub default_currency: Option<String>,
    /// Whether the owner has given all details.
    pub details_submitted: Option<bool>,
    /// The owner's e-mail address.
    pub email: Option<String>,
    /// What Stripe is going to want to know, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub future_requirements: Option<Json>,
    /// What the integration notes on the account.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Whether the account can be paid out.
    pub payouts_enabled: Option<bool>,
    /// What Stripe wants to know, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub requirements: Option<Json>,
    /// The kind of account: `standard`, `express`, `custom` or `none`.
    #[graphql(name = "type")]
    pub r#type: Option<String>,
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
    const OBJECT: &'static str = "account";
    const PATH: Option<&'static str> = Some("/accounts/{id}");
    const PREFIXES: &'static [&'static str] = &["acct_"];
    const LISTING: Listing = Listing::Ranges("/accounts");
    const DELETED_EVENT: DeletedEvent = DeletedEvent::LivesOn;
}
