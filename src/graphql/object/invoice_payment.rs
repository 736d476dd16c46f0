//! Invoice payments: which payment pays which invoice.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge, invoice,
    invoice_payment::{self, InvoicePaymentStatus},
    payment_intent,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// A payment of an invoice: <https://docs.stripe.com/api/invoice-payment>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoicePayment {
    #[graphql(flatten)]
    row: Row<invoice_payment::Entity>,
    #[graphql(flatten)]
    declared: Declared<invoice_payment::Entity>,
}

impl Shows for InvoicePayment {
    type Entity = invoice_payment::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for invoice_payment::Entity {
    type Shown = InvoicePayment;

    const JOINS: &'static [Join] = &[
        Join::one::<invoice::Entity>("invoice", "invoice", "What is paid."),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment."),
        Join::one::<charge::Entity>("charge", "charge", "The charge, where there is no payment."),
    ];
    const FILTERS: &'static [By] = &[By::choice::<InvoicePaymentStatus>("status")];
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
}
