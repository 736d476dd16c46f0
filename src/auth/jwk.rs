//! An issuer's public keys, and which algorithms each of them may verify.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};

/// Most keys that are taken from one set.
const MOST_KEYS: usize = 32;
/// Shortest RSA modulus in bytes (RFC 7518, 3.3).
const SHORTEST_RSA: usize = 256;

/// A public key of an issuer.
pub struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads a key set (RFC 7517, 5); keys that we cannot use are skipped, as it says.
pub fn parse(document: &[u8]) -> serde_json::Result<Vec<Key>> {
    let set: Set = serde_json::from_slice(document)?;
    Ok(set.keys.into_iter().filter_map(Key::new).take(MOST_KEYS).collect())
}

impl Key {
    fn new(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let mut algorithms = usable(&jwk.algorithm)?.to_vec();
        if let Some(named) = jwk.common.key_algorithm {
            let named = Algorithm::try_from(named).ok()?;
            algorithms.retain(|algorithm| *algorithm == named);
        }
        let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
        let meant = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && jwk.common.key_operations.as_ref().is_none_or(verifies);
        if algorithms.is_empty() || !meant {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithms, decoding })
    }

    /// Whether a token with this `kid` may be signed by this key; one without may be by any.
    pub fn is_named(&self, id: Option<&str>) -> bool {
        id.is_none() || id == self.id.as_deref()
    }

    /// The claims, where the signature is this key's.
    pub fn verify(&self, token: &str, algorithm: Algorithm) -> Option<Map<String, Value>> {
        let allowed = self.algorithms.contains(&algorithm);
        allowed.then(|| signed_claims(token, &self.decoding, algorithm))?
    }
}

/// The claims of a token, where its signature is right; nothing else about it is checked.
pub fn signed_claims(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Map<String, Value>> {
    let mut only_signature = Validation::new(algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    jsonwebtoken::decode(token, key, &only_signature).ok().map(|data| data.claims)
}

/// The key's own type decides what it may verify, never the token (RFC 8725, 3.1).
fn usable(parameters: &AlgorithmParameters) -> Option<&'static [Algorithm]> {
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = BASE64_URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            (length >= SHORTEST_RSA).then_some(&[RS256, RS384, RS512, PS256, PS384, PS512])
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Some(&[ES256]),
            EllipticCurve::P384 => Some(&[ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(pair) => {
            (pair.curve == EllipticCurve::Ed25519).then_some(&[EdDSA][..])
        }
        // A shared secret has no place in a public document.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn count(keys: &Value) -> usize {
        parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set").len()
    }

    #[test]
    fn a_document_that_is_no_key_set_is_an_error() {
        for document in ["", "[]", "{}", r#"{"keys": {}}"#, "<html>", r#"{"keys": [1"#] {
            assert!(parse(document.as_bytes()).is_err(), "{document}");
        }
    }

    #[test]
    fn keys_that_cannot_be_used_are_skipped() {
        let x = "4GqWKD-C32pFMzbrYH5VC8-CLvlGPlXzdLpz_l5ZK6U";
        let long = format!("{}A", "u".repeat(341));
        for key in [
            json!(null),
            json!("key"),
            json!({}),
            json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" }),
            json!({ "kty": "oct", "alg": "HS256", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" }),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "alg": "HS256" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "alg": "RSA-OAEP" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "use": "enc" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "key_ops": ["encrypt"] }),
            json!({ "kty": "EC", "crv": "P-521", "x": x, "y": x }),
            json!({ "kty": "EC", "crv": "secp256k1", "x": x, "y": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "alg": "RS256" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "?", "y": x }),
            json!({ "kty": "OKP", "crv": "X25519", "x": x }),
        ] {
            assert_eq!(count(&json!([key])), 0, "{key}");
            let good = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1" });
            assert_eq!(count(&json!([key, good, good])), 2);
        }
        assert_eq!(
            count(&json!([{ "kty": "RSA", "n": long, "e": "AQAB", "alg": "PS384", "use": "sig" }])),
            1
        );
    }
}
