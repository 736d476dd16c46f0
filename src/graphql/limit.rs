//! How much a request may ask for: everything is counted before anything walks the document.
//!
//! The library's own limits are checked by walking the expanded document, which one of a kilobyte can make last for
//! hours; they also hold for introspection, and their arithmetic overflows.

mod size;
mod syntax;
mod token;

use std::{
    any::TypeId,
    sync::{Arc, OnceLock},
};

use async_graphql::{
    Data, Request, Response, ServerError, ServerResult, ValidationResult, Value, Variables,
    async_trait::async_trait,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextRequest,
        NextValidation,
    },
    parser::{
        parse_query,
        types::{ExecutableDocument, OperationType},
    },
    registry::Registry,
    value,
};

pub use self::size::Size;
use super::{
    load::Load,
    prepared::{Cache, Document, Prepared, Way},
    select::Selected,
};
use crate::config::Limits;

/// The member of a request's `extensions` that asks what the operation costs, and of the answer's that tells.
const COST: &str = "cost";

/// How deep brackets may be nested: the parser calls itself for each.
const NESTING: u64 = 100;

/// How long a name may be.
const NAME: u64 = 200;

/// How many lists of types may be nested in a question for the schema; those of the usual tools have one.
const TYPE_LISTS: u64 = 2;

/// Refuses requests that ask for too much. A document that was read before is not read again.
pub struct Limit {
    limits: Limits,
    cache: Cache,
}

impl Limit {
    /// Knows no document yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, cache: Cache::default() }
    }
}

impl ExtensionFactory for Limit {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Measure {
            limits: self.limits,
            cache: self.cache.clone(),
            cost: OnceLock::new(),
            asked: OnceLock::new(),
        })
    }
}

/// What is known of one request.
struct Measure {
    limits: Limits,
    cache: Cache,
    /// What the operation costs, where that is asked.
    cost: OnceLock<u64>,
    asked: OnceLock<Asked>,
}

/// Which document is asked, and how, where that can be remembered.
struct Asked {
    text: String,
    prepared: Arc<Prepared>,
    way: Option<Way>,
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
        let registry = &ctx.schema_env.registry;
        let prepared = match self.cache.get(&request.query) {
            Some(prepared) => prepared,
            None => Arc::new(self.read(&request.query, registry)?),
        };
        let size = match prepared.size {
            Some(size) => size,
            None => size::measure(&prepared.document, &request.variables, registry)?.0,
        };
        if request.extensions.get(COST) == Some(&Value::Boolean(true)) {
            // A request is prepared once.
            let _ = self.cost.set(size.cost);
        }
        check(size, self.limits)?;
        let way = prepared.way(request.operation_name.as_deref(), &request.variables);
        request.set_parsed_query(ExecutableDocument::clone(&prepared.document));
        let load = request.data.get(&TypeId::of::<Load>()).and_then(|load| load.downcast_ref());
        if let Some(load) = load.map(|load: &Load| load.selecting(prepared.selected.clone())) {
            request.data.insert(load);
        }
        request.data.insert(Document(prepared.document.clone()));
        let text = request.query.clone();
        // A request is prepared once.
        let _ = self.asked.set(Asked { text, prepared, way });
        next.run(ctx, request).await
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let Some(Asked { text, prepared, way }) = self.asked.get() else { return next.run(ctx).await };
        if let Some(valid) = way.as_ref().and_then(|way| prepared.validation(way)) {
            return Ok(valid);
        }
        let result = next.run(ctx).await?;
        if let Some(way) = way {
            prepared.is_valid(way.clone(), result);
        }
        self.cache.put(text, prepared.clone());
        Ok(result)
    }

    /// What a subscription outlives is not remembered: each of its answers has loaders of its own.
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let operation = ctx.data_opt::<Document>().and_then(|document| document.operation(operation_name));
        let is_followed = operation.is_some_and(|operation| operation.ty == OperationType::Subscription);
        let Some(load) = ctx.data_opt::<Load>().filter(|_| is_followed) else {
            return next.run(ctx, operation_name).await;
        };
        let mut data = Data::default();
        data.insert(load.afresh());
        next.run_with_data(ctx, operation_name, data).await
    }
}

impl Measure {
    /// Reads a document that is not known.
    fn read(&self, text: &str, registry: &Registry) -> ServerResult<Prepared> {
        check_text(text, self.limits)?;
        let document = parse_query(text).map_err(|error| syntax::refusal(text, &error))?;
        let (size, depends) = size::measure(&document, &Variables::default(), registry)?;
        let mut without_cost = size;
        without_cost.cost = 0;
        // Of what is too much nothing else is looked at.
        check(without_cost, self.limits)?;
        let selected = Selected::of(&document, registry);
        Ok(Prepared::new(document, selected, (!depends).then_some(size)))
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
