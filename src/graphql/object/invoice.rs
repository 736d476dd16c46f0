//! Invoices, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    charge, credit_balance_transaction, credit_note, customer, customer_balance_transaction, discount,
    invoice, invoice::InvoiceStatus, invoice_item, invoice_line_item, invoice_payment, open::Open,
    payment_intent, quote, subscription,
};

use super::{BillingSubscription, Charge, Customer, Discount, Linked, PaymentIntent, Quote, each, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        lists::Lists,
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What is owed, and what was paid of it: <https://docs.stripe.com/api/invoices>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Invoice {
    #[graphql(flatten)]
    row: Row<invoice::Entity>,
    #[graphql(flatten)]
    lists: Lists<invoice::Entity>,
}

impl Shows for Invoice {
    type Entity = invoice::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }
}

impl Joined for invoice::Entity {
    type Shown = Invoice;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<charge::Entity>("charge", "charge").unindexed(),
        Join::many::<invoice_payment::Entity>(
            "invoicePayments",
            "invoice",
            "All payments of the invoice, newest first.",
        ),
        Join::one::<quote::Entity>("quote", "quote").unindexed(),
        Join::many::<invoice_line_item::Entity>("lines", "invoice", "What is charged."),
        Join::many::<credit_note::Entity>(
            "creditNotes",
            "invoice",
            "What the invoice was lowered by later, newest first.",
        ),
        Join::each::<discount::Entity>("discounts", "discounts"),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "invoice",
            "What was charged beside subscriptions.",
        ),
        Join::many::<charge::Entity>("charges", "invoice", "The charges, newest first."),
        Join::many::<payment_intent::Entity>(
            "payments",
            "invoice",
            "The payments that were begun for it, newest first.",
        ),
        Join::many::<customer_balance_transaction::Entity>(
            "balanceTransactions",
            "invoice",
            "What it moved of the customer's balance, newest first.",
        ),
        Join::many::<credit_balance_transaction::Entity>(
            "creditBalanceTransactions",
            "invoice",
            "The credit that paid for it, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<InvoiceStatus>("status").indexed(),
        By::value("number").indexed(),
        By::value("amount_due"),
        By::value("billing_reason"),
        By::value("collection_method"),
        By::value("currency"),
        By::value("due_date"),
        By::value("total"),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
}

#[ComplexObject]
impl Invoice {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> Option<&str> {
        self.row.status.as_ref().map(Open::as_str)
    }

    /// What is to be paid at the due date.
    async fn amount_due(&self) -> Option<Money> {
        Money::of(self.row.amount_due, self.row.currency.as_deref())
    }

    /// What was paid.
    async fn amount_paid(&self) -> Option<Money> {
        Money::of(self.row.amount_paid, self.row.currency.as_deref())
    }

    /// What is still to be paid.
    async fn amount_remaining(&self) -> Option<Money> {
        Money::of(self.row.amount_remaining, self.row.currency.as_deref())
    }

    /// All items, before discounts and taxes.
    async fn subtotal(&self) -> Option<Money> {
        Money::of(self.row.subtotal, self.row.currency.as_deref())
    }

    /// All taxes.
    async fn tax(&self) -> Option<Money> {
        Money::of(self.row.tax, self.row.currency.as_deref())
    }

    /// All items, after discounts and taxes.
    async fn total(&self) -> Option<Money> {
        Money::of(self.row.total, self.row.currency.as_deref())
    }

    /// The customer's balance before the invoice.
    async fn starting_balance(&self) -> Option<Money> {
        Money::of(self.row.starting_balance, self.row.currency.as_deref())
    }

    /// The customer's balance after the invoice.
    async fn ending_balance(&self) -> Option<Money> {
        Money::of(self.row.ending_balance, self.row.currency.as_deref())
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The subscription that the invoice is of, if it is of one.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The payment that pays the invoice; the default one, where there are several.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// The charge that paid the invoice; the default one, where there are several.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }

    /// The quote that the invoice came of.
    async fn quote(&self, ctx: &Context<'_>) -> Result<Linked<Quote>> {
        one(ctx, self.row.quote.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
