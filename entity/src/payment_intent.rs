//! <https://docs.stripe.com/api/payment_intents/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten, list},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payment_intents")]
#[graphql(name = "PaymentIntentFields")]
pub struct Model {
    /// Stripe's id, `pi_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub amount_capturable: Option<i64>,
    #[graphql(skip)]
    pub amount_received: Option<i64>,
    /// When the payment was canceled.
    pub canceled_at: Option<DateTimeUtc>,
    /// Why the payment was canceled.
    pub cancellation_reason: Option<Open<PaymentCancellationReason>>,
    /// When the money is taken.
    pub capture_method: Option<Open<CaptureMethod>>,
    /// When the payment was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the payment.
    pub description: Option<String>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    #[graphql(skip)]
    pub last_payment_error_code: Option<String>,
    #[graphql(skip)]
    pub last_payment_error_decline_code: Option<String>,
    #[graphql(skip)]
    pub latest_charge: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the payment.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    #[graphql(skip)]
    pub payment_method: Option<String>,
    /// The e-mail address that the receipt goes to.
    pub receipt_email: Option<String>,
    /// Whether the payment method is kept for later.
    pub setup_future_usage: Option<Open<FutureUsage>>,
    /// What appears on the customer's statement.
    pub statement_descriptor: Option<String>,
    /// Where the payment stands.
    pub status: Open<PaymentIntentStatus>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a payment stands: <https://docs.stripe.com/payments/paymentintents/lifecycle>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentIntentStatus {
    /// No payment method yet, or the last one failed.
    RequiresPaymentMethod,
    /// To be confirmed.
    RequiresConfirmation,
    /// The customer has something to do, such as authenticating.
    RequiresAction,
    /// Under way.
    Processing,
    /// Authorized and to be captured.
    RequiresCapture,
    /// Canceled.
    Canceled,
    /// Paid.
    Succeeded,
    /// A value that this version of the API does not know.
    Unknown,
}

/// When the money of a payment is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CaptureMethod {
    /// As soon as the customer authorizes it.
    Automatic,
    /// Soon after the customer authorized it.
    AutomaticAsync,
    /// When the integration asks for it.
    Manual,
    /// When the integration asks for it, where the payment method allows that.
    ManualPreferred,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How a payment method that is kept is going to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FutureUsage {
    /// It is not kept.
    None,
    /// Also while the customer is away.
    OffSession,
    /// Only while the customer is there.
    OnSession,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why a payment was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentCancellationReason {
    /// The customer left it undone.
    Abandoned,
    /// Stripe canceled it by itself.
    Automatic,
    /// There was another for the same.
    Duplicate,
    /// It was not completed in time.
    Expired,
    /// Its invoice could not be paid.
    FailedInvoice,
    /// It was taken for fraud.
    Fraudulent,
    /// The customer asked for it.
    RequestedByCustomer,
    /// Its invoice was voided.
    VoidInvoice,
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
    const OBJECT: &'static str = "payment_intent";
    const PATH: Option<&'static str> = Some("/payment_intents/{id}");
    const PREFIXES: &'static [&'static str] = &["pi_"];
    const LISTING: Listing = Listing::Ranges("/payment_intents");
    const LIFE_CYCLE: &'static [&'static str] = &[
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
        "canceled",
        "succeeded",
    ];

    fn lift(object: &mut Object) {
        flatten(object, "last_payment_error_code", &["last_payment_error", "code"]);
        flatten(object, "last_payment_error_decline_code", &["last_payment_error", "decline_code"]);
        // Until 2022-11-15 the charges came along instead of the latest one's id.
        if let Some(latest) = list(object, "charges").first().cloned() {
            object.insert_absent("latest_charge", latest);
        }
    }
}
