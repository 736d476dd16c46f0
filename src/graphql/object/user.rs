//! Users, and the customers that they are.

use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use entity::{
    active_entitlement, customer,
    subscription::{self, SubscriptionStatus},
    user,
};

use super::{ActiveEntitlement, Organization, found};
use crate::{
    app::App,
    auth::Caller,
    auth::Viewer,
    error::Result,
    graphql::{
        declared::Declared,
        filter::By,
        in_place::EachInPlace,
        join::{Computed, Join, Joined},
        load::{Row, load},
        page::{MOST, Paging, Shows},
    },
};

/// Somebody who signs in with the identity provider.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct User {
    #[graphql(flatten)]
    row: Row<user::Entity>,
    #[graphql(flatten)]
    declared: Declared<user::Entity>,
}

impl User {
    /// The viewer, where nobody linked them to a customer yet.
    pub fn unlinked(ctx: &Context<'_>, id: &str) -> Option<Self> {
        let own = ctx.data_unchecked::<Viewer>().user().filter(|own| own.id == id)?;
        let (id, email) = (own.id.clone(), own.email.clone());
        let now = ctx.data_unchecked::<App>().clock.now();
        let row = user::Model { id, email, customer: None, link_attempts: 0, created: now, updated: now };
        Some(Self::row(row.into()))
    }
}

impl Shows for User {
    type Entity = user::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for user::Entity {
    type Shown = User;

    const NAMESPACE: &'static str = "user:";
    const JOINS: &'static [Join] =
        &[Join::one::<customer::Entity>("customer", "customer", "The Stripe customer who is this user.")];
    const FILTERS: &'static [By] =
        &[By::value("id").named("userId").indexed(), By::search("email").indexed()];
    const COMPUTED: &'static [Computed] = &[
        ("id", &["id"]),
        ("userId", &["id"]),
        ("organizations", &[]),
        ("status", &["customer"]),
        ("entitlements", &["customer"]),
    ];
}

/// Where an account stands: the standing of its best subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
pub enum AccountStatus {
    /// No subscription.
    None,
    /// All subscriptions have ended.
    Canceled,
    /// The first payment of a subscription is still to be made.
    Incomplete,
    /// A subscription waits for a payment method since its trial ended.
    Paused,
    /// A subscription goes on without being paid.
    Unpaid,
    /// A subscription has a status that this version of the API does not know.
    Unknown,
    /// A payment failed and is tried again.
    PastDue,
    /// In a trial.
    Trialing,
    /// In good standing.
    Active,
}

impl From<SubscriptionStatus> for AccountStatus {
    fn from(status: SubscriptionStatus) -> Self {
        match status {
            SubscriptionStatus::Active => Self::Active,
            SubscriptionStatus::Trialing => Self::Trialing,
            SubscriptionStatus::PastDue => Self::PastDue,
            SubscriptionStatus::Unpaid => Self::Unpaid,
            SubscriptionStatus::Paused => Self::Paused,
            SubscriptionStatus::Incomplete => Self::Incomplete,
            SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired => Self::Canceled,
            SubscriptionStatus::Unknown => Self::Unknown,
        }
    }
}

#[ComplexObject]
impl User {
    /// The global id, `user:` and the identity provider's id.
    pub async fn id(&self) -> ID {
        ID(format!("user:{}", self.row.id))
    }

    /// The identity provider's id of the user, its `sub`.
    async fn user_id(&self) -> &str {
        &self.row.id
    }

    /// The organization that the viewer's token names; empty for other users, whose organizations nobody told.
    async fn organizations(&self, ctx: &Context<'_>) -> Result<Vec<Organization>> {
        let viewer = ctx.data_unchecked::<Viewer>();
        let Caller::User(user) = &viewer.caller else { return Ok(Vec::new()) };
        let Some(own) = user.organization.as_ref().filter(|_| user.id == self.row.id) else {
            return Ok(Vec::new());
        };
        let linked = found(ctx, Some(&own.id)).await?;
        Ok(linked.or_else(|| Organization::unlinked(ctx, &own.id)).into_iter().collect())
    }

    /// Where the account stands: the standing of the best of the customer's newest 100 subscriptions.
    async fn status(&self, ctx: &Context<'_>) -> Result<AccountStatus> {
        let Some(customer) = &self.row.customer else { return Ok(AccountStatus::None) };
        let newest = Paging { first: Some(MOST), ..Paging::default() }.check::<subscription::Entity>()?;
        let page =
            load(ctx).page_of::<subscription::Entity>("customer", customer, newest, &["status"]).await?;
        let best = page.rows.iter().map(|row| AccountStatus::from(row.status.known())).max();
        Ok(best.unwrap_or(AccountStatus::None))
    }

    /// What the user has access to now: the first 100 of the customer's entitlements.
    async fn entitlements(&self, ctx: &Context<'_>) -> Result<EachInPlace<ActiveEntitlement>> {
        let Some(customer) = &self.row.customer else { return Ok(EachInPlace(Vec::new())) };
        let all = Paging { first: Some(MOST), ..Paging::default() }.check::<active_entitlement::Entity>()?;
        let page = load(ctx).shown_page_of::<active_entitlement::Entity>("customer", customer, all).await?;
        Ok(EachInPlace(page.rows.iter().cloned().map(ActiveEntitlement::row).collect()))
    }
}
