//! <https://docs.stripe.com/api/invoice-payment/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "invoice_payments")]
#[graphql(name = "InvoicePaymentFields")]
pub struct Model {
    /// Stripe's id, `inpay_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount_paid: Option<i64>,
    #[graphql(skip)]
    pub amount_requested: Option<i64>,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// When the payment was attached to the invoice.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether Stripe keeps the payment in step with the invoice's amount.
    pub is_default: Option<bool>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// Where the payment stands.
    pub status: Option<Open<InvoicePaymentStatus>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where the payment of an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum InvoicePaymentStatus {
    /// Canceled.
    Canceled,
    /// To be paid.
    Open,
    /// Paid.
    Paid,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "invoice", table: "invoices" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "invoice_payment";
    const PATH: Option<&'static str> = Some("/invoice_payments/{id}");
    const PREFIXES: &'static [&'static str] = &["inpay_"];
    const LISTING: Listing = Listing::Ranges("/invoice_payments");
    const LIFE_CYCLE: &'static [&'static str] = &["open", "canceled", "paid"];

    fn lift(object: &mut Object) {
        flatten(object, "payment_intent", &["payment", "payment_intent"]);
        flatten(object, "charge", &["payment", "charge"]);
    }
}
