//! How much a request may ask for: everything is counted before anything walks the document.
//!
//! The library's own limits are checked by walking the expanded document, which one of a kilobyte can make last for
//! hours; they also hold for introspection, and their arithmetic overflows.

mod size;
mod token;

use std::sync::{Arc, OnceLock};

use async_graphql::{
    Request, Response, ServerError, ServerResult, Value,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextRequest},
    value,
};

use self::size::Size;
use crate::config::Limits;

/// The member of a request's `extensions` that asks what the operation costs, and of the answer's that tells.
const COST: &str = "cost";

/// How deep brackets may be nested: the parser calls itself for each.
const NESTING: u64 = 100;

/// How long a name may be.
const NAME: u64 = 200;

/// How many lists of types may be nested in a question for the schema; those of the usual tools have one.
const TYPE_LISTS: u64 = 2;

/// Refuses requests that ask for too much.
pub struct Limit(pub Limits);

impl ExtensionFactory for Limit {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Measure { limits: self.0, cost: OnceLock::new() })
    }
}

/// What is known of one request.
struct Measure {
    limits: Limits,
    /// What the operation costs, where that is asked.
    cost: OnceLock<u64>,
}

#[async_trait]
impl Extension for Measure {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        tell(&mut response, self.cost.get().copied(), self.limits);
        response
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        check_text(&request.query, self.limits)?;
        let variables = std::mem::take(&mut request.variables);
        let size = size::measure(request.parsed_query()?, &variables, &ctx.schema_env.registry);
        request.variables = variables;
        let size = size?;
        if request.extensions.get(COST) == Some(&Value::Boolean(true)) {
            // A request is prepared once.
            let _ = self.cost.set(size.cost);
        }
        check(size, self.limits)?;
        next.run(ctx, request).await
    }
}

/// Refuses a text that is too much for the parser.
pub fn check_text(text: &str, limits: Limits) -> ServerResult<()> {
    let size = token::measure(text);
    within(size.tokens, limits.tokens, "has", "tokens")?;
    within(size.nesting, NESTING, "nests", "brackets")?;
    within(size.name, NAME, "has a name of", "characters")
}

fn check(size: Size, limits: Limits) -> ServerResult<()> {
    within(size.selections, limits.selections, "selects", "fields and fragments")?;
    within(size.depth, limits.depth, "nests", "levels of fields")?;
    within(size.aliases, limits.aliases, "has", "aliases")?;
    within(size.fields, limits.root_fields, "selects", "fields at its root")?;
    within(size.directives, limits.directives, "has", "directives")?;
    within(size.type_lists, TYPE_LISTS, "nests", "lists of the schema's types")?;
    within(size.cost, limits.cost, "asks for", "objects by its page sizes")
}

fn within(count: u64, limit: u64, does: &str, what: &str) -> ServerResult<()> {
    if count <= limit {
        return Ok(());
    }
    Err(ServerError::new(format!("The document {does} more than {limit} {what}."), None))
}

/// Adds the cost to an answer, where it was asked for.
fn tell(response: &mut Response, cost: Option<u64>, limits: Limits) {
    if let Some(requested) = cost {
        let (limit, left) = (limits.cost, limits.cost.saturating_sub(requested));
        let cost = value!({ "requested": requested, "limit": limit, "left": left });
        response.extensions.insert(COST.to_owned(), cost);
    }
}
