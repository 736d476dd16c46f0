//! The root of subscriptions: what changes, pushed.

use async_graphql::{Context, ID, SimpleObject, Subscription};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entity::{
    change::{self, Kind},
    subscription, user,
};
use futures_util::{Stream, StreamExt, stream};
use sea_orm::EntityTrait;

use super::{
    load::{Load, load},
    object::{BillingSubscription, SyncRun, after, follow},
    page::Shows,
};
use crate::{
    app::App,
    auth::{Caller, Viewer, scope::Scope},
    error::{Error, Result},
};

/// What can be followed.
pub struct Live;

/// A change of a subscription.
#[derive(SimpleObject)]
pub struct SubscriptionChange {
    /// The change's place: passed as `after`, it resumes with nothing lost and nothing repeated.
    cursor: String,
    /// What happened.
    kind: Kind,
    /// Stripe's id of the event that told of it; absent where Stripe was asked.
    event_id: Option<String>,
    /// Stripe's type of that event, such as `customer.subscription.updated`.
    event_type: Option<String>,
    /// When it happened at Stripe, in whole seconds.
    occurred_at: DateTime<Utc>,
    /// The fields that changed, by Stripe's names, as far as Stripe told.
    changed_fields: Vec<String>,
    /// The subscription as it is now.
    subscription: BillingSubscription,
}

/// What can be followed, as it is written to the mirror.
#[Subscription(name = "Subscription")]
impl Live {
    /// The changes of the subscriptions that the viewer may see.
    async fn subscription_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this customer's.")] customer_id: Option<ID>,
        #[graphql(desc = "Only this user's; for staff, and for the user.")] user_id: Option<ID>,
        #[graphql(desc = "The cursor of the last change that was seen.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<SubscriptionChange>> + use<>> {
        let app = ctx.data_unchecked::<App>();
        let after = after.as_deref().map(decode).transpose()?;
        let watch = Watch::new(ctx, customer_id, user_id)?;
        let changes = app.changes.follow(app.db.reader.clone(), vec!["subscription"], after).await?;
        Ok(stream::unfold((Box::pin(changes), watch), |(mut changes, mut watch)| async move {
            loop {
                let pushed = match changes.next().await? {
                    Ok(change) => watch.push(&change).await.transpose(),
                    Err(error) => Some(Err(error.into())),
                };
                if let Some(pushed) = pushed {
                    return Some((pushed, (changes, watch)));
                }
            }
        }))
    }

    /// How far a load is: now, and each time that it went further, until it ends. For admins.
    async fn sync_run_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gateway's id of the load.")] id: ID,
    ) -> Result<impl Stream<Item = Result<SyncRun>> + use<>> {
        ctx.data_unchecked::<Viewer>().require_admin()?;
        follow(ctx.data_unchecked::<App>(), &id).await
    }
}

/// Whom changes are pushed to, and which.
struct Watch {
    app: App,
    viewer: Viewer,
    load: Load,
    customer: Option<String>,
    /// A user, and the customer who they are.
    user: Option<(String, Option<String>)>,
    /// The links that what is known here was read at.
    links: Option<u64>,
}

impl Watch {
    fn new(ctx: &Context<'_>, customer: Option<ID>, user: Option<ID>) -> Result<Self> {
        let viewer = ctx.data_unchecked::<Viewer>();
        if viewer.caller == Caller::Anonymous {
            return Err(Error::unauthenticated("Sign in to follow changes."));
        }
        Ok(Self {
            app: ctx.data_unchecked::<App>().clone(),
            viewer: viewer.clone(),
            load: load(ctx).clone(),
            customer: customer.map(|id| id.to_string()),
            user: user.map(|id| (after(&id, "user:").to_owned(), None)),
            links: None,
        })
    }

    /// What is pushed of a change, if it is to be.
    async fn push(&mut self, change: &change::Model) -> Result<Option<SubscriptionChange>> {
        self.refresh().await?;
        let customer = change.customer.as_deref();
        let wanted = self.customer.as_deref().is_none_or(|wanted| Some(wanted) == customer)
            && self.user.as_ref().is_none_or(|(_, wanted)| wanted.is_some() && wanted.as_deref() == customer)
            && self.load.scope().includes(customer);
        if !wanted {
            return Ok(None);
        }
        let row = self.load.afresh().one::<subscription::Entity>(Some(&change.object_id)).await?;
        Ok(row.map(|row| SubscriptionChange {
            cursor: encode(change.seq),
            kind: change.kind,
            event_id: change.event_id.clone(),
            event_type: change.event_type.clone(),
            occurred_at: change.occurred_at,
            changed_fields: serde_json::from_value(change.changed_fields.clone()).unwrap_or_default(),
            subscription: BillingSubscription::row(row),
        }))
    }

    /// Reads anew who is linked to whom, where that can have changed: a user who buys is linked just before.
    async fn refresh(&mut self) -> Result<()> {
        let links = Some(self.app.changes.links_version());
        if self.links == links {
            return Ok(());
        }
        let db = &self.app.db.reader;
        self.load.rescope(Scope::of(&self.viewer, db).await?);
        if let Some((id, customer)) = &mut self.user {
            *customer = user::Entity::find_by_id(id.as_str()).one(db).await?.and_then(|row| row.customer);
        }
        self.links = links;
        Ok(())
    }
}

/// A change's place, opaque to clients; the version comes first.
fn encode(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {seq}"))
}

fn decode(cursor: &str) -> Result<i64> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let seq = text.as_deref().and_then(|text| text.strip_prefix("1 ")).and_then(|seq| seq.parse().ok());
    seq.ok_or_else(|| Error::invalid("The cursor is not one of a change."))
}
