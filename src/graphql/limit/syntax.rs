//! What is said of a text that is no document: what stands where it ceases to be one.

use async_graphql::{Pos, ServerError, parser::Error};

use crate::error::shown;

/// The refusal of a text, in our words.
pub fn refusal(text: &str, error: &Error) -> ServerError {
    let message = match error {
        Error::Syntax { start, .. } => match token(text, *start) {
            Some(token) => format!("Syntax Error: Unexpected \"{token}\"."),
            None => "Syntax Error: Unexpected end of the document.".to_owned(),
        },
        Error::MultipleOperations { .. } => {
            "An operation without a name must be the only one of its document.".to_owned()
        }
        Error::OperationDuplicated { operation, .. } => {
            format!("There can be only one operation named \"{}\".", shown(operation))
        }
        Error::FragmentDuplicated { fragment, .. } => {
            format!("There can be only one fragment named \"{}\".", shown(fragment))
        }
        Error::MissingOperation => "The document has no operation.".to_owned(),
        Error::RecursionLimitExceeded => "The document nests too many selection sets or values.".to_owned(),
        _ => "The document is no GraphQL that can be executed.".to_owned(),
    };
    let mut refusal = ServerError::new(message, None);
    refusal.locations = error.positions().collect();
    refusal
}

/// The token that stands at a place, or after what may stand between tokens; none at the end.
fn token(text: &str, place: Pos) -> Option<String> {
    let lines = text.split_inclusive('\n').take(place.line.saturating_sub(1));
    let line = text.get(lines.map(str::len).sum()..)?;
    let (start, _) = line.char_indices().nth(place.column.saturating_sub(1))?;
    let mut rest = &line[start..];
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',', '\u{feff}']);
        if !rest.starts_with('#') {
            break;
        }
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let name: String = rest.chars().take_while(|letter| in_name(*letter)).collect();
    match rest.chars().next()? {
        first if !in_name(first) => Some(shown(&first.to_string())),
        _ => Some(shown(&name)),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_what_stands_there() {
        for (text, told, places) in [
            ("{ a }}", "Syntax Error: Unexpected \"}\".", &[(1, 6)][..]),
            ("{\n  é(\n", "Syntax Error: Unexpected \"é\".", &[(2, 3)]),
            ("{ a(b: ) }", "Syntax Error: Unexpected \")\".", &[(1, 8)]),
            ("{ a # ) \n ,, ", "Syntax Error: Unexpected end of the document.", &[(2, 5)]),
            ("", "Syntax Error: Unexpected end of the document.", &[(1, 1)]),
            ("nothing { a }", "Syntax Error: Unexpected \"nothing\".", &[(1, 1)]),
            ("fragment F on Q { a }", "The document has no operation.", &[]),
            (
                "query A { a } query A { a }",
                "There can be only one operation named \"A\".",
                &[(1, 15), (1, 1)],
            ),
            (
                "{ a } query A { a }",
                "An operation without a name must be the only one of its document.",
                &[(1, 1), (1, 7)],
            ),
            (
                "{ a } fragment F on Q { a } fragment F on Q { a }",
                "There can be only one fragment named \"F\".",
                &[(1, 29), (1, 7)],
            ),
        ] {
            let refusal = refusal(text, &parse_query(text).expect_err(text));
            assert_eq!(refusal.message, told, "{text}");
            let told: Vec<_> = refusal.locations.iter().map(|place| (place.line, place.column)).collect();
            assert_eq!(told, places, "{text}");
        }
    }
}
