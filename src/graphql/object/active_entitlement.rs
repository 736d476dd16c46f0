//! Entitlements, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{active_entitlement, customer, entitlement_feature};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// Something that a customer has access to: <https://docs.stripe.com/api/entitlements/active-entitlement>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ActiveEntitlement {
    #[graphql(flatten)]
    row: Row<active_entitlement::Entity>,
    #[graphql(flatten)]
    declared: Declared<active_entitlement::Entity>,
}

impl Shows for ActiveEntitlement {
    type Entity = active_entitlement::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for active_entitlement::Entity {
    type Shown = ActiveEntitlement;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Whose it is."),
        Join::one::<entitlement_feature::Entity>(
            "feature",
            "feature",
            "The feature, for those who see all of them.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("lookup_key")];
}

#[ComplexObject]
impl ActiveEntitlement {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
