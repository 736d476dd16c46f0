//! Invoices, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge, checkout_session, credit_balance_transaction, credit_note, customer,
    customer_balance_transaction, discount,
    invoice::{self, BillingReason, CollectionMethod, InvoiceStatus},
    invoice_item, invoice_line_item, invoice_payment, payment_intent, payment_method, quote, subscription,
    tax_rate, test_clock,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What is owed, and what was paid of it: <https://docs.stripe.com/api/invoices>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Invoice {
    #[graphql(flatten)]
    row: Row<invoice::Entity>,
    #[graphql(flatten)]
    declared: Declared<invoice::Entity>,
}

impl Shows for Invoice {
    type Entity = invoice::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for invoice::Entity {
    type Shown = Invoice;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that the invoice is of, if it is of one.",
        ),
        Join::one::<payment_intent::Entity>(
            "payment",
            "payment_intent",
            "The payment that pays the invoice; the default one, where there are several.",
        ),
        Join::one::<charge::Entity>(
            "charge",
            "charge",
            "The charge that paid the invoice; the default one, where there are several.",
        )
        .unindexed(),
        Join::many::<invoice_payment::Entity>(
            "invoicePayments",
            "invoice",
            "All payments of the invoice, newest first.",
        ),
        Join::one::<quote::Entity>("quote", "quote", "The quote that the invoice came of.").unindexed(),
        Join::many::<invoice_line_item::Entity>("lines", "invoice", "What is charged."),
        Join::many::<credit_note::Entity>(
            "creditNotes",
            "invoice",
            "What the invoice was lowered by later, newest first.",
        ),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>(
            "defaultTaxRates",
            "default_tax_rates",
            "The taxes of lines that have none of their own.",
        ),
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
        Join::one::<payment_method::Entity>(
            "defaultPaymentMethod",
            "default_payment_method",
            "What it is paid with, instead of the subscription's or the customer's default.",
        ),
        Join::back::<checkout_session::Entity>(
            "checkoutSession",
            "invoice",
            "The Checkout session that it came of.",
        ),
        Join::one::<test_clock::Entity>(
            "testClock",
            "test_clock",
            "The clock whose time it has, where it is made for a test.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<InvoiceStatus>("status").indexed(),
        By::value("number").indexed(),
        By::value("amount_due"),
        By::choice::<BillingReason>("billing_reason"),
        By::choice::<CollectionMethod>("collection_method"),
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
}
