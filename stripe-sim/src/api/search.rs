//! Stripe's search query language, as far as customers need it (<https://docs.stripe.com/search>).

use serde_json::Value;

use crate::error::{Answer, ApiError};

/// A query: clauses that are all joined by `AND`, or all by `OR`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    all: bool,
    clauses: Vec<Clause>,
}

#[derive(Debug, PartialEq, Eq)]
struct Clause {
    field: String,
    /// The key within `metadata`.
    key: Option<String>,
    text: String,
    /// `~` finds a part of the text, `:` the whole.
    part: bool,
}

impl Query {
    /// Reads a query.
    pub(crate) fn parse(query: &str) -> Answer<Query> {
        let (mut rest, mut joints, mut clauses) = (query.trim(), Vec::new(), Vec::new());
        loop {
            let (clause, after) = clause(rest).ok_or_else(|| malformed(query))?;
            clauses.push(clause);
            let after = after.trim_start();
            let Some((joint, next)) = after.split_once(' ') else {
                if after.is_empty() {
                    break;
                }
                return Err(malformed(query));
            };
            joints.push(joint.to_uppercase());
            rest = next.trim_start();
        }
        let all = joints.iter().all(|joint| joint == "AND");
        let any = joints.iter().all(|joint| joint == "OR");
        if all || any { Ok(Query { all, clauses }) } else { Err(malformed(query)) }
    }

    /// Whether an object fits.
    pub(crate) fn matches(&self, value: &Value) -> bool {
        if self.all {
            self.clauses.iter().all(|clause| clause.matches(value))
        } else {
            self.clauses.iter().any(|clause| clause.matches(value))
        }
    }
}

impl Clause {
    fn matches(&self, value: &Value) -> bool {
        let field = &value[&self.field];
        let found = self.key.as_ref().map_or(field, |key| &field[key]);
        let Some(found) = found.as_str() else { return false };
        let (found, wanted) = (found.to_lowercase(), self.text.to_lowercase());
        if self.part { found.contains(&wanted) } else { found == wanted }
    }
}

fn malformed(query: &str) -> ApiError {
    ApiError::invalid(format!("We were unable to parse your search query: {query}")).param("query")
}

fn clause(text: &str) -> Option<(Clause, &str)> {
    let name_end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
    let (field, rest) = text.split_at(name_end);
    let (key, rest) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (key, rest) = quoted(inner)?;
            (Some(key), rest.strip_prefix(']')?)
        }
        None => (None, rest),
    };
    let part = rest.starts_with('~');
    let (text, rest) = quoted(rest.strip_prefix(['~', ':'])?)?;
    Some((Clause { field: field.to_owned(), key, text, part }, rest))
}

/// A text in single or double quotes, in which a backslash escapes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|letter| ['\'', '"'].contains(letter))?;
    let mut read = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => read.push(letters.next()?.1),
            _ if letter == quote => return Some((read, &text[at + 1..])),
            _ => read.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Query;
    use serde_json::json;

    #[test]
    fn clauses_join_by_and_or_by_or() {
        let customer = json!({"email": "customer-1@example.com", "metadata": {"user_id": "o'7"}});
        let fits = |query: &str| Query::parse(query).map(|query| query.matches(&customer)).ok();
        assert_eq!(fits(r"metadata['user_id']:'o\'7'"), Some(true));
        assert_eq!(fits("email:'x' OR metadata[\"user_id\"]:\"o'7\""), Some(true));
        assert_eq!(fits("email:'x' AND email:'customer-1@example.com'"), Some(false));
        assert_eq!(fits("email~'customer-1'"), Some(true));
        assert_eq!(fits("email=x"), None);
        assert_eq!(fits("email:'a' AND email:'b' OR email:'c'"), None);
    }
}
