//! <https://docs.stripe.com/api/payment-link/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payment_links")]
#[graphql(name = "PaymentLinkFields")]
pub struct Model {
    /// Stripe's id, `plink_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the link still leads to a checkout page.
    pub active: bool,
    /// Whether customers can type in promotion codes.
    pub allow_promotion_codes: Option<bool>,
    /// When the billing address is asked for.
    pub billing_address_collection: Option<Open<BillingAddressCollection>>,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// When a customer is made.
    pub customer_creation: Option<Open<CustomerCreation>>,
    /// What customers read once the link is inactive.
    pub inactive_message: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the link.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// When a payment method is asked for.
    pub payment_method_collection: Option<Open<PaymentMethodRequirement>>,
    /// What the button says.
    pub submit_type: Option<Open<SubmitType>>,
    /// The address of the checkout page.
    pub url: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// When the billing address is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BillingAddressCollection {
    /// Where it is needed.
    Auto,
    /// Always.
    Required,
    /// A value that this version of the API does not know.
    Unknown,
}

/// When a customer is made of whoever buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CustomerCreation {
    /// Always.
    Always,
    /// Where it is needed.
    IfRequired,
    /// A value that this version of the API does not know.
    Unknown,
}

/// When a payment method is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentMethodRequirement {
    /// Always.
    Always,
    /// Where something is to be paid.
    IfRequired,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What the button of a payment page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SubmitType {
    /// What fits.
    Auto,
    /// That something is booked.
    Book,
    /// That something is donated.
    Donate,
    /// That something is paid.
    Pay,
    /// That something is subscribed to.
    Subscribe,
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
    const OBJECT: &'static str = "payment_link";
    const PATH: Option<&'static str> = Some("/payment_links/{id}");
    const PREFIXES: &'static [&'static str] = &["plink_"];
    const LISTING: Listing = Listing::Whole("/payment_links");
}
