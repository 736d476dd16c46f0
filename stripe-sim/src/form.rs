//! Stripe's bracket syntax of form bodies and queries.

use serde_json::{Map, Value};

/// Reads `a[b][0][c]=x&d[]=y` as nested objects and arrays of strings.
pub(crate) fn parse(query: &[u8]) -> Value {
    let mut root = Map::new();
    for (name, text) in form_urlencoded::parse(query) {
        let path = segments(&name);
        insert(&mut root, &path, text.into_owned());
    }
    Value::Object(root.into_iter().map(|(name, value)| (name, listed(value))).collect())
}

/// Adds the parameters of `other` to those of `into`.
pub(crate) fn merge(into: &mut Value, other: Value) {
    if let (Some(into), Value::Object(other)) = (into.as_object_mut(), other) {
        into.extend(other);
    }
}

fn segments(name: &str) -> Vec<String> {
    let mut parts = name.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    std::iter::once(first).chain(parts.map(|part| part.trim_end_matches(']').to_owned())).collect()
}

fn insert(map: &mut Map<String, Value>, path: &[String], text: String) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = if first.is_empty() { map.len().to_string() } else { first.clone() };
    if rest.is_empty() {
        map.insert(key, Value::String(text));
        return;
    }
    let slot = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    insert(slot.as_object_mut().expect("it was just made an object"), rest, text);
}

/// An object whose keys are all numbers is an array, in the order of the numbers.
fn listed(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let mut entries: Vec<(String, Value)> =
        map.into_iter().map(|(key, value)| (key, listed(value))).collect();
    let numbered = !entries.is_empty() && entries.iter().all(|(key, _)| key.parse::<usize>().is_ok());
    if !numbered {
        return Value::Object(entries.into_iter().collect());
    }
    entries.sort_by_key(|(key, _)| key.parse::<usize>().unwrap_or_default());
    Value::Array(entries.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn brackets_nest_objects_and_arrays() {
        let parsed =
            parse(b"items[0][price]=p1&items[1][price]=p2&metadata[a%20b]=c&expand[]=x&expand[]=y&n=");
        assert_eq!(
            parsed,
            json!({
                "items": [{"price": "p1"}, {"price": "p2"}],
                "metadata": {"a b": "c"},
                "expand": ["x", "y"],
                "n": "",
            })
        );
    }
}
