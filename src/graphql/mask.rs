//! What a client reads of an error: its code, the request's id, and never a foreign text.

use std::sync::Arc;

use async_graphql::{
    Response, ServerError,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest, NextSubscribe},
    futures_util::stream::BoxStream,
};
use futures_util::StreamExt;

use crate::{app::RequestId, error::Code};

/// Masks the errors of every response, whatever transport carries it.
pub struct Mask;

impl ExtensionFactory for Mask {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Mask)
    }
}

#[async_trait]
impl Extension for Mask {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        mask(ctx, &mut response);
        response
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        let id = ctx.data_opt::<RequestId>().cloned();
        let stream = next.run(ctx, stream);
        stream
            .map(move |mut response| {
                response.errors.iter_mut().for_each(|error| finish(error, id.as_ref()));
                response
            })
            .boxed()
    }
}

fn mask(ctx: &ExtensionContext<'_>, response: &mut Response) {
    let id = ctx.data_opt::<RequestId>();
    response.errors.iter_mut().for_each(|error| finish(error, id));
}

fn finish(error: &mut ServerError, id: Option<&RequestId>) {
    let has_code = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
    if !has_code {
        // An error that came by `?` and not by our own type: its text is not ours to show.
        let foreign = error.source.take().is_some();
        if foreign {
            tracing::error!(error = error.message, "an error left the house by another door");
            "Internal error.".clone_into(&mut error.message);
        }
        if let Some(message) = misread(&error.message) {
            error.message = message;
        }
        let code = if foreign { Code::Internal } else { Code::Invalid };
        error.extensions.get_or_insert_default().set("code", code.name());
    }
    if let Some(id) = id {
        identify(error, id);
    }
}

/// What is said of a value that is none of its type, in place of why the library could not read it.
fn misread(message: &str) -> Option<String> {
    let begins = ["Failed to parse \"", "Expected input type \""];
    let (ty, _) = begins.iter().find_map(|begin| message.strip_prefix(begin))?.split_once('"')?;
    let written = match ty {
        "DateTime" => ": it is text such as \"2026-01-31T12:00:00Z\"",
        "BigInt" | "Int" => ": it is a whole number within its bounds",
        _ => "",
    };
    Some(format!("The value is no `{ty}`{written}."))
}

/// Adds the request's id to an error: extensions do not see what a request carries, only what a socket does.
pub fn identify(error: &mut ServerError, RequestId(id): &RequestId) {
    error.extensions.get_or_insert_default().set("requestId", id.as_str());
}
