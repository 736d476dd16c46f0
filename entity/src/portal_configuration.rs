//! <https://docs.stripe.com/api/customer_portal/configurations/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    json::Value,
    lift::ids_of,
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "portal_configurations")]
#[graphql(name = "PortalConfigurationFields")]
pub struct Model {
    /// Stripe's id, `bpc_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether sessions can be made with the configuration.
    pub active: bool,
    #[graphql(skip)]
    pub application: Option<String>,
    /// What the portal says of the business, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub business_profile: Option<Json>,
    /// When the configuration was created at Stripe.
    pub created: DateTimeUtc,
    /// Where the portal leads back to, unless a session says otherwise.
    pub default_return_url: Option<String>,
    /// What customers can do in the portal, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub features: Option<Json>,
    /// Whether sessions use it that name none.
    pub is_default: Option<bool>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The page on which customers sign in by themselves, if there is one.
    pub login_page_url: Option<String>,
    /// What the integration notes on the configuration.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The name, for the merchant.
    pub name: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub prices: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub products: Option<Json>,
    /// When the configuration was last changed at Stripe.
    pub updated: Option<DateTimeUtc>,
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
    const OBJECT: &'static str = "billing_portal.configuration";
    const PATH: Option<&'static str> =
        Some("/billing_portal/configurations/{id}?expand%5B%5D=features.subscription_update.products");
    const PREFIXES: &'static [&'static str] = &["bpc_"];
    const LISTING: Listing = Listing::Whole(
        "/billing_portal/configurations?expand%5B%5D=data.features.subscription_update.products",
    );
    const IS_ABRIDGED: bool = true;

    fn lift(object: &mut Object) {
        flatten(object, "login_page_url", &["login_page", "url"]);
        products_and_prices(object);
    }
}

/// What customers may change their subscriptions to: some prices of each of some products.
fn products_and_prices(object: &mut Object) {
    let features = object.get("features");
    let offers = features.and_then(|features| features.at(&["subscription_update", "products"]));
    let Some(offers) = offers.and_then(Value::as_array) else { return };
    let products: Vec<Value> = offers.iter().filter_map(|offer| offer.get("product").cloned()).collect();
    let prices = offers.iter().filter_map(|offer| offer.get("prices")?.as_array());
    let prices: Vec<Value> = prices.flatten().cloned().collect();
    for (column, named) in [("products", products), ("prices", prices)] {
        object.insert(column, named);
        ids_of(object, column);
    }
}
