//! The root of queries.

use async_graphql::{Context, ID, MergedObject, Object};
use chrono::{DateTime, Utc};
use entity::{checkout_session, checkout_session::CheckoutSessionStatus, open::Open, sync_run, user};

use super::{
    in_place::InPlace,
    load::load,
    object::{CheckoutSession, Node, Organization, SyncRun, User, after, nodes, selected},
    operator::{MirrorStatus, WebhookEventConnection, WebhookEventFilter, admins_only, webhook_events},
    page::{Connection, Paging, Shows},
    roots::Roots,
    summary::BillingSummary,
};
use crate::{
    app::App,
    auth::{Viewer, scope::Belongings},
    error::{Error, Result},
};

/// How many ids `nodes` takes at most.
const MOST_NODES: usize = 100;

/// What can be asked.
#[derive(MergedObject)]
pub struct Query(pub Asked, pub Roots);

/// The questions that have code of their own.
pub struct Asked;

#[Object]
impl Asked {
    /// Who is asking, where it is a user.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<InPlace<User>>> {
        let Some(user) = ctx.data_unchecked::<Viewer>().user() else { return Ok(None) };
        Ok(selected(ctx, &user.id).await?.or_else(|| User::unlinked(ctx, &user.id)).map(InPlace))
    }

    /// The object with a global id.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Node>> {
        Ok(nodes(ctx, &[id]).await?.pop().flatten())
    }

    /// The objects with these global ids, at most 100, in their order.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST_NODES {
            return Err(Error::invalid(format!("`nodes` takes at most {MOST_NODES} ids.")));
        }
        nodes(ctx, &ids).await
    }

    /// The user with an id: the identity provider's, or the global one.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identity provider's id, or the global one.")] id: ID,
    ) -> Result<Option<InPlace<User>>> {
        let id = after(&id, "user:");
        // A service that links users sees the one it asks for.
        if ctx.data_unchecked::<Viewer>().may_link() && !id.contains('\0') {
            let load = load(ctx);
            load.extend(Belongings { users: [id.to_owned()].into(), ..Belongings::default() });
            let row = load.one::<user::Entity>(Some(id)).await?;
            let customers = row.and_then(|row| row.customer.clone()).into_iter().collect();
            load.extend(Belongings { customers, ..Belongings::default() });
        }
        Ok(selected(ctx, id).await?.or_else(|| User::unlinked(ctx, id)).map(InPlace))
    }

    /// The organization with an id: the identity provider's, or the global one.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identity provider's id, or the global one.")] id: ID,
    ) -> Result<Option<Organization>> {
        let id = after(&id, "org:");
        Ok(selected(ctx, id).await?.or_else(|| Organization::unlinked(ctx, id)))
    }

    /// The Checkout session with an id.
    ///
    /// Stripe is asked as long as the mirror has it open, so that a page which the customer returns to sees what
    /// came of it, even before the webhook did.
    async fn checkout_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stripe's id.")] id: ID,
    ) -> Result<Option<CheckoutSession>> {
        let (app, viewer) = (ctx.data_unchecked::<App>(), ctx.data_unchecked::<Viewer>());
        if !id.starts_with("cs_") || (viewer.user().is_none() && !viewer.is_staff()) {
            return Ok(None);
        }
        let row = load(ctx).one::<checkout_session::Entity>(Some(&id)).await?;
        let is_known = row.is_some();
        let complete = row.and_then(|row| row.status.as_ref().map(Open::known));
        if !matches!(complete, Some(CheckoutSessionStatus::Complete | CheckoutSessionStatus::Expired))
            && app.stripe.is_configured()
        {
            match app.stripe.retrieve_checkout_session(&id).await {
                Ok(answer) => app.writer.answer(&answer).await?,
                Err(error) if error.is_missing() => {}
                // What the mirror has is better than nothing; the next question asks Stripe again.
                Err(error) if is_known => Error::from(error).log(),
                Err(error) => return Err(error.into()),
            }
        }
        selected(ctx, &id).await
    }

    /// Where the mirror stands: what it holds, what waits, and what sweeps and comparisons with Stripe found. For admins.
    async fn mirror_status(&self, ctx: &Context<'_>) -> Result<MirrorStatus> {
        admins_only(ctx)?;
        MirrorStatus::read(ctx).await
    }

    /// The events that arrived from Stripe, the latest first. For admins.
    async fn webhook_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only these.")] filter: Option<WebhookEventFilter>,
    ) -> Result<WebhookEventConnection> {
        admins_only(ctx)?;
        let paging = Paging { first, after, last, before, ..Paging::default() };
        webhook_events(ctx, paging, filter.unwrap_or_default()).await
    }

    /// The load of what Stripe held before that has an id. For admins.
    async fn sync_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gateway's id of it.")] id: ID,
    ) -> Result<Option<SyncRun>> {
        admins_only(ctx)?;
        Ok(load(ctx).one::<sync_run::Entity>(Some(&id)).await?.map(SyncRun::row))
    }

    /// The loads of what Stripe held before, newest first. For admins.
    async fn sync_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SyncRun>> {
        admins_only(ctx)?;
        let paging = Paging { first, after, last, before, ..Paging::default() };
        Connection::all(load(ctx), paging.check::<sync_run::Entity>()?).await
    }

    /// How the business does; admins only.
    async fn billing_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what is in this currency, a code of three letters.")] currency: Option<String>,
        #[graphql(desc = "From when on; eleven months before the month of `to` where nothing is said.")]
        from: Option<DateTime<Utc>>,
        #[graphql(desc = "Until when, exclusively; now where nothing is said.")] to: Option<DateTime<Utc>>,
    ) -> Result<BillingSummary> {
        admins_only(ctx)?;
        BillingSummary::of(ctx, currency, from, to).await
    }
}
