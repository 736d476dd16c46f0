//! Customers, and what is theirs.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    active_entitlement, charge, checkout_session, credit_grant, credit_note, customer,
    customer_balance_transaction, discount, invoice, invoice_item, organization, payment_intent,
    payment_method, promotion_code, quote, setup_intent, subscription, subscription_schedule, tax_id, user,
};

use super::{Discount, Linked, Organization, PaymentMethod, Product, User, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        in_place::InPlace,
        join::{Computed, Join, Joined},
        lists::Lists,
        load::{Row, load},
        money::Money,
        page::{PageArgs, Shows},
    },
};

/// Somebody who pays: <https://docs.stripe.com/api/customers>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Customer {
    #[graphql(flatten)]
    row: Row<customer::Entity>,
    #[graphql(flatten)]
    lists: Lists<customer::Entity>,
}

impl Shows for Customer {
    type Entity = customer::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for customer::Entity {
    type Shown = Customer;

    const JOINS: &'static [Join] = &[
        Join::one::<payment_method::Entity>("defaultPaymentMethod", "default_payment_method").unindexed(),
        Join::back::<user::Entity>("user", "customer"),
        Join::back::<organization::Entity>("organization", "customer"),
        Join::many::<subscription::Entity>(
            "subscriptions",
            "customer",
            "The subscriptions, canceled ones among them, newest first.",
        ),
        Join::many::<payment_intent::Entity>("payments", "customer", "The payments, newest first."),
        Join::many::<invoice::Entity>("invoices", "customer", "The invoices, newest first."),
        Join::many::<charge::Entity>("charges", "customer", "The charges, newest first."),
        Join::many::<payment_method::Entity>(
            "paymentMethods",
            "customer",
            "The payment methods that are kept, newest first.",
        ),
        Join::many::<checkout_session::Entity>(
            "checkoutSessions",
            "customer",
            "The Checkout sessions, newest first.",
        ),
        Join::many::<active_entitlement::Entity>(
            "activeEntitlements",
            "customer",
            "What the customer has access to now.",
        ),
        Join::many::<credit_grant::Entity>(
            "creditGrants",
            "customer",
            "The credit that pays for usage, newest first.",
        ),
        Join::many::<customer_balance_transaction::Entity>(
            "balanceTransactions",
            "customer",
            "What moved the customer's balance, newest first.",
        ),
        Join::one::<discount::Entity>("discount", "discount").unindexed(),
        Join::many::<credit_note::Entity>("creditNotes", "customer", "The credit notes, newest first."),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "customer",
            "What is to be charged beside subscriptions, or was.",
        ),
        Join::many::<quote::Entity>("quotes", "customer", "The quotes, newest first."),
        Join::many::<setup_intent::Entity>(
            "setupIntents",
            "customer",
            "The setups of payment methods, newest first.",
        ),
        Join::many::<subscription_schedule::Entity>(
            "subscriptionSchedules",
            "customer",
            "The subscription schedules, newest first.",
        ),
        Join::many::<tax_id::Entity>("taxIds", "customer", "The tax ids, newest first."),
        Join::many::<promotion_code::Entity>(
            "promotionCodes",
            "customer",
            "The promotion codes that are for this customer alone, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::search("email").indexed(),
        By::search("name").indexed(),
        By::value("currency"),
        By::value("delinquent"),
        By::value("phone"),
        By::metadata().indexed(),
    ];
    const ORDERS: &'static [&'static str] = &["email"];
    const COMPUTED: Option<&'static [Computed]> =
        Some(&[("balance", &["balance", "currency"]), ("products", &[])]);
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
    async fn default_payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.default_payment_method.as_deref()).await
    }

    /// The user who is this customer.
    async fn user(&self, ctx: &Context<'_>) -> Result<Linked<User>> {
        let page = load(ctx)
            .shown_page_of::<user::Entity>("customer", &self.row.id, PageArgs::one::<user::Entity>())
            .await?;
        Ok(page.rows.first().cloned().map(User::row).map(InPlace))
    }

    /// The organization that is this customer.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Linked<Organization>> {
        let first = PageArgs::one::<organization::Entity>();
        let page = load(ctx).shown_page_of::<organization::Entity>("customer", &self.row.id, first).await?;
        Ok(page.rows.first().cloned().map(Organization::row).map(InPlace))
    }

    /// The products that the customer is subscribed to now.
    async fn products(&self, ctx: &Context<'_>) -> Result<Vec<Product>> {
        let rows = load(ctx).subscribed_products(&self.row.id).await?;
        Ok(rows.into_iter().map(Product::row).collect())
    }

    /// What is taken off all the customer's invoices.
    async fn discount(&self, ctx: &Context<'_>) -> Result<Linked<Discount>> {
        one(ctx, self.row.discount.as_deref()).await
    }
}
