//! <https://docs.stripe.com/api/customer_balance_transactions/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "customer_balance_transactions")]
#[graphql(name = "CustomerBalanceTransactionFields")]
pub struct Model {
    /// Stripe's id, `cbtxn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: i64,
    #[graphql(skip)]
    pub checkout_session: Option<String>,
    /// When the transaction was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub credit_note: Option<String>,
    #[graphql(skip)]
    pub currency: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// A note on the transaction.
    pub description: Option<String>,
    #[graphql(skip)]
    pub ending_balance: Option<i64>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the transaction.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// What changed the balance.
    #[graphql(name = "type")]
    pub r#type: Option<Open<CustomerBalanceTransactionType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// What moved a customer's balance: <https://docs.stripe.com/billing/customer/balance#types>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CustomerBalanceTransactionType {
    /// Somebody set it right.
    Adjustment,
    /// It paid an invoice.
    AppliedToInvoice,
    /// A Checkout session that began a subscription.
    CheckoutSessionSubscriptionPayment,
    /// A Checkout session that was to begin a subscription.
    CheckoutSessionSubscriptionPaymentCanceled,
    /// A credit note.
    CreditNote,
    /// Its first value.
    Initial,
    /// An invoice that was paid too much.
    InvoiceOverpaid,
    /// An invoice that is too large to charge.
    InvoiceTooLarge,
    /// An invoice that is too small to charge.
    InvoiceTooSmall,
    /// It came from elsewhere.
    Migration,
    /// An invoice that it had paid was voided or changed.
    UnappliedFromInvoice,
    /// What was left of a source.
    UnspentReceiverCredit,
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
    const OBJECT: &'static str = "customer_balance_transaction";
    const PATH: Option<&'static str> = Some("/customers/{customer}/balance_transactions/{id}");
    const PREFIXES: &'static [&'static str] = &["cbtxn_"];
    const LISTING: Listing = Listing::Each { of: "customer", path: "/customers/{id}/balance_transactions" };
}
