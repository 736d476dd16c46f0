//! <https://docs.stripe.com/api/credit_notes/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    json::Value,
    lift::sum_of_amounts,
    mirrored::{Listing, Mirrored, Object, Owned, Owner},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "credit_notes")]
#[graphql(name = "CreditNoteFields")]
pub struct Model {
    /// Stripe's id, `cn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub amount_shipping: Option<i64>,
    /// When the credit note was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    #[graphql(skip)]
    pub customer_balance_transaction: Option<String>,
    #[graphql(skip)]
    pub discount_amount: Option<i64>,
    /// The date that the customer sees, where it is not that of its making.
    pub effective_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the customer reads on it.
    pub memo: Option<String>,
    /// What the integration notes on the credit note.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The number that the customer sees.
    pub number: Option<String>,
    #[graphql(skip)]
    pub out_of_band_amount: Option<i64>,
    /// The credit note as a PDF file.
    pub pdf: Option<String>,
    /// Why.
    pub reason: Option<Open<CreditNoteReason>>,
    #[graphql(skip)]
    pub refund: Option<String>,
    /// Where the credit note stands.
    pub status: Option<Open<CreditNoteStatus>>,
    #[graphql(skip)]
    pub subtotal: Option<i64>,
    #[graphql(skip)]
    pub tax: Option<i64>,
    #[graphql(skip)]
    pub total: Option<i64>,
    /// Whether it was made before or after the invoice was paid.
    #[graphql(name = "type")]
    pub r#type: Option<Open<CreditNoteType>>,
    /// When the credit note was voided.
    pub voided_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a credit note stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditNoteStatus {
    /// In force.
    Issued,
    /// Voided.
    Void,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why an invoice was lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditNoteReason {
    /// It was charged twice.
    Duplicate,
    /// It was fraud.
    Fraudulent,
    /// The order was changed.
    OrderChange,
    /// The product was not what the customer wanted.
    ProductUnsatisfactory,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Whether an invoice was lowered before or after it was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditNoteType {
    /// In part before, in part after.
    Mixed,
    /// After.
    PostPayment,
    /// Before.
    PrePayment,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "credit_note";
    const PATH: Option<&'static str> = Some("/credit_notes/{id}");
    const PREFIXES: &'static [&'static str] = &["cn_"];
    const LISTING: Listing = Listing::Ranges("/credit_notes");
    const LIFE_CYCLE: &'static [&'static str] = &["issued", "void"];

    fn lift(object: &mut Object) {
        refund_from_refunds(object);
        sum_of_amounts(object, "tax", &["total_taxes", "tax_amounts"]);
    }
}

/// Until 2025-03-31 a credit note had at most one refund.
fn refund_from_refunds(object: &mut Object) {
    let refunds = object.get("refunds").and_then(Value::as_array);
    let first = refunds.and_then(|refunds| refunds.iter().find_map(|refund| refund.get("refund")));
    if let Some(first) = first.filter(|refund| !refund.is_null()).cloned() {
        object.insert_absent("refund", first);
    }
}
