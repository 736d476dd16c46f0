//! <https://docs.stripe.com/api/tax_rates/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "tax_rates")]
#[graphql(name = "TaxRateFields")]
pub struct Model {
    /// Stripe's id, `txr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the rate can be used for new purchases.
    pub active: bool,
    /// The two-letter code of the country.
    pub country: Option<String>,
    /// When the rate was created at Stripe.
    pub created: DateTimeUtc,
    /// A note on the rate, for the merchant.
    pub description: Option<String>,
    /// The name, for customers.
    pub display_name: Option<String>,
    /// The percentage that Stripe Tax really takes, as a decimal number.
    pub effective_percentage: Option<String>,
    /// Whether the amount includes the tax.
    pub inclusive: Option<bool>,
    /// Whose tax it is, for customers.
    pub jurisdiction: Option<String>,
    /// Of what level that is: `country`, `state`, `city`, …
    pub jurisdiction_level: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the rate.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The percentage, as a decimal number.
    pub percentage: Option<String>,
    /// What is taken: a `percentage` or a `flat_amount`.
    pub rate_type: Option<String>,
    /// The code of the state within the country.
    pub state: Option<String>,
    /// What kind of tax it is: `vat`, `sales_tax`, `gst`, …
    pub tax_type: Option<String>,
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
    const OBJECT: &'static str = "tax_rate";
    const PATH: Option<&'static str> = Some("/tax_rates/{id}");
    const PREFIXES: &'static [&'static str] = &["txr_"];
    const LISTING: Listing = Listing::Ranges("/tax_rates");
}
