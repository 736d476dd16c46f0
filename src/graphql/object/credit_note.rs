//! Credit notes, and what they correct.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    credit_note::{self, CreditNoteReason, CreditNoteStatus},
    customer, customer_balance_transaction, invoice, refund,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What a finalized invoice is lowered by: <https://docs.stripe.com/api/credit_notes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditNote {
    #[graphql(flatten)]
    row: Row<credit_note::Entity>,
    #[graphql(flatten)]
    declared: Declared<credit_note::Entity>,
}

impl Shows for CreditNote {
    type Entity = credit_note::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for credit_note::Entity {
    type Shown = CreditNote;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that is corrected."),
        Join::one::<refund::Entity>(
            "refund",
            "refund",
            "What was given back; the first, where there are several.",
        ),
        Join::one::<customer_balance_transaction::Entity>(
            "customerBalanceTransaction",
            "customer_balance_transaction",
            "What it moved of the customer's balance.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<CreditNoteStatus>("status"),
        By::value("number"),
        By::choice::<CreditNoteReason>("reason"),
        By::value("total"),
    ];
}

#[ComplexObject]
impl CreditNote {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is credited, with taxes.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What discounts took off.
    async fn discount_amount(&self) -> Option<Money> {
        Money::of(self.row.discount_amount, Some(&self.row.currency))
    }

    /// What was given back outside Stripe.
    async fn out_of_band_amount(&self) -> Option<Money> {
        Money::of(self.row.out_of_band_amount, Some(&self.row.currency))
    }

    /// All lines, before discounts and taxes.
    async fn subtotal(&self) -> Option<Money> {
        Money::of(self.row.subtotal, Some(&self.row.currency))
    }

    /// All taxes.
    async fn tax(&self) -> Option<Money> {
        Money::of(self.row.tax, Some(&self.row.currency))
    }

    /// All lines, after discounts and taxes.
    async fn total(&self) -> Option<Money> {
        Money::of(self.row.total, Some(&self.row.currency))
    }
}
