//! Null where a field failed, as the specification wants it
//! (<https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors>): in place of the field, or, where that may
//! not be null, of the nearest that holds it and may. async-graphql leaves such fields out of what holds them.

use std::{collections::HashSet, sync::Arc};

use async_graphql::{
    Name, PathSegment, Response, Value,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
    registry::{MetaTypeName, Registry},
};

use super::{prepared::Document, root_type};

/// Puts nulls into the data of every response.
pub struct Nulls;

impl ExtensionFactory for Nulls {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Nulls)
    }
}

#[async_trait]
impl Extension for Nulls {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        if let Some(document) = ctx.data_opt::<Document>()
            && let Some(operation) = document.operation(operation_name)
        {
            fill(&mut response, &document.0, operation, &ctx.schema_env.registry);
        }
        response
    }
}

fn fill(
    response: &mut Response,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    registry: &Registry,
) {
    let shape = Shape { document, registry };
    for error in response.errors.iter().filter(|error| !error.path.is_empty()) {
        if let Some(nullable) = shape.nullable(operation, &error.path) {
            put_null(&mut response.data, nullable);
        }
    }
}

/// Puts null at a path, unless there is one on the way to it.
fn put_null(data: &mut Value, path: &[PathSegment]) {
    let Some((segment, rest)) = path.split_first() else {
        *data = Value::Null;
        return;
    };
    match (segment, data) {
        (PathSegment::Field(key), Value::Object(fields)) => {
            put_null(fields.entry(Name::new(key)).or_default(), rest);
        }
        (PathSegment::Index(index), Value::List(items)) => {
            if let Some(item) = items.get_mut(*index) {
                put_null(item, rest);
            }
        }
        _ => {}
    }
}

/// Of which types the parts of an answer are.
struct Shape<'a> {
    document: &'a ExecutableDocument,
    registry: &'a Registry,
}

impl<'a> Shape<'a> {
    /// How far a path leads to what may be null: all of it, some, or, where nothing on the way may, no step.
    fn nullable<'p>(
        &self,
        operation: &'a OperationDefinition,
        path: &'p [PathSegment],
    ) -> Option<&'p [PathSegment]> {
        let root = root_type(self.registry, operation.ty)?;
        let mut sets = vec![(root, &operation.selection_set.node)];
        let (mut ty, mut nullable) = ("", 0);
        for (index, segment) in path.iter().enumerate() {
            match segment {
                PathSegment::Field(key) => {
                    let fields = self.selected(&sets, key);
                    // Fields of one response key have one shape.
                    ty = fields.first()?.0;
                    let inside = |(ty, field): (&'a str, &'a Field)| {
                        (MetaTypeName::concrete_typename(ty), &field.selection_set.node)
                    };
                    sets = fields.into_iter().map(inside).collect();
                }
                PathSegment::Index(_) => {
                    ty = ty.trim_end_matches('!').strip_prefix('[')?.strip_suffix(']')?;
                }
            }
            if !ty.ends_with('!') {
                nullable = index + 1;
            }
        }
        path.get(..nullable)
    }

    /// The fields that are selected by a response key, each with its type.
    fn selected(&self, sets: &[(&'a str, &'a SelectionSet)], key: &str) -> Vec<(&'a str, &'a Field)> {
        let (mut fields, mut left) = (Vec::new(), sets.to_vec());
        let mut seen = HashSet::new();
        while let Some((parent, set)) = left.pop() {
            for item in &set.items {
                match &item.node {
                    Selection::Field(field) if field.node.response_key().node == key => {
                        let name = field.node.name.node.as_str();
                        let parent = self.registry.concrete_type_by_name(parent);
                        if let Some(definition) = parent.and_then(|parent| parent.field_by_name(name)) {
                            fields.push((definition.ty.as_str(), &field.node));
                        }
                    }
                    Selection::Field(_) => {}
                    Selection::InlineFragment(fragment) => {
                        let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                        left.push((on.unwrap_or(parent), &fragment.node.selection_set.node));
                    }
                    Selection::FragmentSpread(spread) => {
                        let name = &spread.node.fragment_name.node;
                        if let Some(fragment) = self.document.fragments.get(name)
                            && seen.insert(name)
                        {
                            let fragment = &fragment.node;
                            left.push((&fragment.type_condition.node.on.node, &fragment.selection_set.node));
                        }
                    }
                }
            }
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Object, Request, Result, Schema, parser::parse_query,
    };
    use serde_json::{Value, json};

    use super::*;

    struct Part;

    #[expect(clippy::unused_async, reason = "resolvers are asynchronous")]
    #[Object]
    impl Part {
        async fn name(&self) -> &'static str {
            "part"
        }

        async fn may_fail(&self) -> Result<Option<i32>> {
            Err("no".into())
        }

        async fn must_not_fail(&self) -> Result<i32> {
            Err("no".into())
        }

        async fn part(&self) -> Option<Self> {
            Some(Self)
        }

        async fn sure(&self) -> Self {
            Self
        }

        async fn some(&self) -> Vec<Option<Self>> {
            vec![Some(Self), None, Some(Self)]
        }

        async fn all(&self) -> Option<Vec<Self>> {
            Some(vec![Self, Self])
        }
    }

    async fn answer(query: &str) -> Value {
        let schema = Schema::build(Part, EmptyMutation, EmptySubscription).extension(Nulls).finish();
        let document = Document(Arc::new(parse_query(query).expect("it is well formed")));
        let response = schema.execute(Request::new(query).data(document)).await;
        assert!(!response.errors.is_empty(), "{query}");
        response.data.into_json().expect("it is JSON")
    }

    #[tokio::test]
    async fn what_fails_is_null_or_what_holds_it() {
        let part = || json!({ "name": "part" });
        for (query, expected) in [
            ("{ name mayFail }", json!({ "name": "part", "mayFail": null })),
            ("{ name mustNotFail }", Value::Null),
            ("{ name part { name mustNotFail } }", json!({ "name": "part", "part": null })),
            ("{ name part { sure { sure { mustNotFail } } } }", json!({ "name": "part", "part": null })),
            (
                "{ a: part { name ...F } b: part { name } } fragment F on Part { x: mustNotFail }",
                json!({ "a": null, "b": part() }),
            ),
            ("{ part { name } part { ... { mustNotFail } } name }", json!({ "part": null, "name": "part" })),
            ("{ name some { mustNotFail } }", json!({ "name": "part", "some": [null, null, null] })),
            ("{ name all { name mustNotFail } }", json!({ "name": "part", "all": null })),
            ("query A { name } query B { name }", Value::Null),
        ] {
            assert_eq!(answer(query).await, expected, "{query}");
        }
    }
}
