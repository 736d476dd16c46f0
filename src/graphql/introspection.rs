//! Who may read the schema from the gateway, be it by introspection or by errors that name what is similar.

use std::sync::Arc;

use async_graphql::{
    ServerError, ServerResult, ValidationResult, Variables,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextValidation},
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

use crate::{auth::Viewer, config::Introspection, error::Error};

/// Keeps the schema from those who may not read it.
#[derive(Clone, Copy)]
pub struct Discretion(pub Introspection);

impl ExtensionFactory for Discretion {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(*self)
    }
}

impl Discretion {
    fn allows(self, ctx: &ExtensionContext<'_>) -> bool {
        match self.0 {
            Introspection::Public => true,
            Introspection::Staff => ctx.data_opt::<Viewer>().is_some_and(Viewer::is_staff),
            Introspection::Off => false,
        }
    }
}

#[async_trait]
impl Extension for Discretion {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        if introspects(&document) && !self.allows(ctx) {
            let message = "The token does not allow introspection; schema.graphql has the schema.";
            return Err(Error::forbidden(message).into());
        }
        Ok(document)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let mut result = next.run(ctx).await;
        if let Err(errors) = &mut result
            && !self.allows(ctx)
        {
            for error in errors {
                without_suggestion(&mut error.message);
            }
        }
        result
    }
}

/// Whether a document asks for the schema: only a root has the fields for it.
fn introspects(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(selects_schema)
}

fn selects_schema(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            matches!(field.node.name.node.as_str(), "__schema" | "__type" | "_service")
        }
        Selection::InlineFragment(fragment) => selects_schema(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

/// Cuts off what the library appends to a name that it does not know.
fn without_suggestion(message: &mut String) {
    if let Some(end) = message.find(" Did you mean ") {
        message.truncate(end);
    }
}
