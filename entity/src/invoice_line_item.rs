//! <https://docs.stripe.com/api/invoice-line-item/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    json::Value,
    lift::{ids_of, ids_of_discounts, period, price_and_product, sum_of_amounts},
    mirrored::{Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "invoice_line_items")]
#[graphql(name = "InvoiceLineItemFields")]
pub struct Model {
    /// Stripe's id, `il_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// What the line is for, for customers.
    pub description: Option<String>,
    /// What each discount takes off, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub discount_amounts: Option<Json>,
    /// Whether discounts take something off.
    pub discountable: Option<bool>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    #[graphql(skip)]
    pub invoice_item: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the line.
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
    /// Whether the line settles a change within a period.
    pub proration: Option<bool>,
    /// How many units.
    pub quantity: Option<i32>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub subscription_item: Option<String>,
    #[graphql(skip)]
    pub tax: Option<i64>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub tax_rates: Option<Json>,
    /// The amount of one unit in minor units, with up to twelve decimal places.
    pub unit_amount_decimal: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "invoice", table: "invoices" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "line_item";
    const PREFIXES: &'static [&'static str] = &["il_"];
    const EMBEDDED: &'static [&'static str] = &["discounts", "tax_rates"];

    fn lift(object: &mut Object) {
        period(object);
        price_and_product(object);
        // Moved under `parent` in 2025-03-31.
        for kind in ["subscription_item_details", "invoice_item_details"] {
            for column in ["invoice_item", "proration", "subscription", "subscription_item"] {
                flatten(object, column, &["parent", kind, column]);
            }
        }
        // Since then, a line without a parent has no place to say so.
        if object.contains("parent") {
            object.insert_absent("proration", false);
        }
        sum_of_amounts(object, "tax", &["taxes", "tax_amounts"]);
        ids_of_discounts(object);
        rates_of_taxes(object);
    }
}

/// The rates by which a line is taxed; of a line of older versions that is not taxed yet, those that it has itself.
fn rates_of_taxes(object: &mut Object) {
    let taxes = ["taxes", "tax_amounts"].iter().find_map(|name| object.get(name)?.as_array());
    let rates: Option<Vec<Value>> = taxes.map(|taxes| taxes.iter().filter_map(rate_of_tax).collect());
    if let Some(rates) = rates.filter(|rates| !rates.is_empty() || !object.contains("tax_rates")) {
        object.insert("tax_rates", rates);
    }
    ids_of(object, "tax_rates");
}

fn rate_of_tax<'t>(tax: &Value<'t>) -> Option<Value<'t>> {
    tax.at(&["tax_rate_details", "tax_rate"]).or_else(|| tax.get("tax_rate")).cloned()
}
