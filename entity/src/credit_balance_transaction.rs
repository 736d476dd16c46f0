//! <https://docs.stripe.com/api/billing/credit-balance-transaction/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "credit_balance_transactions")]
#[graphql(name = "CreditBalanceTransactionFields")]
pub struct Model {
    /// Stripe's id, `cbtxn_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub amount: Option<i64>,
    /// When the transaction was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub credit_grant: Option<String>,
    /// Why the balance grew.
    pub credit_type: Option<Open<CreditType>>,
    #[graphql(skip)]
    pub currency: Option<String>,
    /// Why the balance shrank.
    pub debit_type: Option<Open<DebitType>>,
    /// From when the transaction counts.
    pub effective_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// Whether the balance grew or shrank.
    #[graphql(name = "type")]
    pub r#type: Option<Open<CreditBalanceTransactionType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Which way a customer's credit moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditBalanceTransactionType {
    /// There is more of it.
    Credit,
    /// There is less of it.
    Debit,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why there is more credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CreditType {
    /// The invoice that it had paid was voided.
    CreditsApplicationInvoiceVoided,
    /// It was granted.
    CreditsGranted,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Why there is less credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DebitType {
    /// It paid an invoice.
    CreditsApplied,
    /// It expired.
    CreditsExpired,
    /// It was taken back.
    CreditsVoided,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "credit_grant", table: "credit_grants" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "billing.credit_balance_transaction";
    const PATH: Option<&'static str> = Some("/billing/credit_balance_transactions/{id}");
    const PREFIXES: &'static [&'static str] = &["cbtxn_"];
    const LISTING: Listing =
        Listing::Each { of: "customer", path: "/billing/credit_balance_transactions?customer={id}" };

    fn lift(object: &mut Object) {
        for (side, cause) in [("credit", "credits_application_invoice_voided"), ("debit", "credits_applied")]
        {
            flatten(object, format!("{side}_type"), &[side, "type"]);
            flatten(object, "amount", &[side, "amount", "monetary", "value"]);
            flatten(object, "currency", &[side, "amount", "monetary", "currency"]);
            flatten(object, "invoice", &[side, cause, "invoice"]);
        }
    }
}
