//! <https://docs.stripe.com/api/payment_methods/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payment_methods")]
#[graphql(name = "PaymentMethodFields")]
pub struct Model {
    /// Stripe's id, `pm_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The billing details, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub billing_details: Option<Json>,
    #[graphql(skip)]
    pub card_brand: Option<String>,
    #[graphql(skip)]
    pub card_exp_month: Option<i32>,
    #[graphql(skip)]
    pub card_exp_year: Option<i32>,
    #[graphql(skip)]
    pub card_funding: Option<String>,
    #[graphql(skip)]
    pub card_last4: Option<String>,
    /// When the payment method was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the payment method.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Stripe's name of the kind: `card`, `sepa_debit`, …
    #[graphql(name = "type")]
    pub r#type: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "payment_method";
    const PATH: Option<&'static str> = Some("/payment_methods/{id}");
    const PREFIXES: &'static [&'static str] = &["pm_"];
    const LISTING: Listing = Listing::Each { of: "customer", path: "/payment_methods?customer={id}" };

    fn lift(object: &mut Object) {
        for (column, field) in [
            ("card_brand", "brand"),
            ("card_exp_month", "exp_month"),
            ("card_exp_year", "exp_year"),
            ("card_funding", "funding"),
            ("card_last4", "last4"),
        ] {
            flatten(object, column, &["card", field]);
        }
    }
}
