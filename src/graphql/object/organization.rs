//! Organizations, and the customers that they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, organization};

use super::{Customer, Linked, one};
use crate::{
    auth::Viewer,
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A group of users at the identity provider that pays together.
#[derive(SimpleObject)]
#[graphql(complex)]
#[expect(clippy::struct_field_names, reason = "the fields' names are the API's")]
pub struct Organization {
    /// The identity provider's id of the organization.
    organization_id: String,
    /// The name, as the identity provider last told it.
    name: Option<String>,
    #[graphql(skip)]
    customer_id: Option<String>,
}

impl Organization {
    /// The viewer's own organization, where nobody linked it to a customer yet.
    pub fn unlinked(ctx: &Context<'_>, id: &str) -> Option<Self> {
        let own = ctx.data_unchecked::<Viewer>().user()?.organization.as_ref().filter(|own| own.id == id)?;
        Some(Self { organization_id: own.id.clone(), name: own.name.clone(), customer_id: None })
    }
}

impl Shows for Organization {
    type Entity = organization::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        let organization::Model { id, name, customer, .. } = (*row).clone();
        Self { organization_id: id, name, customer_id: customer }
    }
}

impl Joined for organization::Entity {
    type Shown = Organization;

    const NAMESPACE: &'static str = "org:";
    const JOINS: &'static [Join] = &[Join::one::<customer::Entity>("customer", "customer")];
    const FILTERS: &'static [By] =
        &[By::value("id").named("organizationId").indexed(), By::search("name").indexed()];
}

#[ComplexObject]
impl Organization {
    /// The global id, `org:` and the identity provider's id.
    pub async fn id(&self) -> ID {
        ID(format!("org:{}", self.organization_id))
    }

    /// The Stripe customer who is this organization.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.customer_id.as_deref()).await
    }
}
