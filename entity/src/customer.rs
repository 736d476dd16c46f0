//! <https://docs.stripe.com/api/customers/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "customers")]
#[graphql(name = "CustomerFields")]
pub struct Model {
    /// Stripe's id, `cus_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The billing address, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub address: Option<Json>,
    #[graphql(skip)]
    pub balance: Option<i64>,
    /// When the customer was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code that the customer is charged in for recurring billing, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub default_payment_method: Option<String>,
    #[graphql(skip)]
    pub default_source: Option<String>,
    /// Whether the latest invoice's latest charge failed.
    pub delinquent: Option<bool>,
    /// A note on the customer, for the merchant.
    pub description: Option<String>,
    #[graphql(skip)]
    pub discount: Option<String>,
    /// The e-mail address that invoices and receipts go to.
    pub email: Option<String>,
    /// The prefix of the customer's invoice numbers.
    pub invoice_prefix: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the customer.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The customer's full name or business name.
    pub name: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The shipping name and address, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub shipping: Option<Json>,
    /// Whether the customer is taxed.
    pub tax_exempt: Option<Open<TaxExempt>>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// Whether the customer was deleted at Stripe.
    pub deleted: bool,
}

/// Whether a customer pays taxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TaxExempt {
    /// Not at all.
    Exempt,
    /// As others do.
    None,
    /// To the authority, instead of the merchant.
    Reverse,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Itself;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "customer";
    const PATH: Option<&'static str> = Some("/customers/{id}");
    const PREFIXES: &'static [&'static str] = &["cus_"];
    const LISTING: Listing = Listing::Ranges("/customers");
    const EMBEDDED: &'static [&'static str] = &["discount"];

    fn lift(object: &mut Object) {
        flatten(object, "default_payment_method", &["invoice_settings", "default_payment_method"]);
    }
}
