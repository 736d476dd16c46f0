//! Test clocks.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{test_clock, test_clock::TestClockStatus};

use crate::graphql::{filter::By, join::Joined, load::Row, page::Shows};

/// A time of its own for test objects: <https://docs.stripe.com/api/test_clocks>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TestClock {
    #[graphql(flatten)]
    row: Row<test_clock::Entity>,
}

impl Shows for TestClock {
    type Entity = test_clock::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for test_clock::Entity {
    type Shown = TestClock;

    const FILTERS: &'static [By] = &[By::choice::<TestClockStatus>("status")];
}

#[ComplexObject]
impl TestClock {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }
}
