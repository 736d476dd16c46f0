//! The root of mutations: each asks Stripe, and hands Stripe's own answer to the mirror before it returns.

mod create_checkout_session;
mod customer_link;
mod link_customer;
mod replay_webhook_events;
mod start_backfill;
mod sync_object;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};

use self::{
    create_checkout_session::{CreateCheckoutSessionInput, CreateCheckoutSessionPayload},
    link_customer::{LinkCustomerInput, LinkCustomerPayload},
    replay_webhook_events::{ReplayWebhookEventsInput, ReplayWebhookEventsPayload},
    start_backfill::{StartBackfillInput, StartBackfillPayload},
    sync_object::SyncObjectPayload,
};
use crate::error::Result;

/// What can be done.
pub struct Mutation;

/// What can be done: each answers with what it wrote, and with what is wrong with its input.
#[Object]
impl Mutation {
    /// Links a user, or an organization, to a Stripe customer: the one that is already theirs, or a new one.
    ///
    /// Calling it again, also in parallel, changes nothing.
    async fn link_customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is linked, and what a new customer is told as.")] input: LinkCustomerInput,
    ) -> Result<LinkCustomerPayload> {
        link_customer::link_customer(ctx, input).await
    }

    /// Opens a Checkout session for the viewer, whose customer is linked first if need be.
    async fn create_checkout_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is bought, and where Checkout leads back to.")]
        input: CreateCheckoutSessionInput,
    ) -> Result<CreateCheckoutSessionPayload> {
        create_checkout_session::create_checkout_session(ctx, input).await
    }

    /// Applies recorded events again, under the same rules as the first time. For admins.
    async fn replay_webhook_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events.")] input: ReplayWebhookEventsInput,
    ) -> Result<ReplayWebhookEventsPayload> {
        replay_webhook_events::replay_webhook_events(ctx, input).await
    }

    /// Loads what Stripe held before, in the background. For admins.
    ///
    /// Of two loads of the same at once the second is told of the first.
    async fn start_backfill(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is loaded.")] input: StartBackfillInput,
    ) -> Result<StartBackfillPayload> {
        start_backfill::start_backfill(ctx, input).await
    }

    /// Fetches an object from Stripe, with what is listed for it alone, and what it names and the mirror lacks. For admins.
    async fn sync_object(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stripe's id of the object.")] id: ID,
    ) -> Result<SyncObjectPayload> {
        sync_object::sync_object(ctx, id).await
    }
}

/// Something in the input that the caller can mend.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct UserError {
    /// The path of the input field, where it is one field's.
    field: Option<Vec<String>>,
    /// What is wrong, for developers.
    message: String,
    /// What is wrong, for programs.
    code: UserErrorCode,
}

/// What is wrong with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UserErrorCode {
    /// A value that is needed is missing.
    Required,
    /// A value is not of the kind that is needed.
    Invalid,
    /// There is no such object.
    NotFound,
    /// The price or product can no longer be bought.
    Inactive,
    /// The URL leads to an origin that is not among those configured.
    RedirectNotAllowed,
    /// The customer is linked to somebody else, or the user to another customer.
    AlreadyLinked,
    /// The same was asked for before, and is under way.
    UnderWay,
}

impl UserError {
    /// An error of a field, given by its path.
    fn new<'a>(
        code: UserErrorCode,
        field: impl IntoIterator<Item = &'a str>,
        message: impl Into<String>,
    ) -> Self {
        let field = field.into_iter().map(str::to_owned).collect();
        Self { field: Some(field), message: message.into(), code }
    }
}
