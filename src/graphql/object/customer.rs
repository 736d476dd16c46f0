//! Customers, and what is theirs.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    active_entitlement, charge, checkout_session, credit_grant, credit_note, customer,
    customer_balance_transaction, discount, invoice, invoice_item, payment_intent, payment_method, quote,
    setup_intent, subscription, subscription_schedule, tax_id, user,
};

use super::{
    ActiveEntitlement, BillingSubscription, Charge, CheckoutSession, CreditGrant, CreditNote,
    CustomerBalanceTransaction, Discount, Invoice, InvoiceItem, PaymentIntent, PaymentMethod, Product, Quote,
    SetupIntent, SubscriptionSchedule, TaxId, User, one,
};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        money::Money,
        page::{Connection, PageArgs, Paging, Shows},
    },
};

/// Somebody who pays: <https://docs.stripe.com/api/customers>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Customer {
    #[graphql(flatten)]
    row: Row<customer::Entity>,
}

impl Shows for Customer {
    type Entity = customer::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for customer::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<payment_method::Entity>("defaultPaymentMethod", "default_payment_method"),
        Join::back::<user::Entity>("user", "customer"),
        Join::many::<subscription::Entity>("subscriptions", "customer"),
        Join::many::<payment_intent::Entity>("payments", "customer"),
        Join::many::<invoice::Entity>("invoices", "customer"),
        Join::many::<charge::Entity>("charges", "customer"),
        Join::many::<payment_method::Entity>("paymentMethods", "customer"),
        Join::many::<checkout_session::Entity>("checkoutSessions", "customer"),
        Join::many::<active_entitlement::Entity>("activeEntitlements", "customer"),
        Join::many::<credit_grant::Entity>("creditGrants", "customer"),
        Join::many::<customer_balance_transaction::Entity>("balanceTransactions", "customer"),
        Join::one::<discount::Entity>("discount", "discount"),
        Join::many::<credit_note::Entity>("creditNotes", "customer"),
        Join::many::<invoice_item::Entity>("invoiceItems", "customer"),
        Join::many::<quote::Entity>("quotes", "customer"),
        Join::many::<setup_intent::Entity>("setupIntents", "customer"),
        Join::many::<subscription_schedule::Entity>("subscriptionSchedules", "customer"),
        Join::many::<tax_id::Entity>("taxIds", "customer"),
    ];
}

#[ComplexObject]
impl Customer {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What the customer owes (positive) or has to their credit (negative); absent until they have a currency.
    async fn balance(&self) -> Option<Money> {
        Money::of(self.row.balance, self.row.currency.as_deref())
    }

    /// The payment method that invoices are paid with, where nothing else says.
    async fn default_payment_method(&self, ctx: &Context<'_>) -> Result<Option<PaymentMethod>> {
        one(ctx, self.row.default_payment_method.as_deref()).await
    }

    /// The user who is this customer.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let page = load(ctx).page_of::<user::Entity>("customer", &self.row.id, PageArgs::one()).await?;
        Ok(page.rows.first().cloned().map(User::row))
    }

    /// The products that the customer is subscribed to now.
    async fn products(&self, ctx: &Context<'_>) -> Result<Vec<Product>> {
        let rows = load(ctx).subscribed_products(&self.row.id).await?;
        Ok(rows.into_iter().map(Product::row).collect())
    }

    /// The subscriptions, canceled ones among them, newest first.
    async fn subscriptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<BillingSubscription>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The payments, newest first.
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PaymentIntent>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The invoices, newest first.
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Invoice>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The charges, newest first.
    async fn charges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Charge>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The payment methods that are kept, newest first.
    async fn payment_methods(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PaymentMethod>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The Checkout sessions, newest first.
    async fn checkout_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CheckoutSession>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// What is taken off all the customer's invoices.
    async fn discount(&self, ctx: &Context<'_>) -> Result<Option<Discount>> {
        one(ctx, self.row.discount.as_deref()).await
    }

    /// The credit notes, newest first.
    async fn credit_notes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CreditNote>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// What is to be charged beside subscriptions, or was.
    async fn invoice_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<InvoiceItem>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The quotes, newest first.
    async fn quotes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Quote>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The setups of payment methods, newest first.
    async fn setup_intents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SetupIntent>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The subscription schedules, newest first.
    async fn subscription_schedules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SubscriptionSchedule>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The tax ids, newest first.
    async fn tax_ids(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<TaxId>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// What the customer has access to now.
    async fn active_entitlements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ActiveEntitlement>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// The credit that pays for usage, newest first.
    async fn credit_grants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CreditGrant>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }

    /// What moved the customer's balance, newest first.
    async fn balance_transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CustomerBalanceTransaction>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "customer", &self.row.id, paging).await
    }
}
