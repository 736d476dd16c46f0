//! How long a document is, before it is parsed: its lexical tokens, and how deep its brackets nest.
//!
//! <https://spec.graphql.org/draft/#sec-Language.Source-Text.Lexical-Tokens>

/// The size of a document's text.
#[derive(Debug, Default)]
pub struct TextSize {
    pub tokens: u64,
    /// How many brackets are open at once, of whatever kind: the parser calls itself for each.
    pub nesting: u64,
    /// How long the longest name is: one that is not known is compared with all that are.
    pub name: u64,
}

/// Counts without judging: what is no token is refused by the parser.
pub fn measure(text: &str) -> TextSize {
    let (mut size, mut open) = (TextSize::default(), 0_u64);
    let mut rest = text.as_bytes();
    while let [first, ..] = rest {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                rest = &rest[1..];
                continue;
            }
            b'#' => {
                rest = &rest[count(rest, |byte| !matches!(byte, b'\n' | b'\r'))..];
                continue;
            }
            b'"' if rest.starts_with(b"\"\"\"") => block_string(rest),
            b'"' => string(rest),
            b'.' if rest.starts_with(b"...") => 3,
            b'-' | b'0'..=b'9' => number(rest),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let length = count(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric());
                size.name = size.name.max(length as u64);
                length
            }
            b'{' | b'[' | b'(' => {
                open += 1;
                size.nesting = size.nesting.max(open);
                1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                1
            }
            _ => 1,
        };
        size.tokens += 1;
        rest = &rest[length..];
    }
    size
}

fn count(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !belongs(*byte)).unwrap_or(text.len())
}

fn number(text: &[u8]) -> usize {
    let digits = |from: usize| from + count(&text[from..], |byte| byte == b'.' || byte.is_ascii_digit());
    let whole = digits(1);
    match text.get(whole..) {
        Some([b'e' | b'E', b'+' | b'-', ..]) => digits(whole + 2),
        Some([b'e' | b'E', ..]) => digits(whole + 1),
        _ => whole,
    }
}

fn string(text: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match text.get(at) {
            None => return text.len(),
            Some(b'\\') => at += 2,
            Some(b'"' | b'\n' | b'\r') => return at + 1,
            Some(_) => at += 1,
        }
    }
}

fn block_string(text: &[u8]) -> usize {
    let mut at = 3;
    loop {
        match text.get(at..) {
            None | Some([]) => return text.len(),
            Some([b'\\', b'"', b'"', b'"', ..]) => at += 4,
            Some([b'"', b'"', b'"', ..]) => return at + 3,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_specification_does() {
        for (text, tokens, nesting) in [
            ("", 0, 0),
            (" ,\t\n\r# { { {\n", 0, 0),
            ("{a}", 3, 1),
            ("{ a ...b }", 5, 1),
            ("query Q($n: Int! = 1) { a(first: $n) { b } }", 23, 2),
            (r#"{ a(s: "x \" } { y", t: """z " \""" { """) }"#, 11, 2),
            ("[1, -2.5e-3 1-1 0.5E+9]", 7, 1),
            (r#""no end {"#, 1, 0),
            (r#""\"#, 1, 0),
            (r#""""no end {"#, 1, 0),
            ("{{{[[((", 7, 7),
            (")))]]}{", 7, 1),
            ("é", 2, 0),
            ("@a|b&c", 6, 0),
        ] {
            let size = measure(text);
            assert_eq!((size.tokens, size.nesting), (tokens, nesting), "{text}");
        }
    }

    #[test]
    fn names_are_measured() {
        for (text, name) in [("", 0), ("{ a bcd_1 } # efghijk", 5), ("\"efghijk\" 12345 é", 0)] {
            assert_eq!(measure(text).name, name, "{text}");
        }
    }
}
