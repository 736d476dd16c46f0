//! The fields of an answer stand in the order of the document
//! (<https://spec.graphql.org/September2025/#sec-Response-Format>). The library writes them as they finish: one that
//! waited comes after those that did not.

use std::sync::Arc;

use async_graphql::{
    Name, Response, Value,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

use super::prepared::Document;

/// Puts the fields of every answer in order.
pub struct KeyOrder;

impl ExtensionFactory for KeyOrder {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(KeyOrder)
    }
}

#[async_trait]
impl Extension for KeyOrder {
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
            // The library has no object without fields: all were skipped.
            if response.data == Value::Null && response.errors.is_empty() {
                response.data = Value::Object(IndexMap::new());
            }
            order(&document.0, vec![&mut response.data], &[&operation.selection_set.node]);
        }
        response
    }
}

/// The keys of a level, in order, each with what is selected inside.
#[derive(Default)]
struct Level<'a> {
    keys: IndexMap<&'a Name, Vec<&'a SelectionSet>>,
    /// The types that fragments are on: of several, each may want an order of its own.
    types: Vec<&'a Name>,
}

/// Puts the keys of all these values, of which the same is selected, in order.
fn order(document: &ExecutableDocument, values: Vec<&mut Value>, selected: &[&SelectionSet]) {
    let mut level = Level::default();
    for set in selected {
        level.add(document, set);
    }
    let mut objects = Vec::with_capacity(values.len());
    for value in values {
        add_objects(value, &mut objects);
    }
    if level.types.len() <= 1 {
        for object in &mut objects {
            level.order(object);
        }
    }
    for (key, inside) in level.keys.iter().filter(|(_, inside)| !inside.is_empty()) {
        let inner: Vec<_> = objects.iter_mut().filter_map(|object| object.get_mut(key.as_str())).collect();
        order(document, inner, inside);
    }
}

fn add_objects<'a>(value: &'a mut Value, objects: &mut Vec<&'a mut IndexMap<Name, Value>>) {
    match value {
        Value::Object(object) => objects.push(object),
        Value::List(items) => items.iter_mut().for_each(|item| add_objects(item, objects)),
        _ => {}
    }
}

impl<'a> Level<'a> {
    fn add(&mut self, document: &'a ExecutableDocument, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let inside = self.keys.entry(&field.node.response_key().node).or_default();
                    inside.extend(
                        (!field.node.selection_set.node.items.is_empty())
                            .then_some(&field.node.selection_set.node),
                    );
                }
                Selection::InlineFragment(fragment) => {
                    if let Some(on) = &fragment.node.type_condition {
                        self.add_type(&on.node.on.node);
                    }
                    self.add(document, &fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.add_type(&fragment.node.type_condition.node.on.node);
                        self.add(document, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn add_type(&mut self, name: &'a Name) {
        if !self.types.contains(&name) {
            self.types.push(name);
        }
    }

    /// Sorts an object's keys unless they are in order: what failed or was skipped has none.
    fn order(&self, object: &mut IndexMap<Name, Value>) {
        let mut keys = object.keys().peekable();
        for expected in self.keys.keys() {
            keys.next_if(|key| key == expected);
        }
        if keys.next().is_some() {
            object.sort_by_cached_key(|key, _| self.keys.get_index_of(key));
        }
    }
}
