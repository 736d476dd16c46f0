//! The GraphQL API over the mirror.
//!
//! [`load`] reads rows within the viewer's scope, [`page`] pages them, [`join`] loads selected joins ahead, and the
//! objects in [`object`] show them. [`query`], [`mutation`] and [`live`] are the roots; [`operator`]
//! shows where the mirror stands.

mod http;
mod join;
mod limit;
mod live;
mod load;
mod mask;
mod money;
mod mutation;
mod object;
mod operator;
mod page;
mod query;
mod sse;
mod ws;

use async_graphql::{Data, SDLExportOptions};
use axum::{Router, extract::DefaultBodyLimit, routing::get};

use self::{limit::Limit, live::Live, load::Load, mask::Mask, mutation::Mutation, query::Query};
use crate::{
    app::{App, RequestId},
    auth::{Viewer, scope::Scope},
    error::Result,
};

/// The schema with its resolvers.
pub type Schema = async_graphql::Schema<Query, Mutation, Live>;

/// The largest request that is read, in bytes.
const BODY_LIMIT: usize = 256 << 10;

/// How deep a query may be nested; introspection by the usual tools needs 15.
const DEPTH: usize = 20;

/// How many fields a query may select, after its fragments are expanded.
const COMPLEXITY: usize = 5_000;

/// The schema, to be executed.
pub fn schema() -> Schema {
    Schema::build(Query, Mutation, Live)
        .extension(Mask)
        .extension(Limit)
        .limit_depth(DEPTH)
        .limit_complexity(COMPLEXITY)
        .limit_directives(50)
        .finish()
}

/// The schema in the schema definition language.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    schema().sdl_with_options(options)
}

/// The routes of the API.
pub fn routes() -> Router<App> {
    Router::new().route("/graphql", get(http::get).post(http::post)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// What resolvers find in their context: who asks, and loaders within what they may see.
async fn context(app: &App, viewer: Viewer, id: RequestId, memory: Memory) -> Result<Data> {
    let scope = Scope::of(&viewer, &app.db.reader).await?;
    let db = app.db.reader.clone();
    let mut data = Data::default();
    data.insert(match memory {
        Memory::OneAnswer => Load::new(db, scope),
        Memory::None => Load::forgetful(db, scope),
    });
    data.insert(viewer);
    data.insert(id);
    data.insert(app.clone());
    Ok(data)
}

/// How long loaders remember what they loaded.
#[derive(Clone, Copy, Debug)]
enum Memory {
    /// For one answer.
    OneAnswer,
    /// Not at all: a socket outlives what it read.
    None,
}
