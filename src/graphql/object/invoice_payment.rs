//! Invoice payments: which payment pays which invoice.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{charge, invoice, invoice_payment, payment_intent};

use super::{Charge, Invoice, Linked, PaymentIntent, one};
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

/// A payment of an invoice: <https://docs.stripe.com/api/invoice-payment>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoicePayment {
    #[graphql(flatten)]
    row: Row<invoice_payment::Entity>,
}

impl Shows for InvoicePayment {
    type Entity = invoice_payment::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for invoice_payment::Entity {
    type Shown = InvoicePayment;

    const JOINS: &'static [Join] = &[
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<charge::Entity>("charge", "charge").unindexed(),
    ];
    const FILTERS: &'static [By] = &[By::value("status")];
}

#[ComplexObject]
impl InvoicePayment {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What was paid.
    async fn amount_paid(&self) -> Option<Money> {
        Money::of(self.row.amount_paid, self.row.currency.as_deref())
    }

    /// What is to be paid.
    async fn amount_requested(&self) -> Option<Money> {
        Money::of(self.row.amount_requested, self.row.currency.as_deref())
    }

    /// What is paid.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The payment.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// The charge, where there is no payment.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }
}
