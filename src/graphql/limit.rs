//! How much a document may expand to: fragments within fragments double it at each level.
//!
//! The library's own limits are checked by walking the expanded document, which one of two kilobytes can make last for
//! hours.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Name, Positioned, Request, ServerError, ServerResult,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest},
    parser::types::{FragmentDefinition, Selection, SelectionSet},
};

/// How many fields and fragments an operation may select, after its fragments are expanded.
const SELECTIONS: usize = 10_000;

/// Refuses documents that expand to too much, before anything walks them.
pub struct Limit;

impl ExtensionFactory for Limit {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Limit)
    }
}

#[async_trait]
impl Extension for Limit {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let document = request.parsed_query()?;
        let mut expansion = Expansion { fragments: &document.fragments, known: HashMap::new() };
        // The library walks all operations, whichever is asked for, and fragments that nothing uses.
        let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
        let sizes = operations.chain(fragments).map(|set| expansion.size(set));
        if sizes.fold(0, usize::saturating_add) > SELECTIONS {
            let message = format!("The document selects more than {SELECTIONS} fields and fragments.");
            return Err(ServerError::new(message, None));
        }
        next.run(ctx, request).await
    }
}

struct Expansion<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// The sizes of fragments that were counted.
    known: HashMap<&'a str, usize>,
}

impl<'a> Expansion<'a> {
    fn size(&mut self, set: &'a SelectionSet) -> usize {
        let sizes = set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => self.size(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => self.size(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        });
        sizes.fold(0, |sum: usize, size| sum.saturating_add(size).saturating_add(1))
    }

    fn fragment(&mut self, name: &str) -> usize {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return 0 };
        if let Some(size) = self.known.get(name.as_str()) {
            return *size;
        }
        // A fragment within itself has no end.
        self.known.insert(name, usize::MAX);
        let size = self.size(&fragment.node.selection_set.node);
        self.known.insert(name, size);
        size
    }
}
