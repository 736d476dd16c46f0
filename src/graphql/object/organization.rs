//! Organizations, and the customers that they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, organization};

use crate::{
    app::App,
    auth::Viewer,
    graphql::{
        declared::Declared,
        filter::By,
        join::{Computed, Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A group of users at the identity provider that pays together.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Organization {
    #[graphql(flatten)]
    row: Row<organization::Entity>,
    #[graphql(flatten)]
    declared: Declared<organization::Entity>,
}

impl Organization {
    /// The viewer's own organization, where nobody linked it to a customer yet.
    pub fn unlinked(ctx: &Context<'_>, id: &str) -> Option<Self> {
        let own = ctx.data_unchecked::<Viewer>().user()?.organization.as_ref().filter(|own| own.id == id)?;
        let (id, name) = (own.id.clone(), own.name.clone());
        let now = ctx.data_unchecked::<App>().clock.now();
        let row =
            organization::Model { id, name, customer: None, link_attempts: 0, created: now, updated: now };
        Some(Self::row(row.into()))
    }
}

impl Shows for Organization {
    type Entity = organization::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for organization::Entity {
    type Shown = Organization;

    const NAMESPACE: &'static str = "org:";
    const JOINS: &'static [Join] = &[Join::one::<customer::Entity>(
        "customer",
        "customer",
        "The Stripe customer who is this organization.",
    )];
    const FILTERS: &'static [By] =
        &[By::value("id").named("organizationId").indexed(), By::search("name").indexed()];
    const COMPUTED: &'static [Computed] = &[("id", &["id"]), ("organizationId", &["id"])];
}

#[ComplexObject]
impl Organization {
    /// The global id, `org:` and the identity provider's id.
    pub async fn id(&self) -> ID {
        ID(format!("org:{}", self.row.id))
    }

    /// The identity provider's id of the organization.
    async fn organization_id(&self) -> &str {
        &self.row.id
    }
}
