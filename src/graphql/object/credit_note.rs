//! Credit notes, and what they correct.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{credit_note, credit_note::CreditNoteStatus, customer, invoice, open::Open, refund};

use super::{Customer, Invoice, Linked, Refund, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What a finalized invoice is lowered by: <https://docs.stripe.com/api/credit_notes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditNote {
    #[graphql(flatten)]
    row: Row<credit_note::Entity>,
}

impl Shows for CreditNote {
    type Entity = credit_note::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for credit_note::Entity {
    type Shown = CreditNote;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<refund::Entity>("refund", "refund").unindexed(),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<CreditNoteStatus>("status"),
        By::value("number"),
        By::value("reason"),
        By::value("total"),
    ];
}

#[ComplexObject]
impl CreditNote {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> Option<&str> {
        self.row.status.as_ref().map(Open::as_str)
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

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The invoice that is corrected.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// What was given back; the first, where there are several.
    async fn refund(&self, ctx: &Context<'_>) -> Result<Linked<Refund>> {
        one(ctx, self.row.refund.as_deref()).await
    }
}
