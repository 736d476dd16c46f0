//! The GraphQL API over the mirror.
//!
//! [`load`] reads rows within the viewer's scope, [`filter`] and [`order`] say which and in which order, [`page`] pages
//! them, [`join`] loads selected joins ahead, and the objects in [`object`] show them; their lists are declared
//! ([`lists`]). [`query`] with [`roots`], [`mutation`] and [`live`] are the roots; [`operator`] shows where the mirror
//! stands.

mod batch;
mod column;
mod declared;
mod describe;
mod documents;
mod federation;
mod filter;
mod guard;
mod http;
mod in_place;
mod introspection;
mod join;
mod key_order;
mod limit;
mod live;
mod load;
mod mask;
mod money;
mod mutation;
mod nulls;
mod object;
mod operator;
mod order;
mod page;
mod parent;
mod plain;
mod prepared;
mod query;
mod roots;
mod select;
mod sse;
mod summary;
mod ws;

use async_graphql::{
    Data, ObjectType, SDLExportOptions, SchemaBuilder, parser::types::OperationType, registry::Registry,
};
use axum::{Router, extract::DefaultBodyLimit, routing::get};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{NotForContentType, SizeAbove},
};

use self::{
    federation::{Entities, Subgraph},
    guard::Guard,
    introspection::Discretion,
    key_order::KeyOrder,
    limit::Limit,
    live::Live,
    load::Load,
    mask::Mask,
    mutation::Mutation,
    nulls::Nulls,
    query::{Asked, Query},
    roots::Roots,
};
use crate::{
    app::{App, RequestId},
    auth::{Viewer, scope::Scope},
    config::GraphqlConfig,
    error::Result,
};

pub use self::{batch::Batches, documents::Documents, federation::Schema};

/// The size of an answer from which on it is compressed, in bytes.
const WORTH_COMPRESSING: u64 = 1 << 10;

/// The schema, to be executed.
pub fn schema(config: &GraphqlConfig) -> Schema {
    if config.federation {
        Schema::Subgraph(extended(build(Subgraph(Asked, Roots, Entities)), config).finish())
    } else {
        Schema::Whole(extended(build(Query(Asked, Roots)), config).finish())
    }
}

type Builder<Q> = SchemaBuilder<Q, Mutation, Live>;

fn build<Q: ObjectType + 'static>(query: Q) -> Builder<Q> {
    async_graphql::Schema::build(query, Mutation, Live).enable_subscription_in_federation()
}

fn extended<Q: ObjectType + 'static>(schema: Builder<Q>, config: &GraphqlConfig) -> Builder<Q> {
    schema
        .extension(Mask)
        .extension(KeyOrder)
        .extension(Nulls)
        .extension(Guard(config.timeout))
        .extension(Limit::new(config.limits))
        .extension(Discretion(config.introspection))
}

/// The type from which the operations of a kind begin.
fn root_type(registry: &Registry, kind: OperationType) -> Option<&str> {
    match kind {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_deref(),
        OperationType::Subscription => registry.subscription_type.as_deref(),
    }
}

/// The schema in the schema definition language.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    build(Query(Asked, Roots)).finish().sdl_with_options(options)
}

/// The same as a subgraph of Apollo Federation 2.
pub fn subgraph_sdl() -> String {
    let options = SDLExportOptions::new().federation().sorted_fields().sorted_arguments().sorted_enum_items();
    build(Subgraph(Asked, Roots, Entities)).finish().sdl_with_options(options)
}

/// The routes of the API.
pub fn routes(config: &GraphqlConfig) -> Router<App> {
    Router::new()
        .route("/graphql", get(http::get).post(http::post))
        .layer(DefaultBodyLimit::max(config.body))
        // No cookie is read, so nobody can have a browser ask for what is secret and measure the answer.
        .layer(
            CompressionLayer::new()
                .compress_when(SizeAbove::new(WORTH_COMPRESSING).and(NotForContentType::SSE)),
        )
}

/// What resolvers find in their context: who asks, and loaders within what they may see.
async fn context(app: &App, viewer: Viewer, id: RequestId) -> Result<Data> {
    let load = loaders(app, &viewer).await?;
    let mut data = session(app, viewer, id);
    data.insert(load);
    Ok(data)
}

/// The same without the loaders: a socket outlives what they read, so that each of its operations has its own.
fn session(app: &App, viewer: Viewer, id: RequestId) -> Data {
    let mut data = Data::default();
    data.insert(viewer);
    data.insert(id);
    data.insert(app.clone());
    data
}

/// Loaders within what a viewer may see now.
async fn loaders(app: &App, viewer: &Viewer) -> Result<Load> {
    let scope = Scope::of(viewer, &app.db.quick).await?;
    Ok(Load::new(app.db.quick.clone(), scope, app.batches.clone()))
}
