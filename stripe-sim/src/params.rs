//! Typed access to the parameters of a request.

use serde_json::{Map, Value};

use crate::error::{Answer, ApiError};

/// The parameters of a request: nested objects and arrays of strings.
#[derive(Debug, Clone)]
pub(crate) struct Params {
    value: Value,
}

impl Params {
    pub(crate) fn new(value: Value) -> Params {
        Params { value }
    }

    /// The names on the top level.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.value.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// A value by its JSON pointer without the leading slash, such as `items/0/price`.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.value.pointer(&format!("/{path}"))
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text that the endpoint needs.
    pub(crate) fn need(&self, path: &str) -> Answer<&str> {
        self.text(path).ok_or_else(|| ApiError::missing(&bracketed(path)))
    }

    /// A whole number; anything else is refused as Stripe refuses it.
    pub(crate) fn number(&self, path: &str) -> Answer<Option<i64>> {
        let Some(text) = self.text(path) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .param(bracketed(path))
        })
    }

    /// A boolean.
    pub(crate) fn flag(&self, path: &str) -> Answer<Option<bool>> {
        match self.text(path) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(text) => Err(ApiError::invalid(format!("Invalid boolean: {text}")).param(bracketed(path))),
        }
    }

    /// The entries of a list, each as parameters of its own.
    pub(crate) fn list(&self, path: &str) -> Vec<Params> {
        let entries = self.get(path).and_then(Value::as_array).cloned().unwrap_or_default();
        entries.into_iter().map(Params::new).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, path: &str) -> Vec<String> {
        let entries = self.get(path).and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Writes the given texts into an object; an empty text unsets (<https://docs.stripe.com/api/metadata>).
    pub(crate) fn write(&self, names: &[&str], object: &mut Value) {
        for name in names {
            if let Some(text) = self.get(name).and_then(Value::as_str) {
                object[*name] = if text.is_empty() { Value::Null } else { Value::from(text) };
            }
        }
    }

    /// Merges `metadata` into an object: an empty value removes its key, an empty `metadata` removes all.
    pub(crate) fn write_metadata(&self, object: &mut Value) {
        match self.get("metadata") {
            Some(Value::Object(entries)) => merge_metadata(&mut object["metadata"], entries),
            Some(_) => object["metadata"] = Value::Object(Map::new()),
            None => {}
        }
    }
}

fn merge_metadata(metadata: &mut Value, entries: &Map<String, Value>) {
    let Some(metadata) = metadata.as_object_mut() else { return };
    for (key, value) in entries {
        if value.as_str() == Some("") {
            metadata.remove(key);
        } else {
            metadata.insert(key.clone(), value.clone());
        }
    }
}

/// `items/0/price` as Stripe writes it: `items[0][price]`.
fn bracketed(path: &str) -> String {
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| format!("{name}[{part}]"))
}
