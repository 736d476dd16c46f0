//! Customers, and what is theirs.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    active_entitlement, charge, checkout_session, credit_grant, credit_note, customer,
    customer_balance_transaction, discount, invoice, invoice_item, organization, payment_intent,
    payment_method, promotion_code, quote, setup_intent, subscription, subscription_schedule, tax_id,
    test_clock, user,
};

use super::Product;
use crate::{
    error::Result,
    graphql::{
        declared::Declared,
        filter::By,
        join::{Computed, Join, Joined},
        load::{Row, load},
        money::Money,
        page::Shows,
    },
};

/// Somebody who pays: <https://docs.stripe.com/api/customers>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Customer {
    #[graphql(flatten)]
    row: Row<customer::Entity>,
    #[graphql(flatten)]
    declared: Declared<customer::Entity>,
}

impl Shows for Customer {
    type Entity = customer::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for customer::Entity {
    type Shown = Customer;

    const JOINS: &'static [Join] = &[
        Join::one::<payment_method::Entity>(
            "defaultPaymentMethod",
            "default_payment_method",
            "The payment method that invoices are paid with, where nothing else says.",
        )
        .unindexed(),
        Join::back::<user::Entity>("user", "customer", "The user who is this customer."),
        Join::back::<organization::Entity>(
            "organization",
            "customer",
            "The organization that is this customer.",
        ),
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
        Join::one::<discount::Entity>(
            "discount",
            "discount",
            "What is taken off all the customer's invoices.",
        )
        .unindexed(),
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
        Join::one::<test_clock::Entity>(
            "testClock",
            "test_clock",
            "The clock whose time it has, where it is made for a test.",
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
    const COMPUTED: &'static [Computed] = &[("products", &[])];
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

    /// The products that the customer is subscribed to now.
    async fn products(&self, ctx: &Context<'_>) -> Result<Vec<Product>> {
        let rows = load(ctx).subscribed_products(&self.row.id).await?;
        Ok(rows.into_iter().map(Product::row).collect())
    }
}
