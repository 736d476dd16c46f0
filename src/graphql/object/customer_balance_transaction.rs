//! Customer balance transactions, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{checkout_session, customer, customer_balance_transaction, invoice};

use super::{CheckoutSession, Customer, Invoice, Linked, one};
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

/// What moved a customer's balance: <https://docs.stripe.com/api/customer_balance_transactions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CustomerBalanceTransaction {
    #[graphql(flatten)]
    row: Row<customer_balance_transaction::Entity>,
}

impl Shows for CustomerBalanceTransaction {
    type Entity = customer_balance_transaction::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for customer_balance_transaction::Entity {
    type Shown = CustomerBalanceTransaction;

    const JOINS: &'static [Join] = &[
        Join::one::<checkout_session::Entity>("checkoutSession", "checkout_session").unindexed(),
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
    ];
    const FILTERS: &'static [By] = &[By::value("amount"), By::value("currency"), By::value("type")];
}

#[ComplexObject]
impl CustomerBalanceTransaction {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// How much: negative in the customer's favour.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// The Checkout session that moved it.
    async fn checkout_session(&self, ctx: &Context<'_>) -> Result<Linked<CheckoutSession>> {
        one(ctx, self.row.checkout_session.as_deref()).await
    }

    /// Whose balance it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The customer's balance afterwards.
    async fn ending_balance(&self) -> Option<Money> {
        Money::of(self.row.ending_balance, Some(&self.row.currency))
    }

    /// The invoice that moved it.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }
}
