//! <https://docs.stripe.com/api/setup_intents/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    payment_intent::FutureUsage,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "setup_intents")]
#[graphql(name = "SetupIntentFields")]
pub struct Model {
    /// Stripe's id, `seti_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Why the setup was canceled.
    pub cancellation_reason: Option<Open<SetupCancellationReason>>,
    /// When the setup was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the setup.
    pub description: Option<String>,
    #[graphql(skip)]
    pub last_setup_error_code: Option<String>,
    #[graphql(skip)]
    pub last_setup_error_decline_code: Option<String>,
    #[graphql(skip)]
    pub latest_attempt: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub mandate: Option<String>,
    /// What the integration notes on the setup.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    #[graphql(skip)]
    pub payment_method: Option<String>,
    #[graphql(skip)]
    pub single_use_mandate: Option<String>,
    /// Where the setup stands.
    pub status: Open<SetupIntentStatus>,
    /// How the payment method is going to be used.
    pub usage: Option<Open<FutureUsage>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where the setup of a payment method stands: <https://docs.stripe.com/payments/paymentintents/lifecycle>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SetupIntentStatus {
    /// No payment method yet, or the last one failed.
    RequiresPaymentMethod,
    /// To be confirmed.
    RequiresConfirmation,
    /// The customer has something to do, such as authenticating.
    RequiresAction,
    /// Under way.
    Processing,
    /// Canceled.
    Canceled,
    /// Done.
    Succeeded,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why the setup of a payment method was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SetupCancellationReason {
    /// The customer left it undone.
    Abandoned,
    /// There was another for the same.
    Duplicate,
    /// The customer asked for it.
    RequestedByCustomer,
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
    const OBJECT: &'static str = "setup_intent";
    const PATH: Option<&'static str> = Some("/setup_intents/{id}");
    const PREFIXES: &'static [&'static str] = &["seti_"];
    const LISTING: Listing = Listing::Ranges("/setup_intents");
    const LIFE_CYCLE: &'static [&'static str] = &[
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "canceled",
        "succeeded",
    ];

    fn lift(object: &mut Object) {
        flatten(object, "last_setup_error_code", &["last_setup_error", "code"]);
        flatten(object, "last_setup_error_decline_code", &["last_setup_error", "decline_code"]);
    }
}
