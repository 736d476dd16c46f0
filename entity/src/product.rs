//! <https://docs.stripe.com/api/products/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "products")]
#[graphql(name = "ProductFields")]
pub struct Model {
    /// Stripe's id, `prod_…` or one that the merchant chose.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the product can be bought.
    pub active: bool,
    /// When the product was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub default_price: Option<String>,
    /// The description, for customers.
    pub description: Option<String>,
    /// URLs of up to eight images.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub images: Option<Json>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The features that a pricing table lists, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub marketing_features: Option<Json>,
    /// What the integration notes on the product.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The name, for customers.
    pub name: Option<String>,
    /// What appears on the customer's card statement.
    pub statement_descriptor: Option<String>,
    /// Stripe's tax code, `txcd_…`.
    pub tax_code: Option<String>,
    /// What one unit is called on invoices and receipts, such as `seat`.
    pub unit_label: Option<String>,
    /// When the product was last changed at Stripe.
    pub updated: Option<DateTimeUtc>,
    /// The public page of the product.
    pub url: Option<String>,
    /// Whether the product was deleted at Stripe.
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Catalogue { item_column: "product" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "product";
    const PATH: Option<&'static str> = Some("/products/{id}");
    const PREFIXES: &'static [&'static str] = &["prod_"];
    const LISTING: Listing = Listing::Ranges("/products");

    fn lift(object: &mut Object) {
        // Renamed in 2024-04-10.
        flatten(object, "marketing_features", &["features"]);
    }
}
