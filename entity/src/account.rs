//! <https://docs.stripe.com/api/accounts/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{DeletedEvent, Listing, Mirrored, Owned, Owner},
    open::Open,
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
    /// What it is by law.
    pub business_type: Option<Open<BusinessType>>,
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
    /// The kind of account.
    #[graphql(name = "type")]
    pub r#type: Option<Open<AccountType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// The kind of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AccountType {
    /// The platform does all for the owner.
    Custom,
    /// Stripe and the platform share what the owner sees.
    Express,
    /// What the controller says.
    None,
    /// The owner's own at Stripe.
    Standard,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What a business is by law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BusinessType {
    /// A company.
    Company,
    /// A part of a government.
    GovernmentEntity,
    /// A person.
    Individual,
    /// A non-profit organization.
    NonProfit,
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
    const OBJECT: &'static str = "account";
    const PATH: Option<&'static str> = Some("/accounts/{id}");
    const PREFIXES: &'static [&'static str] = &["acct_"];
    const LISTING: Listing = Listing::Ranges("/accounts");
    const DELETED_EVENT: DeletedEvent = DeletedEvent::LivesOn;
}
