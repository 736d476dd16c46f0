//! What a document amounts to after its fragments are expanded: fragments within fragments double it at each level, and
//! so does nothing here, since each is looked at once.

use std::{cell::Cell, collections::HashMap};

use async_graphql::{
    Name, Positioned, ServerError, ServerResult, Value, Variables,
    parser::types::{
        ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
    registry::{MetaField, MetaTypeName, Registry},
};

use crate::graphql::{page, root_type};

/// How deep selection sets may be nested, fragments included: the walk calls itself for each.
const NESTING: usize = 64;

/// How many objects a list without pages is taken to have.
const SHORT_LIST: u64 = 10;

/// The fields of introspection's types that lead to lists of types: each nested one multiplies the answer.
const TYPE_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// What a selection set amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Fields and fragments, with those inside.
    pub selections: u64,
    /// Levels of fields; introspection has none.
    pub depth: u64,
    pub aliases: u64,
    pub directives: u64,
    /// Fields at the set's own level.
    pub fields: u64,
    /// Objects that may be in the answer, by the page sizes that are asked for.
    pub cost: u64,
    /// The same for each row, where the set is that of a page.
    cost_of_row: u64,
    /// Lists of types within lists of types.
    pub type_lists: u64,
}

impl Size {
    /// Both one beside the other.
    fn and(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            fields: self.fields.saturating_add(other.fields),
            cost: self.cost.saturating_add(other.cost),
            cost_of_row: self.cost_of_row.saturating_add(other.cost_of_row),
            type_lists: self.type_lists.max(other.type_lists),
        }
    }

    /// The most of both, of which one is executed; but all selections of a document are looked at.
    fn or(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.max(other.aliases),
            directives: self.directives.max(other.directives),
            fields: self.fields.max(other.fields),
            cost: self.cost.max(other.cost),
            cost_of_row: 0,
            type_lists: self.type_lists.max(other.type_lists),
        }
    }
}

/// The size of a document's largest operation, and of all its selections; and whether it depends on variables.
pub fn measure(
    document: &ExecutableDocument,
    variables: &Variables,
    registry: &Registry,
) -> ServerResult<(Size, bool)> {
    let (mut size, mut depends) = (Size::default(), false);
    for (_, operation) in document.operations.iter() {
        let mut walk = Walk::new(document, variables, registry, Some(&operation.node));
        size = size.or(walk.operation(&operation.node)?);
        depends |= walk.depends.get();
    }
    // A fragment that nothing uses is validated too.
    let mut walk = Walk::new(document, variables, registry, None);
    for name in document.fragments.keys() {
        let unused = walk.fragment(name, 0)?;
        size.selections = size.selections.max(unused.selections);
    }
    Ok((size, depends))
}

struct Walk<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
    registry: &'a Registry,
    operation: Option<&'a OperationDefinition>,
    /// Whether a variable was looked at.
    depends: Cell<bool>,
    /// The sizes of fragments that were looked at; none while that goes on.
    known: HashMap<&'a str, Option<Size>>,
}

impl<'a> Walk<'a> {
    fn new(
        document: &'a ExecutableDocument,
        variables: &'a Variables,
        registry: &'a Registry,
        operation: Option<&'a OperationDefinition>,
    ) -> Self {
        let (fragments, depends, known) = (&document.fragments, Cell::new(false), HashMap::new());
        Self { fragments, variables, registry, operation, depends, known }
    }

    fn operation(&mut self, operation: &'a OperationDefinition) -> ServerResult<Size> {
        let root = root_type(self.registry, operation.ty);
        let size = self.set(root.unwrap_or_default(), &operation.selection_set, 0)?;
        let of_variables =
            operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        Ok(size.and(directives(operation.directives.len() + of_variables.sum::<usize>())))
    }

    fn set(&mut self, parent: &str, set: &'a Positioned<SelectionSet>, level: usize) -> ServerResult<Size> {
        if level > NESTING {
            let message = format!("The document nests more than {NESTING} selection sets.");
            return Err(ServerError::new(message, Some(set.pos)));
        }
        let mut size = Size::default();
        for item in &set.node.items {
            let (inside, own_directives) = match &item.node {
                Selection::Field(field) => (self.field(parent, &field.node, level)?, &field.node.directives),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    let inside = self.set(on.unwrap_or(parent), &fragment.node.selection_set, level + 1)?;
                    (inside, &fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name;
                    let Some(inside) = self.known_fragment(&name.node, level + 1)? else {
                        let message = format!("Cannot spread fragment \"{}\" within itself.", name.node);
                        return Err(ServerError::new(message, Some(item.pos)));
                    };
                    (inside, &spread.node.directives)
                }
            };
            let itself = Size { selections: 1, ..directives(own_directives.len()) };
            size = size.and(inside).and(itself);
        }
        Ok(size)
    }

    fn field(&mut self, parent: &str, field: &'a Field, level: usize) -> ServerResult<Size> {
        let name = field.name.node.as_str();
        let definition = self.registry.concrete_type_by_name(parent).and_then(|ty| ty.field_by_name(name));
        let ty = match name {
            "__schema" => "__Schema",
            "__type" => "__Type",
            _ => definition.map_or("", |definition| MetaTypeName::concrete_typename(&definition.ty)),
        };
        let inside = self.set(ty, &field.selection_set, level + 1)?;
        let introspects = matches!(name, "__schema" | "__type");
        let lists_types = parent == "__Type" && TYPE_LISTS.contains(&name);
        let (cost, cost_of_row) = self.cost(parent, field, definition, inside);
        Ok(Size {
            depth: if introspects { 0 } else { inside.depth.saturating_add(1) },
            aliases: inside.aliases.saturating_add(u64::from(field.alias.is_some())),
            fields: 1,
            cost,
            cost_of_row,
            type_lists: inside.type_lists.saturating_add(u64::from(lists_types)),
            ..inside
        })
    }

    /// What a field costs, and what it costs for each row of the page that it is part of: an object is one, its
    /// columns are nothing, a connection multiplies what its rows cost.
    fn cost(&self, parent: &str, field: &Field, definition: Option<&MetaField>, inside: Size) -> (u64, u64) {
        let Some(definition) = definition.filter(|_| !field.selection_set.node.items.is_empty()) else {
            return (inside.cost, 0);
        };
        // An edge is its node's place, and no object itself.
        let itself = u64::from(!matches!(field.name.node.as_str(), "edges" | "pageInfo"));
        let rows = self.page_size(field).saturating_mul(inside.cost_of_row);
        let cost = inside.cost.saturating_add(rows).saturating_add(itself);
        let pages = self.registry.concrete_type_by_name(parent);
        let in_page = pages.is_some_and(|page| page.field_by_name("pageInfo").is_some());
        let is_list = MetaTypeName::create(&definition.ty).unwrap_non_null().is_list();
        match self.count(field, "ids").or_else(|| self.count(field, "representations")) {
            _ if in_page && is_list => (0, cost),
            Some(ids) => (cost.saturating_mul(ids), 0),
            None if is_list && !parent.starts_with("__") => (cost.saturating_mul(SHORT_LIST), 0),
            None => (cost, 0),
        }
    }

    /// How many rows the field asks for.
    fn page_size(&self, field: &Field) -> u64 {
        self.count(field, "first").max(self.count(field, "last")).unwrap_or(page::DEFAULT)
    }

    /// The number that an argument is, or that of the items in its list.
    fn count(&self, field: &Field, name: &str) -> Option<u64> {
        let argument = field.get_argument(name)?.node.clone();
        // The count of a variable stands for it: what it holds may be long, and may be named often.
        let variable = |name| self.variable(&name).and_then(count).map_or(Value::Null, Value::from);
        count(&argument.into_const_with(|name| Ok::<_, ()>(variable(name))).ok()?)
    }

    /// The value of a variable: as given, or its default.
    fn variable(&self, name: &Name) -> Option<&Value> {
        self.depends.set(true);
        self.variables.get(name).or_else(|| {
            let definitions = &self.operation?.variable_definitions;
            let definition = definitions.iter().find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }

    fn fragment(&mut self, name: &str, level: usize) -> ServerResult<Size> {
        // Whoever begins with a fragment is inside of none.
        Ok(self.known_fragment(name, level)?.unwrap_or_default())
    }

    /// The size of a fragment; none of one that is being looked at, which has no end.
    fn known_fragment(&mut self, name: &str, level: usize) -> ServerResult<Option<Size>> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Some(Size::default()));
        };
        if let Some(size) = self.known.get(name.as_str()) {
            return Ok(*size);
        }
        self.known.insert(name, None);
        let fragment = &fragment.node;
        let size = self.set(&fragment.type_condition.node.on.node, &fragment.selection_set, level)?;
        let size = size.and(directives(fragment.directives.len()));
        self.known.insert(name, Some(size));
        Ok(Some(size))
    }
}

fn count(value: &Value) -> Option<u64> {
    match value {
        // What is negative is refused later.
        Value::Number(number) => {
            Some(number.as_i64().map_or(u64::MAX, |number| u64::try_from(number).unwrap_or(0)))
        }
        Value::List(items) => Some(items.len() as u64),
        _ => None,
    }
}

fn directives(count: usize) -> Size {
    Size { directives: count as u64, ..Size::default() }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn a_small_document_that_expands_to_a_large_one_is_measured_at_once() {
        let fragments: Vec<_> =
            (0..22).map(|n| format!("fragment f{n} on Q {{ ...f{0} ...f{0} }} ", n + 1)).collect();
        let text = format!("{{ ...f0 }} {} fragment f22 on Q {{ a }}", fragments.concat());
        assert!(text.len() <= 845, "{} bytes", text.len());
        let document = parse_query(&text).expect("it is well formed");
        let timed = || {
            let start = Instant::now();
            let size = measure(&document, &Variables::default(), &Registry::default());
            (start.elapsed(), size.expect("it has an end").0.selections)
        };
        let (elapsed, selections) = (0..10).map(|_| timed()).min().expect("ten times");
        assert!(selections > 12_000_000, "{selections}");
        assert!(elapsed < Duration::from_millis(10), "{elapsed:?}");
    }
}
