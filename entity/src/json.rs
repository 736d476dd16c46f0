//! JSON as Stripe sends it, without a copy of its texts.
//!
//! What Stripe says of an object is read, lifted, and written as rows: no name and hardly a text in it outlives that.

use std::{borrow::Cow, fmt, mem};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::Number;

/// A JSON value, whose texts are part of what it was read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'t> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'t, str>),
    Array(Vec<Self>),
    Object(Object<'t>),
}

/// A JSON object: its members, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Value<'t>)>);

/// The value of a JSON text.
///
/// It is what `serde_json` reads; of members of the same name the last one counts.
pub fn read(json: &str) -> serde_json::Result<Value<'_>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = ValueReader(&mut Vec::with_capacity(MEMBERS)).deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

impl<'t> Value<'t> {
    /// A member, where this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The same of members inside each other.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    /// A member, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.as_object_mut()?.get_mut(name)
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.as_i64() } else { None }
    }

    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_object(&self) -> Option<&Object<'t>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub fn as_object_mut(&mut self) -> Option<&mut Object<'t>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value with its own texts.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(flag) => serde_json::Value::Bool(*flag),
            Self::Number(number) => serde_json::Value::Number(number.clone()),
            Self::String(text) => serde_json::Value::String(text.clone().into_owned()),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(object) => {
                object.iter().map(|(name, value)| (name.clone().into_owned(), value.to_json())).collect()
            }
        }
    }
}

impl<'t> Object<'t> {
    pub fn get(&self, name: &str) -> Option<&Value<'t>> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value<'t>> {
        self.place(name).ok().map(|place| &mut self.0[place].1)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts a member in, in place of one of that name.
    pub fn insert(&mut self, name: impl Into<Cow<'t, str>>, value: impl Into<Value<'t>>) {
        let (name, value) = (name.into(), value.into());
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (name, value)),
        }
    }

    /// Puts a member in where there is none of that name, be it null.
    pub fn insert_absent(&mut self, name: impl Into<Cow<'t, str>>, value: impl Into<Value<'t>>) {
        let name = name.into();
        if let Err(place) = self.place(&name) {
            self.0.insert(place, (name, value.into()));
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Value<'t>> {
        self.place(name).ok().map(|place| self.0.remove(place).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Cow<'t, str>, &Value<'t>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a member is, or belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| (**own).cmp(name))
    }

    /// Of members in any order, which Stripe sends in that of their names.
    fn of(mut members: Vec<(Cow<'t, str>, Value<'t>)>) -> Self {
        if !members.is_sorted_by(|(a, _), (b, _)| a < b) {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            // The last one of a name is kept in the place of the first.
            members.dedup_by(|later, kept| {
                let is_same = later.0 == kept.0;
                if is_same {
                    mem::swap(&mut later.1, &mut kept.1);
                }
                is_same
            });
        }
        Self(members)
    }
}

/// Puts members in; of those of the same name the last one counts.
impl<'t> Extend<(Cow<'t, str>, Value<'t>)> for Object<'t> {
    fn extend<I: IntoIterator<Item = (Cow<'t, str>, Value<'t>)>>(&mut self, members: I) {
        self.0.extend(members);
        *self = Self::of(mem::take(&mut self.0));
    }
}

impl<'t> From<&'t serde_json::Value> for Value<'t> {
    fn from(json: &'t serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(*flag),
            serde_json::Value::Number(number) => Self::Number(number.clone()),
            serde_json::Value::String(text) => text.as_str().into(),
            serde_json::Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(object) => Self::Object(object.into()),
        }
    }
}

impl<'t> From<&'t serde_json::Map<String, serde_json::Value>> for Object<'t> {
    fn from(object: &'t serde_json::Map<String, serde_json::Value>) -> Self {
        Self::of(object.iter().map(|(name, value)| (name.as_str().into(), value.into())).collect())
    }
}

impl<'t> From<&'t str> for Value<'t> {
    fn from(text: &'t str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl<'t> From<Vec<Value<'t>>> for Value<'t> {
    fn from(items: Vec<Value<'t>>) -> Self {
        Self::Array(items)
    }
}

impl<'t, V: Into<Value<'t>>> From<Option<V>> for Value<'t> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                object.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

/// For how many members there is room from the start.
const MEMBERS: usize = 128;

/// Reads a value, with the members of the objects around it that were read so far: it puts its own behind them until
/// all are there, so that each object takes the memory that it needs, and once.
struct ValueReader<'r, 't>(&'r mut Vec<(Cow<'t, str>, Value<'t>)>);

impl<'de> DeserializeSeed<'de> for ValueReader<'_, 'de> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueReader<'_, 'de> {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(value.into())
    }

    /// Of a text with escapes.
    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(value.to_owned().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(ValueReader(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<'de>, A::Error> {
        let start = self.0.len();
        while let Some(Name(name)) = access.next_key()? {
            let value = access.next_value_seed(ValueReader(self.0))?;
            self.0.push((name, value));
        }
        Ok(Value::Object(Object::of(self.0.drain(start..).collect())))
    }
}

/// The name of a member.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(value: &Value) -> String {
        serde_json::to_string(value).expect("a value is JSON")
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in ["", "{", "[1,]", r#"{"a":}"#, "{1:2}", "nul", "1e999", r#""\ud800""#, "{} {}", &deep] {
            assert!(read(json).is_err(), "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        let json = r#"{"b":1,"a":{"x":1,"x":[2]},"b":null,"a":3,"b":2}"#;
        assert_eq!(text(&read(json).expect("JSON")), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn members_are_found_put_in_and_taken_out() {
        let mut value = read(r#"{"b":{"x":[1,true,"t"]},"a":null}"#).expect("JSON");
        assert_eq!(value.at(&["b", "x"]).and_then(Value::as_array).map(<[Value]>::len), Some(3));
        for path in [&["c"][..], &["a", "x"], &["b", "x", "y"]] {
            assert_eq!(value.at(path), None, "{path:?}");
        }
        let object = value.as_object_mut().expect("an object");
        object.insert("aa", 1);
        object.insert("b", "new");
        object.insert_absent("a", true);
        object.insert_absent("c", Some(2));
        assert_eq!(object.remove("d"), None);
        assert_eq!(text(&value), r#"{"a":null,"aa":1,"b":"new","c":2}"#);
        let object = value.as_object_mut().expect("an object");
        assert_eq!(object.remove("b"), Some("new".into()));
        assert_eq!((object.len(), object.contains("b"), object.contains("a")), (3, false, true));
        object.extend([("c".into(), 3.into()), ("b".into(), 4.into()), ("c".into(), 5.into())]);
        assert_eq!(text(&value), r#"{"a":null,"aa":1,"b":4,"c":5}"#);
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("-0".to_owned()),
            Just("18446744073709551616".to_owned()),
            Just(r#""\u00e9\ud83d\ude00\n""#.to_owned()),
            any::<bool>().prop_map(|value| value.to_string()),
            any::<i64>().prop_map(|value| value.to_string()),
            any::<u64>().prop_map(|value| value.to_string()),
            (any::<i32>(), -30..30_i8).prop_map(|(digits, power)| format!("{digits}.5e{power}")),
            any::<String>().prop_map(|value| json!(value).to_string()),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            let name = prop_oneof!["[a-c]{0,2}", Just(r"\u0061\n".to_owned())];
            let member = (name, inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", "))),
            ]
        })
    }

    proptest! {
        /// Names are few, so that some come twice, and in any order.
        #[test]
        fn it_is_what_serde_json_reads(json in json()) {
            let expected: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            let value = read(&json).expect("JSON");
            prop_assert_eq!(value.to_json(), expected.clone());
            prop_assert_eq!(text(&value), expected.to_string());
            prop_assert_eq!(&value, &Value::from(&expected));
        }
    }
}
