//! <https://docs.stripe.com/api/disputes/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "disputes")]
#[graphql(name = "DisputeFields")]
pub struct Model {
    /// Stripe's id, `dp_…` or `du_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub charge: Option<String>,
    /// When the dispute was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    /// Until when evidence can be submitted.
    pub evidence_details_due_by: Option<DateTimeUtc>,
    /// Whether there is evidence, submitted or not.
    pub evidence_details_has_evidence: Option<bool>,
    /// Whether evidence came too late, or not at all.
    pub evidence_details_past_due: Option<bool>,
    /// How often evidence was submitted.
    pub evidence_details_submission_count: Option<i32>,
    /// Whether the charge can still be refunded to end the dispute.
    pub is_charge_refundable: Option<bool>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the dispute.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The card network's own code of the reason.
    pub network_reason_code: Option<String>,
    #[graphql(skip)]
    pub payment_intent: Option<String>,
    /// Why the cardholder disputes.
    pub reason: Option<Open<DisputeReason>>,
    /// Where the dispute stands.
    pub status: Open<DisputeStatus>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a dispute stands: <https://docs.stripe.com/disputes/how-disputes-work>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DisputeStatus {
    /// An inquiry is to be answered.
    WarningNeedsResponse,
    /// The answer to an inquiry is looked at.
    WarningUnderReview,
    /// An inquiry that became no dispute.
    WarningClosed,
    /// To be answered.
    NeedsResponse,
    /// The answer is looked at.
    UnderReview,
    /// Lost at first, and can be appealed.
    AppealNeedsResponse,
    /// The appeal is looked at.
    AppealUnderReview,
    /// Settled before it became a dispute.
    Prevented,
    /// Won: the money stays.
    Won,
    /// Lost, or accepted: the money is gone.
    Lost,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why a payer disputes: <https://docs.stripe.com/disputes/categories>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DisputeReason {
    /// The customer's bank cannot process it.
    BankCannotProcess,
    /// A check was returned.
    CheckReturned,
    /// What was to be given back was not.
    CreditNotProcessed,
    /// The customer told the bank, and no more is known.
    CustomerInitiated,
    /// The debit was not authorized.
    DebitNotAuthorized,
    /// It was charged twice.
    Duplicate,
    /// The cardholder did not make the payment.
    Fraudulent,
    /// None of the others.
    General,
    /// The details of the account were wrong.
    IncorrectAccountDetails,
    /// There was not enough money.
    InsufficientFunds,
    /// It breaks the network's rules.
    Noncompliant,
    /// The product did not arrive.
    ProductNotReceived,
    /// The product was not as described.
    ProductUnacceptable,
    /// The subscription was canceled before.
    SubscriptionCanceled,
    /// The cardholder does not know the payment.
    Unrecognized,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "charge", table: "charges" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "dispute";
    const PATH: Option<&'static str> = Some("/disputes/{id}");
    const PREFIXES: &'static [&'static str] = &["dp_", "du_"];
    const LISTING: Listing = Listing::Ranges("/disputes");
    const LIFE_CYCLE: &'static [&'static str] = &[
        "warning_needs_response",
        "warning_under_review",
        "warning_closed",
        "needs_response",
        "under_review",
        "appeal_needs_response",
        "appeal_under_review",
        "prevented",
        "lost",
        "won",
    ];

    fn lift(object: &mut Object) {
        for fact in ["due_by", "has_evidence", "past_due", "submission_count"] {
            flatten(object, format!("evidence_details_{fact}"), &["evidence_details", fact]);
        }
        flatten(object, "network_reason_code", &["payment_method_details", "card", "network_reason_code"]);
    }
}
