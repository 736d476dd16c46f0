//! `syncObject`.

use async_graphql::{Context, ID, SimpleObject};

use super::{UserError, UserErrorCode};
use crate::{
    app::App,
    auth::Viewer,
    error::{Code, Result},
    graphql::object::{Node, node},
    sync::single::{Synced, sync},
};

/// What became of an object.
#[derive(Default, SimpleObject)]
pub struct SyncObjectPayload {
    /// Stripe's name for the object's type, such as `customer`.
    object_type: Option<String>,
    /// The object as it is now.
    node: Option<Node>,
    /// Whether Stripe has it no more; then it is marked as deleted.
    deleted: Option<bool>,
    /// How many objects came along that the mirror lacked: what Stripe lists for it alone, and what it names.
    companions: Option<i32>,
    /// What is wrong with the id; then nothing was done.
    user_errors: Vec<UserError>,
}

/// Fetches an object, with what Stripe lists for it alone, and what it names and the mirror lacks.
pub async fn sync_object(ctx: &Context<'_>, id: ID) -> Result<SyncObjectPayload> {
    let (app, viewer) = (ctx.data_unchecked::<App>(), ctx.data_unchecked::<Viewer>());
    viewer.require_admin()?;
    let Synced { object, id, deleted, companions } = match sync(app, &id).await {
        Ok(synced) => synced,
        Err(error) if error.code == Code::Invalid => {
            let error = UserError::new(UserErrorCode::Invalid, ["id"], error.message);
            return Ok(SyncObjectPayload { user_errors: vec![error], ..SyncObjectPayload::default() });
        }
        Err(error) => return Err(error),
    };
    tracing::info!(viewer.id = viewer.id(), object.id = id, "object fetched");
    Ok(SyncObjectPayload {
        object_type: Some(object.to_owned()),
        node: node(ctx, &id).await?,
        deleted: Some(deleted),
        companions: i32::try_from(companions).ok(),
        user_errors: Vec::new(),
    })
}
