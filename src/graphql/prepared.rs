//! Documents that were read before: to parse one and to validate it takes longer than to execute it.
//!
//! What is remembered depends on the document's text alone. Whether it is valid depends on the variables too, where these
//! are given: it is remembered for what kinds of values they had, and only of documents whose variables are plain. What a
//! document costs by its page sizes is measured anew where variables say these.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::{
    ValidationResult, Value, Variables,
    parser::types::{BaseType, DocumentOperations, ExecutableDocument, OperationDefinition},
};

use super::{limit::Size, select::Selected};

/// How long the texts of all documents that are remembered are together, and that of one, in bytes.
const MOST: usize = 2 << 20;
const LONGEST: usize = 32 << 10;

/// How many ways to ask are remembered of a document.
const MOST_WAYS: usize = 16;

/// Variables of these types are valid by the kinds of their values, whatever these are.
const PLAIN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// The document that a request executes.
pub struct Document(pub Arc<ExecutableDocument>);

impl Document {
    /// The operation of a name, or the only one.
    pub fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        let operation = match (&self.0.operations, name) {
            (DocumentOperations::Single(operation), _) => Some(operation),
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
            (DocumentOperations::Multiple(operations), None) => {
                operations.values().next().filter(|_| operations.len() == 1)
            }
        };
        operation.map(|operation| &operation.node)
    }
}

/// Documents that were read before; clones are the same.
#[derive(Clone, Default)]
pub struct Cache(Arc<Mutex<Remembered>>);

/// Documents by their texts, and the order in which they are forgotten.
#[derive(Default)]
struct Remembered {
    by_text: HashMap<Arc<str>, Arc<Prepared>>,
    oldest_first: VecDeque<Arc<str>>,
    length: usize,
}

/// What is known of a document.
pub struct Prepared {
    pub document: Arc<ExecutableDocument>,
    /// What is selected of each type.
    pub selected: Arc<Selected>,
    /// What it amounts to, where that is the same for all variables.
    pub size: Option<Size>,
    is_plain: bool,
    valid: Mutex<Vec<(Way, ValidationResult)>>,
}

/// A way to ask: which operation, and with what kinds of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    operation: Option<String>,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Absent,
    Null,
    Flag,
    Text,
    Integer,
    Fraction,
    Other,
}

impl Cache {
    /// What is known of a document.
    pub fn get(&self, text: &str) -> Option<Arc<Prepared>> {
        self.remembered().by_text.get(text).cloned()
    }

    /// Remembers a document that is valid.
    pub fn put(&self, text: &str, prepared: Arc<Prepared>) {
        let mut known = self.remembered();
        if text.len() > LONGEST || known.by_text.contains_key(text) {
            return;
        }
        let text: Arc<str> = text.into();
        known.length += text.len();
        while known.length > MOST
            && let Some(oldest) = known.oldest_first.pop_front()
        {
            known.length -= oldest.len();
            known.by_text.remove(&oldest);
        }
        known.oldest_first.push_back(text.clone());
        known.by_text.insert(text, prepared);
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prepared {
    /// A document, and what it amounts to for all variables.
    pub fn new(document: ExecutableDocument, selected: Selected, size: Option<Size>) -> Self {
        let is_plain = document.operations.iter().all(|(_, operation)| {
            operation.node.variable_definitions.iter().all(|definition| {
                let ty = &definition.node.var_type.node.base;
                matches!(ty, BaseType::Named(name) if PLAIN.contains(&name.as_str()))
            })
        });
        let (document, selected) = (Arc::new(document), Arc::new(selected));
        Self { document, selected, size, is_plain, valid: Mutex::default() }
    }

    /// How a request asks; none where its variables have to be looked at each time.
    pub fn way(&self, operation: Option<&str>, variables: &Variables) -> Option<Way> {
        if !self.is_plain {
            return None;
        }
        let operations = self.document.operations.iter();
        let definitions = operations.flat_map(|(_, operation)| &operation.node.variable_definitions);
        let kinds = definitions.map(|definition| Kind::of(variables.get(&definition.node.name.node)));
        Some(Way { operation: operation.map(str::to_owned), kinds: kinds.collect() })
    }

    /// That it is valid, where that is known.
    pub fn validation(&self, way: &Way) -> Option<ValidationResult> {
        let valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        valid.iter().find(|(known, _)| known == way).map(|(_, result)| *result)
    }

    /// Remembers that it is valid for a way to ask.
    pub fn is_valid(&self, way: Way, result: ValidationResult) {
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        // A value that is a list or an object can be valid or not.
        if valid.len() < MOST_WAYS && !way.kinds.contains(&Kind::Other) {
            valid.push((way, result));
        }
    }
}

impl Kind {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::Boolean(_)) => Self::Flag,
            Some(Value::String(_)) => Self::Text,
            Some(Value::Number(number)) if number.is_i64() => Self::Integer,
            Some(Value::Number(_)) => Self::Fraction,
            Some(_) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, parser::parse_query, value};

    use super::*;

    fn prepared(text: &str) -> Arc<Prepared> {
        let document = parse_query(text).expect("it is well formed");
        Arc::new(Prepared::new(document, Selected::default(), None))
    }

    #[test]
    fn documents_are_remembered_within_bounds() {
        let cache = Cache::default();
        let text = |number: usize| format!("{{ a{number}: __typename }} #{}", "x".repeat(LONGEST - 40));
        let known = prepared("{ __typename }");
        let count = MOST / text(0).len() + 1;
        for number in 0..count {
            assert!(cache.get(&text(number)).is_none());
            cache.put(&text(number), known.clone());
            cache.put(&text(number), known.clone());
            assert!(cache.get(&text(number)).is_some());
        }
        assert!(cache.get(&text(0)).is_none(), "the oldest is forgotten");
        assert!(cache.get(&text(1)).is_some());
        let remembered = cache.remembered();
        assert_eq!(remembered.by_text.len(), remembered.oldest_first.len());
        assert_eq!(remembered.length, remembered.by_text.keys().map(|text| text.len()).sum::<usize>());
        assert!(remembered.length <= MOST);
        drop(remembered);
        let long = "x".repeat(LONGEST + 1);
        cache.put(&long, known);
        assert!(cache.get(&long).is_none());
    }

    #[test]
    fn a_way_to_ask_is_known_by_the_operation_and_the_kinds_of_values() {
        let document = prepared("query A($id: ID!, $n: Int = 1) { a } query B { a }");
        let way = |operation: Option<&str>, given: Value| {
            let mut variables = Variables::default();
            let Value::Object(given) = given else { unreachable!("it is an object") };
            variables.extend(given.into_iter().map(|(name, value)| (Name::new(name), value)));
            document.way(operation, &variables).expect("it is plain")
        };
        let first = way(Some("A"), value!({ "id": "a", "n": 1 }));
        assert_eq!(first, way(Some("A"), value!({ "id": "b", "n": 2, "other": [1] })));
        for other in [
            way(None, value!({ "id": "a", "n": 1 })),
            way(Some("B"), value!({ "id": "a", "n": 1 })),
            way(Some("A"), value!({ "id": "a" })),
            way(Some("A"), value!({ "id": null, "n": 1 })),
            way(Some("A"), value!({ "id": 1, "n": 1 })),
            way(Some("A"), value!({ "id": "a", "n": 1.5 })),
            way(Some("A"), value!({ "id": "a", "n": true })),
            way(Some("A"), value!({ "id": ["a"], "n": 1 })),
        ] {
            assert_ne!(first, other);
        }
        for text in ["query($a: [ID!]) { a }", "query($a: CustomerFilter) { a }", "query($a: Status) { a }"] {
            assert_eq!(prepared(text).way(None, &Variables::default()), None, "{text}");
        }
    }
}
