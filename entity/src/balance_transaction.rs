//! <https://docs.stripe.com/api/balance_transactions/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Json,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "balance_transactions")]
#[graphql(name = "BalanceTransactionFields")]
pub struct Model {
    /// Stripe's id, `txn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    /// When the money becomes available.
    pub available_on: Option<DateTimeUtc>,
    /// The balance that it moves.
    pub balance_type: Option<Open<BalanceType>>,
    /// When the transaction was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub currency: String,
    /// A note on the transaction.
    pub description: Option<String>,
    /// The rate at which a foreign currency was exchanged, as a decimal number.
    pub exchange_rate: Option<String>,
    #[graphql(skip)]
    pub fee: Option<i64>,
    /// What the fee consists of, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub fee_details: Option<Json>,
    #[graphql(skip)]
    pub net: Option<i64>,
    /// The line of Stripe's reports that it counts in: `charge`, `refund`, `payout`, …
    pub reporting_category: Option<String>,
    #[graphql(skip)]
    pub source: Option<String>,
    /// Whether the money is available.
    pub status: Open<BalanceTransactionStatus>,
    /// What moved the money.
    #[graphql(name = "type")]
    pub r#type: Option<Open<BalanceTransactionType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Whether the money of a balance transaction is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BalanceTransactionStatus {
    /// Not yet.
    Pending,
    /// Available.
    Available,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Which balance a transaction moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BalanceType {
    /// That of issued cards.
    Issuing,
    /// That of payments.
    Payments,
    /// What is paid in for refunds and disputes.
    RefundAndDisputePrefunding,
    /// What is held back for risks.
    RiskReserved,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What moved the balance: <https://docs.stripe.com/reports/balance-transaction-types>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BalanceTransactionType {
    /// A correction by Stripe.
    Adjustment,
    /// Money that Stripe advanced.
    Advance,
    /// What funds an advance.
    AdvanceFunding,
    /// What was anticipated is paid back.
    AnticipationRepayment,
    /// A platform's fee.
    ApplicationFee,
    /// A platform's fee that was given back.
    ApplicationFeeRefund,
    /// A charge.
    Charge,
    /// An order of carbon removal.
    ClimateOrderPurchase,
    /// An order of carbon removal that was given back.
    ClimateOrderRefund,
    /// What covers a connected account's debt.
    ConnectCollectionTransfer,
    /// A contribution to carbon removal.
    Contribution,
    /// What funds a credit for fees.
    FeeCreditFunding,
    /// Money that came from a bank.
    InboundTransfer,
    /// Money that came from a bank and went back.
    InboundTransferReversal,
    /// What is held for an authorization of an issued card.
    IssuingAuthorizationHold,
    /// What was held for an authorization of an issued card.
    IssuingAuthorizationRelease,
    /// A dispute of an issued card's payment.
    IssuingDispute,
    /// A credit while an issued card's payment is disputed.
    IssuingDisputeProvisionalCredit,
    /// A credit while an issued card's payment is disputed, taken back.
    IssuingDisputeProvisionalCreditReversal,
    /// A payment with an issued card.
    IssuingTransaction,
    /// A debt that was passed on.
    ObligationOutbound,
    /// A debt that came back.
    ObligationReversalInbound,
    /// A payment by another method than a card.
    Payment,
    /// A payment that failed later.
    PaymentFailureRefund,
    /// What is held for a payment network.
    PaymentNetworkReserveHold,
    /// What was held for a payment network.
    PaymentNetworkReserveRelease,
    /// A payment that was given back.
    PaymentRefund,
    /// A payment that was taken back.
    PaymentReversal,
    /// A payment that could not be assigned.
    PaymentUnreconciled,
    /// A payout.
    Payout,
    /// A payout that was canceled.
    PayoutCancel,
    /// A payout that failed.
    PayoutFailure,
    /// What is held as the least balance.
    PayoutMinimumBalanceHold,
    /// What was held as the least balance.
    PayoutMinimumBalanceRelease,
    /// Money that was given back.
    Refund,
    /// Money that could not be given back.
    RefundFailure,
    /// What is held in a reserve.
    ReserveHold,
    /// What was held in a reserve.
    ReserveRelease,
    /// A movement of a reserve.
    ReserveTransaction,
    /// What is set aside for risks.
    ReservedFunds,
    /// What is paid from the balance.
    StripeBalancePaymentDebit,
    /// What was paid from the balance and came back.
    StripeBalancePaymentDebitReversal,
    /// Stripe's fee.
    StripeFee,
    /// Stripe's fee for exchanging a currency.
    StripeFxFee,
    /// Tax on fees.
    TaxFee,
    /// What was taken for taxes.
    TaxFund,
    /// Money that the merchant paid in.
    Topup,
    /// Money that the merchant paid in and took back.
    TopupReversal,
    /// Money that went to a connected account.
    Transfer,
    /// A transfer that was canceled.
    TransferCancel,
    /// A transfer that failed.
    TransferFailure,
    /// A transfer that came back.
    TransferRefund,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "balance_transaction";
    const PATH: Option<&'static str> = Some("/balance_transactions/{id}");
    const PREFIXES: &'static [&'static str] = &["txn_"];
    const LISTING: Listing = Listing::Ranges("/balance_transactions");
    const LIFE_CYCLE: &'static [&'static str] = &["pending", "available"];
}
