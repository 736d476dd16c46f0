//! Customer balance transactions, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session, credit_note, customer,
    customer_balance_transaction::{self, CustomerBalanceTransactionType},
    invoice,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What moved a customer's balance: <https://docs.stripe.com/api/customer_balance_transactions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CustomerBalanceTransaction {
    #[graphql(flatten)]
    row: Row<customer_balance_transaction::Entity>,
    #[graphql(flatten)]
    declared: Declared<customer_balance_transaction::Entity>,
}

impl Shows for CustomerBalanceTransaction {
    type Entity = customer_balance_transaction::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for customer_balance_transaction::Entity {
    type Shown = CustomerBalanceTransaction;

    const JOINS: &'static [Join] = &[
        Join::one::<checkout_session::Entity>(
            "checkoutSession",
            "checkout_session",
            "The Checkout session that moved it.",
        ),
        Join::one::<customer::Entity>("customer", "customer", "Whose balance it is."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that moved it."),
        Join::one::<credit_note::Entity>("creditNote", "credit_note", "The credit note that moved it."),
    ];
    const FILTERS: &'static [By] =
        &[By::value("amount"), By::value("currency"), By::choice::<CustomerBalanceTransactionType>("type")];
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

    /// The customer's balance afterwards.
    async fn ending_balance(&self) -> Option<Money> {
        Money::of(self.row.ending_balance, Some(&self.row.currency))
    }
}
