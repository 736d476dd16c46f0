//! Configurations of the customer portal, and what they offer.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{portal_configuration, price, product};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

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

    const JOINS: &'static [Join] = &[
        Join::each::<product::Entity>("products", "products", "The products that customers may change to."),
        Join::each::<price::Entity>("prices", "prices", "The prices that customers may change to."),
    ];
}

#[ComplexObject]
impl PortalConfiguration {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
