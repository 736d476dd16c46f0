//! Meters.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{meter, meter::MeterStatus};

use crate::graphql::{filter::By, join::Joined, load::Row, page::Shows};

/// What counts usage: <https://docs.stripe.com/api/billing/meter>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Meter {
    #[graphql(flatten)]
    row: Row<meter::Entity>,
}

impl Shows for Meter {
    type Entity = meter::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for meter::Entity {
    type Shown = Meter;

    const FILTERS: &'static [By] = &[By::choice::<MeterStatus>("status"), By::value("event_name")];
}

#[ComplexObject]
impl Meter {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }
}
