//! Tax rates.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::tax_rate;

use crate::graphql::{declared::Declared, filter::By, join::Joined, load::Row, page::Shows};

/// What part of an amount a tax is: <https://docs.stripe.com/api/tax_rates>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TaxRate {
    #[graphql(flatten)]
    row: Row<tax_rate::Entity>,
    #[graphql(flatten)]
    declared: Declared<tax_rate::Entity>,
}

impl Shows for TaxRate {
    type Entity = tax_rate::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for tax_rate::Entity {
    type Shown = TaxRate;

    const FILTERS: &'static [By] = &[By::value("active"), By::value("country"), By::value("state")];
}

#[ComplexObject]
impl TaxRate {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
