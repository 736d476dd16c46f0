//! The signature that Stripe puts on each webhook: <https://docs.stripe.com/webhooks#verify-manually>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;

/// How far the time of signing may be from now, in seconds: what Stripe's own libraries allow.
pub const TOLERANCE: i64 = 300;

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No `Stripe-Signature` header, or one without a time or a `v1` signature.
    Malformed,
    /// Signed too long ago, or in the future.
    OutsideTolerance,
    /// None of the signatures was made with one of the secrets over this body.
    NoMatch,
}

impl Refusal {
    /// What the sender is told.
    pub fn message(self) -> &'static str {
        match self {
            Self::Malformed => "The Stripe-Signature header is missing or malformed.",
            Self::OutsideTolerance => "The signature's timestamp is outside the tolerance of 300 seconds.",
            Self::NoMatch => "No signature matches the body.",
        }
    }
}

/// Checks that the holder of one of the secrets signed exactly these bytes within [`TOLERANCE`] of `now`.
///
/// The header may hold several `v1` signatures, while a secret is rolled; other schemes are passed over, as Stripe
/// asks for. Signatures are compared in constant time.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &[Secret], now: i64) -> Result<(), Refusal> {
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.ok_or(Refusal::Malformed)?.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) => signatures.extend(hex::decode(text).ok()),
            _ => {}
        }
    }
    let time = time.ok_or(Refusal::Malformed)?;
    let seconds: i64 = time.parse().map_err(|_| Refusal::Malformed)?;
    if signatures.is_empty() {
        return Err(Refusal::Malformed);
    }
    let matches = |secret: &Secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("any length will do");
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if !secrets.iter().any(matches) {
        return Err(Refusal::NoMatch);
    }
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(Refusal::OutsideTolerance);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_732_000_000;

    fn sign(secret: &str, time: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
        mac.update(format!("{time}.{body}").as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    fn check(header: &str, body: &str) -> Result<(), Refusal> {
        verify(Some(header), body.as_bytes(), &[Secret::new("whsec_old"), Secret::new("whsec_new")], NOW)
    }

    #[test]
    fn what_is_not_signed_by_stripe_is_refused() {
        let good = sign("whsec_new", NOW, "{}");
        let wrong = sign("whsec_other", NOW, "{}");
        assert_eq!(verify(None, b"{}", &[Secret::new("whsec_new")], NOW), Err(Refusal::Malformed));
        for header in [
            "",
            "t=",
            "v1=",
            "nonsense",
            "t=1",
            &format!("v1={good}"),
            &format!("t=x,v1={good}"),
            "t=1,v1=zz",
        ] {
            assert_eq!(check(header, "{}"), Err(Refusal::Malformed), "{header}");
        }
        assert_eq!(check(&format!("t={NOW},v0={good}"), "{}"), Err(Refusal::Malformed));
        assert_eq!(check(&format!("t={NOW},v1={wrong}"), "{}"), Err(Refusal::NoMatch));
        assert_eq!(check(&format!("t={NOW},v1={good}"), "{ }"), Err(Refusal::NoMatch));
        assert_eq!(check(&format!("t={NOW},v1={}", &good[..62]), "{}"), Err(Refusal::NoMatch));
        assert_eq!(check(&format!("t={},v1={good}", NOW - 1), "{}"), Err(Refusal::NoMatch));
        assert_eq!(verify(Some(&format!("t={NOW},v1={good}")), b"{}", &[], NOW), Err(Refusal::NoMatch));
    }

    #[test]
    fn time_is_limited_on_both_sides() {
        for (age, expected) in [
            (300, Ok(())),
            (301, Err(Refusal::OutsideTolerance)),
            (-300, Ok(())),
            (-301, Err(Refusal::OutsideTolerance)),
            (NOW, Err(Refusal::OutsideTolerance)),
        ] {
            let time = NOW - age;
            assert_eq!(
                check(&format!("t={time},v1={}", sign("whsec_new", time, "{}")), "{}"),
                expected,
                "{age}"
            );
        }
    }

    #[test]
    fn one_of_several_signatures_and_secrets_will_do() {
        let (old, new) = (sign("whsec_old", NOW, "{}"), sign("whsec_new", NOW, "{}"));
        let other = sign("whsec_other", NOW, "{}");
        for header in [
            format!("t={NOW},v1={old}"),
            format!("t={NOW},v1={new}"),
            format!("t={NOW},v1={other},v1={new},v0={other}"),
            format!("t={NOW}, v1={new}"),
        ] {
            assert_eq!(check(&header, "{}"), Ok(()), "{header}");
        }
    }
}
