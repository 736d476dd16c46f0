use serde_json::json;

use super::*;

fn claims(value: Value) -> Claims {
    Claims(serde_json::from_value(value).expect("an object"))
}

fn own() -> Namespace<'static> {
    Namespace { alias: None, others: vec!["clerk"] }
}

fn user(value: Value) -> User {
    claims(value).user(&own(), None).expect("a user")
}

fn is_admin(value: Value, path: &[&str], wanted: &str) -> bool {
    let claim =
        AdminClaim { path: path.iter().map(|name| (*name).to_owned()).collect(), value: wanted.to_owned() };
    claims(value).holds(&claim)
}

#[test]
fn an_id_that_cannot_be_one_is_refused() {
    for sub in [json!(""), json!("a\nb"), json!("\0"), json!("x".repeat(256)), json!(1), json!(["a"])] {
        assert!(claims(json!({ "sub": sub })).user(&own(), None).is_err(), "{sub}");
    }
    assert!(claims(json!({ "sub": "clerk|user_1" })).user(&own(), None).is_err(), "another issuer's user");
    assert_eq!(user(json!({ "sub": "auth0|user_1" })).id, "auth0|user_1");
}

#[test]
fn an_email_is_verified_by_the_issuer_alone() {
    let verified = |claim: Value| {
        let mut all = json!({ "sub": "a", "email": "a@example.com" });
        all.as_object_mut()
            .expect("an object")
            .extend(serde_json::from_value::<Map<_, _>>(claim).expect("one"));
        user(all).email_verified
    };
    assert!(verified(json!({ "email_verified": true })));
    assert!(verified(json!({ "email_verified": "true" })));
    for claim in [
        json!({}),
        json!({ "email_verified": false }),
        json!({ "email_verified": 1 }),
        json!({ "email_verified": ["true"] }),
        json!({ "user_metadata": { "email_verified": true } }),
        json!({ "app_metadata": { "email_verified": true } }),
    ] {
        assert!(!verified(claim.clone()), "{claim}");
    }
    let nobodys = user(json!({ "sub": "a", "email": " ", "email_verified": true }));
    assert_eq!((nobodys.email, nobodys.email_verified), (None, false));
    assert_eq!(user(json!({ "sub": "a", "email": "a\r\nb", "name": "x".repeat(400) })).email, None);
}

#[test]
fn a_name_is_found_where_issuers_put_it() {
    assert_eq!(user(json!({ "sub": "a", "name": "Ada" })).name.as_deref(), Some("Ada"));
    let supabase = json!({ "sub": "a", "user_metadata": { "full_name": "Ada" } });
    assert_eq!(user(supabase).name.as_deref(), Some("Ada"));
}

#[test]
fn an_organisation_is_found_where_issuers_put_it() {
    let found = |value: Value| user(value).organization.map(|found| (found.id, found.name, found.admin));
    let some = |admin| Some(("org_1".to_owned(), Some("acme".to_owned()), admin));
    let first = json!({ "sub": "a", "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme" });
    assert_eq!(found(first), some(true));
    let second = json!({ "sub": "a", "v": 2, "o": { "id": "org_1", "rol": "member", "slg": "acme" } });
    assert_eq!(found(second), some(false));
    assert_eq!(found(json!({ "sub": "a", "org_id": "org_1", "org_name": "acme" })), some(false));
    for none in [
        json!({ "sub": "a" }),
        json!({ "sub": "a", "org_id": "" }),
        json!({ "sub": "a", "org_id": "clerk|org_1" }),
        json!({ "sub": "a", "o": "org_1" }),
        json!({ "sub": "a", "user_metadata": { "org_id": "org_1" } }),
    ] {
        assert_eq!(found(none.clone()), None, "{none}");
    }
}

#[test]
fn the_admin_claim_is_a_path_and_a_value() {
    let roles = json!({ "app_metadata": { "roles": ["x", "billing"], "level": 3, "staff": true } });
    assert!(is_admin(roles.clone(), &["app_metadata", "roles"], "billing"));
    assert!(is_admin(roles.clone(), &["app_metadata", "level"], "3"));
    assert!(is_admin(roles.clone(), &["app_metadata", "staff"], "true"));
    assert!(is_admin(json!({ "https://a.example/role": "x" }), &["https://a.example/role"], "x"));
    assert!(!is_admin(roles.clone(), &["app_metadata", "roles"], "bill"));
    assert!(!is_admin(roles.clone(), &["app_metadata"], "billing"));
    assert!(!is_admin(roles.clone(), &["roles"], "billing"));
    assert!(!is_admin(roles, &[], "billing"));
    for own in WRITTEN_BY_USERS {
        assert!(!is_admin(json!({ own: { "role": "x" } }), &[own, "role"], "x"));
        assert!(!is_admin(json!({ "a": { own: { "role": "x" } } }), &["a", own, "role"], "x"));
    }
}

#[test]
fn dates_that_are_none_are_refused() {
    let now = DateTime::from_timestamp(1_000, 0).expect("a time");
    for exp in [json!("2000"), json!(null), json!(true), json!(1e300), json!(9e15), json!([2000])] {
        assert!(claims(json!({ "exp": exp })).check_time(now).is_err(), "{exp}");
    }
    assert!(claims(json!({ "exp": 2000, "nbf": "soon" })).check_time(now).is_err());
    let end = claims(json!({ "exp": 2000.25, "nbf": 1029.5 })).check_time(now).expect("valid now");
    assert_eq!(end.timestamp_millis(), 2_030_250, "with the leeway of 30 seconds");
}
