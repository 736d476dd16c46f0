//! Paths at Stripe with places for what a row knows.

use std::fmt::Write;

use super::fetch::Setback;

/// The columns that a path has places for, the id among them.
pub fn columns(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The path with each place filled; what is filled in cannot leave its place.
pub fn fill(path: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Setback> {
    let mut filled = path.to_owned();
    for column in columns(path) {
        let value = value(column).filter(|value| !value.is_empty());
        let Some(value) = value else { return Err(Setback::lasting(format!("its {column} is not known"))) };
        filled = filled.replace(&format!("{{{column}}}"), &escape(&value));
    }
    Ok(filled)
}

/// Percent-encodes all that could mean something in a path or a query.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_nothing_leaves_its_place() {
        let row = |name: &str| match name {
            "id" => Some("25 % off/../x?y".to_owned()),
            "customer" => Some("cus_1".to_owned()),
            _ => None,
        };
        let path = "/customers/{customer}/tax_ids/{id}";
        assert_eq!(columns(path).collect::<Vec<_>>(), ["customer", "id"]);
        let filled = fill(path, row).expect("both are known");
        assert_eq!(filled, "/customers/cus_1/tax_ids/25%20%25%20off%2F%2E%2E%2Fx%3Fy");
        assert_eq!(fill("/account", row).expect("nothing is to be known"), "/account");
        assert!(fill("/a/{b}", row).is_err());
    }
}
