//! Entitlements, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{active_entitlement, customer, entitlement_feature};

use super::{Customer, EntitlementFeature, Linked, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// Something that a customer has access to: <https://docs.stripe.com/api/entitlements/active-entitlement>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ActiveEntitlement {
    #[graphql(flatten)]
    row: Row<active_entitlement::Entity>,
}

impl Shows for ActiveEntitlement {
    type Entity = active_entitlement::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for active_entitlement::Entity {
    type Shown = ActiveEntitlement;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<entitlement_feature::Entity>("feature", "feature").unindexed(),
    ];
    const FILTERS: &'static [By] = &[By::value("lookup_key")];
}

#[ComplexObject]
impl ActiveEntitlement {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The feature, for those who see all of them.
    async fn feature(&self, ctx: &Context<'_>) -> Result<Linked<EntitlementFeature>> {
        one(ctx, self.row.feature.as_deref()).await
    }
}
