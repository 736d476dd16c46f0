//! <https://docs.stripe.com/api/invoices/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    json::Value,
    lift::{ids_of, ids_of_discounts, sum_of_amounts},
    mirrored::{Children, Listing, Mirrored, Object, Owned, Owner, flatten, list},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "invoices")]
#[graphql(name = "InvoiceFields")]
pub struct Model {
    /// Stripe's id, `in_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount_due: Option<i64>,
    #[graphql(skip)]
    pub amount_paid: Option<i64>,
    #[graphql(skip)]
    pub amount_remaining: Option<i64>,
    /// How often automatic payment was tried.
    pub attempt_count: Option<i32>,
    /// Whether automatic payment was tried.
    pub attempted: Option<bool>,
    /// Whether Stripe goes on by itself to collect the invoice.
    pub auto_advance: Option<bool>,
    /// Why the invoice was made.
    pub billing_reason: Option<Open<BillingReason>>,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// How the invoice is paid.
    pub collection_method: Option<Open<CollectionMethod>>,
    /// When the invoice was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// The customer's e-mail address when the invoice was finalized.
    pub customer_email: Option<String>,
    /// The customer's name when the invoice was finalized.
    pub customer_name: Option<String>,
    #[graphql(skip)]
    pub default_payment_method: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub default_tax_rates: Option<Json>,
    /// The memo, for customers.
    pub description: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    #[graphql(skip)]
    pub discounts: Option<Json>,
    /// When payment is due, for invoices that are sent.
    pub due_date: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub ending_balance: Option<i64>,
    /// When the invoice was finalized.
    pub finalized_at: Option<DateTimeUtc>,
    /// The page on which the customer can view and pay the invoice.
    pub hosted_invoice_url: Option<String>,
    /// The invoice as a PDF file.
    pub invoice_pdf: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// When the invoice was marked uncollectible.
    pub marked_uncollectible_at: Option<DateTimeUtc>,
    /// What the integration notes on the invoice.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// When payment is tried next.
    pub next_payment_attempt: Option<DateTimeUtc>,
    /// The number that the customer sees.
    pub number: Option<String>,
    /// When the invoice was paid.
    pub paid_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// The end of the usage period that pending items are taken from.
    pub period_end: Option<DateTimeUtc>,
    /// The start of the usage period that pending items are taken from.
    pub period_start: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub quote: Option<String>,
    /// The number of the receipt.
    pub receipt_number: Option<String>,
    #[graphql(skip)]
    pub starting_balance: Option<i64>,
    /// Where the invoice stands.
    pub status: Option<Open<InvoiceStatus>>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub subtotal: Option<i64>,
    #[graphql(skip)]
    pub tax: Option<i64>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    #[graphql(skip)]
    pub total: Option<i64>,
    /// When the invoice was voided.
    pub voided_at: Option<DateTimeUtc>,
    /// Whether the draft was deleted at Stripe.
    pub deleted: bool,
}

/// Where an invoice stands: <https://docs.stripe.com/invoicing/overview#invoice-statuses>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum InvoiceStatus {
    /// Not yet finalized.
    Draft,
    /// Finalized and to be paid.
    Open,
    /// Paid.
    Paid,
    /// Given up as not collectible.
    Uncollectible,
    /// Voided.
    Void,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How invoices are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CollectionMethod {
    /// With the default payment method, by Stripe.
    ChargeAutomatically,
    /// By the customer, who is sent the invoice.
    SendInvoice,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why an invoice was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BillingReason {
    /// Pending items were invoiced by themselves.
    AutomaticPendingInvoiceItemInvoice,
    /// Somebody made it.
    Manual,
    /// A quote was accepted.
    QuoteAccept,
    /// A subscription of before May 2018, in whatever way.
    Subscription,
    /// A subscription began.
    SubscriptionCreate,
    /// A period of a subscription began.
    SubscriptionCycle,
    /// What a subscription came to reached a threshold.
    SubscriptionThreshold,
    /// A subscription was changed.
    SubscriptionUpdate,
    /// It shows what is to come.
    Upcoming,
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
    const OBJECT: &'static str = "invoice";
    const LIFE_CYCLE: &'static [&'static str] = &["draft", "open", "uncollectible", "void", "paid"];
    const PATH: Option<&'static str> = Some("/invoices/{id}");
    const PREFIXES: &'static [&'static str] = &["in_"];
    const LISTING: Listing = Listing::Ranges("/invoices");
    const CHILDREN: &'static [Children] = &[
        Children {
            field: "payments",
            object: "invoice_payment",
            parent: "invoice",
            path: "/invoice_payments?invoice={id}",
            fetched_when: None,
        },
        Children {
            field: "lines",
            object: "line_item",
            parent: "invoice",
            path: "/invoices/{id}/lines",
            fetched_when: None,
        },
    ];
    const EMBEDDED: &'static [&'static str] = &["discount", "discounts", "default_tax_rates"];

    fn lift(object: &mut Object) {
        for column in ["finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"] {
            flatten(object, column, &["status_transitions", column]);
        }
        // Moved under `parent` in 2025-03-31, as were the payments.
        flatten(object, "subscription", &["parent", "subscription_details", "subscription"]);
        flatten(object, "quote", &["parent", "quote_details", "quote"]);
        ids_of_discounts(object);
        ids_of(object, "default_tax_rates");
        payment_from_payments(object);
        sum_of_amounts(object, "tax", &["total_taxes", "total_tax_amounts"]);
    }
}

fn payment_from_payments(object: &mut Object) {
    let is_default = |payment: &&Value| payment.get("is_default").and_then(Value::as_bool) == Some(true);
    let payments = list(object, "payments");
    let Some(payment) = payments.iter().find(is_default).or(payments.first()).cloned() else { return };
    for column in ["payment_intent", "charge"] {
        let value = payment.get("payment").and_then(|payment| payment.get(column));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            object.insert_absent(column, value.clone());
        }
    }
}
