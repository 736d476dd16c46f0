//! <https://docs.stripe.com/api/billing/credit-balance-transaction/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten};

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
    /// Why the balance grew: `credits_granted` or `credits_application_invoice_voided`.
    pub credit_type: Option<String>,
    #[graphql(skip)]
    pub currency: Option<String>,
    /// Why the balance shrank: `credits_applied`, `credits_expired` or `credits_voided`.
    pub debit_type: Option<String>,
    /// From when the transaction counts.
    pub effective_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub invoice: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    /// Whether the balance grew or shrank: `credit` or `debit`.
    #[graphql(name = "type")]
    pub r#type: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
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
            flatten(object, &format!("{side}_type"), &[side, "type"]);
            flatten(object, "amount", &[side, "amount", "monetary", "value"]);
            flatten(object, "currency", &[side, "amount", "monetary", "currency"]);
            flatten(object, "invoice", &[side, cause, "invoice"]);
        }
    }
}
