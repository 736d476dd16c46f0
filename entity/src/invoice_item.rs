//! <https://docs.stripe.com/api/invoiceitems/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    lift::{ids_of, ids_of_discounts, period, price_and_product},
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "invoice_items")]
#[graphql(name = "InvoiceItemFields")]
pub struct Model {
    /// Stripe's id, `ii_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// When the item was made.
    pub date: DateTimeUtc,
    /// What the item is for, for customers.
    pub description: Option<String>,
    /// Whether discounts take something off.
    pub discountable: Option<bool>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the item.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The end of what is paid for.
    pub period_end: Option<DateTimeUtc>,
    /// The start of what is paid for.
    pub period_start: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub price: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    /// Whether the item settles a change within a period.
    pub proration: Option<bool>,
    /// How many units.
    pub quantity: Option<i32>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub subscription_item: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub tax_rates: Option<Json>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// The amount of one unit in minor units, with up to twelve decimal places.
    pub unit_amount_decimal: Option<String>,
    /// Whether the item was deleted at Stripe.
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "invoiceitem";
    const PATH: Option<&'static str> = Some("/invoiceitems/{id}");
    const PREFIXES: &'static [&'static str] = &["ii_"];
    const LISTING: Listing = Listing::Ranges("/invoiceitems");
    const EMBEDDED: &'static [&'static str] = &["discounts", "tax_rates"];

    fn lift(object: &mut Object) {
        period(object);
        price_and_product(object);
        // Moved under `parent` in 2025-03-31.
        for column in ["subscription", "subscription_item"] {
            flatten(object, column, &["parent", "subscription_details", column]);
        }
        ids_of_discounts(object);
        ids_of(object, "tax_rates");
    }
}
