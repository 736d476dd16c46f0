//! The API key of a request (<https://docs.stripe.com/api/authentication>).

use crate::error::{Answer, ApiError};
use crate::options::Options;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Refuses a request that does not carry the account's key, as a bearer token or as the user of Basic.
pub(crate) fn check(options: &Options, header: Option<&str>) -> Answer<()> {
    let Some((scheme, credentials)) = header.and_then(|header| header.split_once(' ')) else {
        return Err(refused(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(credentials.trim().to_owned()),
        "basic" => basic_user(credentials.trim()),
        _ => None,
    };
    match key {
        Some(key) if key == options.secret_key => Ok(()),
        _ => Err(refused("Invalid API Key provided")),
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::invalid(message).status(401)
}

/// The user of `user:password` in base64.
fn basic_user(encoded: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in encoded.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
        bits &= (1 << held) - 1;
    }
    let text = String::from_utf8(bytes).ok()?;
    text.split(':').next().map(str::to_owned)
}
