//! The root of queries.

use async_graphql::{Context, ID, Object};
use entity::{checkout_session, checkout_session::CheckoutSessionStatus, open::Open, sync_run, user};
use futures_util::future::try_join_all;

use super::{
    join::{Joined, prefetch_nodes},
    load::load,
    object::{
        BillingSubscription, CheckoutSession, Customer, Invoice, Node, Organization, PaymentIntent, Price,
        Product, SyncRun, User, after, node, selected,
    },
    operator::{MirrorStatus, WebhookEventConnection, WebhookEventFilter, admins_only, webhook_events},
    page::{Connection, Paging, Shows},
};
use crate::{
    app::App,
    auth::{Viewer, scope::Belongings},
    error::{Error, Result},
};

/// How many ids `nodes` takes at most.
const MOST_NODES: usize = 100;

/// What can be asked.
pub struct Query;

#[Object]
impl Query {
    /// Who is asking, where it is a user.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(user) = ctx.data_unchecked::<Viewer>().user() else { return Ok(None) };
        Ok(selected(ctx, &user.id).await?.or_else(|| User::unlinked(ctx, &user.id)))
    }

    /// The object with a global id.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        node(ctx, &id).await
    }

    /// The objects with these global ids, at most 100, in their order.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST_NODES {
            return Err(Error::invalid(format!("`nodes` takes at most {MOST_NODES} ids.")));
        }
        try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }

    /// The user with an id: the identity provider's, or the global one.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Result<Option<User>> {
        let id = after(&id, "user:");
        // A service that links users sees the one it asks for.
        if ctx.data_unchecked::<Viewer>().may_link() && !id.contains('\0') {
            let load = load(ctx);
            load.extend(Belongings { users: [id.to_owned()].into(), ..Belongings::default() });
            let row = load.one::<user::Entity>(Some(id)).await?;
            let customers = row.and_then(|row| row.customer.clone()).into_iter().collect();
            load.extend(Belongings { customers, ..Belongings::default() });
        }
        Ok(selected(ctx, id).await?.or_else(|| User::unlinked(ctx, id)))
    }

    /// The users that are linked to a customer or were seen, newest first.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<User>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The organization with an id: the identity provider's, or the global one.
    async fn organization(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Organization>> {
        let id = after(&id, "org:");
        Ok(selected(ctx, id).await?.or_else(|| Organization::unlinked(ctx, id)))
    }

    /// The Checkout session with an id.
    ///
    /// Stripe is asked as long as the mirror has it open, so that a page which the customer returns to sees what
    /// came of it, even before the webhook did.
    async fn checkout_session(&self, ctx: &Context<'_>, id: ID) -> Result<Option<CheckoutSession>> {
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

    /// The customer with an id.
    async fn customer(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Customer>> {
        selected(ctx, &id).await
    }

    /// The customers, without deleted ones, newest first.
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Customer>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The subscription with an id.
    async fn subscription(&self, ctx: &Context<'_>, id: ID) -> Result<Option<BillingSubscription>> {
        selected(ctx, &id).await
    }

    /// The subscriptions, canceled ones among them, newest first.
    async fn subscriptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<BillingSubscription>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The payment with an id.
    async fn payment(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PaymentIntent>> {
        selected(ctx, &id).await
    }

    /// The payments, newest first.
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PaymentIntent>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The invoice with an id.
    async fn invoice(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Invoice>> {
        selected(ctx, &id).await
    }

    /// The invoices, newest first.
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Invoice>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The product with an id.
    async fn product(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Product>> {
        selected(ctx, &id).await
    }

    /// The products, newest first.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Product>> {
        page(ctx, Paging { first, after, last, before }).await
    }

    /// The price with an id.
    async fn price(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Price>> {
        selected(ctx, &id).await
    }

    /// The prices, newest first.
    async fn prices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Price>> {
        page(ctx, Paging { first, after, last, before }).await
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
        #[graphql(desc = "How many events, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Events after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only these.")] filter: Option<WebhookEventFilter>,
    ) -> Result<WebhookEventConnection> {
        admins_only(ctx)?;
        webhook_events(ctx, first, after.as_deref(), filter.unwrap_or_default()).await
    }

    /// The load of what Stripe held before that has an id. For admins.
    async fn sync_run(&self, ctx: &Context<'_>, id: ID) -> Result<Option<SyncRun>> {
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
        let paging = Paging { first, after, last, before };
        Ok(Connection::all(load(ctx).page::<sync_run::Entity>(&paging.check()?).await?))
    }
}

/// A page of all rows of a table, with what is selected of them loaded ahead.
async fn page<T: Shows<Entity: Joined>>(ctx: &Context<'_>, paging: Paging) -> Result<Connection<T>> {
    let load = load(ctx);
    let page = load.page::<T::Entity>(&paging.check()?).await?;
    prefetch_nodes::<T::Entity>(load, &page.rows, ctx.field()).await?;
    Ok(Connection::all(page))
}
