//! Configurations of the customer portal.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::portal_configuration;

use crate::graphql::{declared::Declared, join::Joined, load::Row, page::Shows};

/// What customers can do in Stripe's portal: <https://docs.stripe.com/api/customer_portal/configurations>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PortalConfiguration {
    #[graphql(flatten)]
    row: Row<portal_configuration::Entity>,
    #[graphql(flatten)]
    declared: Declared<portal_configuration::Entity>,
}

impl Shows for PortalConfiguration {
    type Entity = portal_configuration::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for portal_configuration::Entity {
    type Shown = PortalConfiguration;
}

#[ComplexObject]
impl PortalConfiguration {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
