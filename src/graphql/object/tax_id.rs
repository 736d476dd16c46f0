//! Tax ids, and whose they are.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    customer,
    tax_id::{self, TaxIdVerificationStatus},
    tax_id_type::TaxIdType,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A number by which a customer is known to an authority: <https://docs.stripe.com/api/tax_ids>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TaxId {
    #[graphql(flatten)]
    row: Row<tax_id::Entity>,
    #[graphql(flatten)]
    declared: Declared<tax_id::Entity>,
}

impl Shows for TaxId {
    type Entity = tax_id::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for tax_id::Entity {
    type Shown = TaxId;

    const JOINS: &'static [Join] = &[Join::one::<customer::Entity>("customer", "customer", "Whose it is.")];
    const FILTERS: &'static [By] = &[
        By::value("country"),
        By::choice::<TaxIdType>("type"),
        By::value("value"),
        By::choice::<TaxIdVerificationStatus>("verification_status"),
    ];
}

#[ComplexObject]
impl TaxId {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
