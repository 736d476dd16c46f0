//! Reading JSON values.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};

/// The value of a JSON text.
///
/// As `serde_json` reads it, but for objects: all members of one are read and then sorted, where it puts each into its
/// place. Stripe sends them in order, so that nothing is left to sort. Of members of the same name the last one counts.
pub fn read(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(json).map(|Tree(value)| value)
}

struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tree(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, Tree(value))) = access.next_entry::<String, Tree>()? {
            members.push((name, value));
        }
        Ok(Value::Object(members.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in ["", "{", "[1,]", r#"{"a":}"#, "nul", "1e999", r#""\ud800""#, "{} {}", &deep] {
            assert!(read(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Value>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        let json = r#"{"b":1,"a":{"x":1,"x":[2]},"b":null,"a":3,"b":2}"#;
        assert_eq!(read(json).expect("JSON").to_string(), r#"{"a":3,"b":2}"#);
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
            any::<String>().prop_map(|value| Value::from(value).to_string()),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            let member =
                ("[a-c]{0,2}", inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", "))),
            ]
        })
    }

    proptest! {
        /// Names are few, so that some come twice, and in any order.
        #[test]
        fn it_reads_what_serde_json_reads(json in json()) {
            let expected: Value = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(read(&json).expect("JSON"), expected);
        }
    }
}
