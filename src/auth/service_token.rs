//! Service tokens: made here, shown once, and kept as hashes.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Duration;
use entity::service_token::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
    TransactionTrait, TryInsertResult, sea_query::Expr,
};
use sha2::{Digest, Sha256};

use super::{Caller, Role, Viewer, expired, not_valid};
use crate::{
    clock::Clock,
    config::Secret,
    error::{Code, Error, Result},
};

/// How a service token begins, so that people and scanners know one.
pub const PREFIX: &str = "bg_";
const SECRET_BYTES: usize = 32;
/// Longest life of a token in minutes: ten years.
const LONGEST_LIFE: i64 = 3650 * 24 * 60;

/// Makes a token; this is the only time that it can be read.
///
/// The name is its key: 1 to 64 of `a-z 0-9 . _ -`. One whose token has ended may be used again; one whose token
/// has not fails with `CONFLICT`.
pub async fn create(
    db: &DatabaseConnection,
    clock: &Clock,
    name: &str,
    role: Role,
    expires: Option<Duration>,
) -> Result<Secret> {
    check_name(name)?;
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(Error::internal)?;
    let token = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(secret));
    let now = clock.now();
    let row = ActiveModel {
        name: Set(name.to_owned()),
        token_hash: Set(hash(&token)),
        role: Set(role.name().to_owned()),
        created_at: Set(now),
        expires_at: Set(expires.map(|life| now + life)),
        revoked_at: Set(None),
    };
    let ended = Condition::any().add(Column::RevokedAt.is_not_null()).add(Column::ExpiresAt.lte(now));
    let transaction = db.begin().await?;
    Entity::delete_many().filter(Column::Name.eq(name)).filter(ended).exec(&transaction).await?;
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::Name]);
    let inserted = insert.exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    match inserted {
        TryInsertResult::Inserted(1) => Ok(Secret::new(token)),
        _ => Err(Error::new(Code::Conflict, "There is a token of that name; revoke it first.")),
    }
}

/// All tokens by name, those that have ended included.
pub async fn list(db: &DatabaseConnection) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Name).all(db).await?)
}

/// Ends a token; it may be believed for ten seconds more. Revoking it again changes nothing.
pub async fn revoke(db: &DatabaseConnection, clock: &Clock, name: &str) -> Result<()> {
    let revoked = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(clock.now()))
        .filter(Column::Name.eq(name))
        .filter(Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    if revoked.rows_affected == 0 && Entity::find_by_id(name).one(db).await?.is_none() {
        return Err(Error::new(Code::NotFound, "There is no token of that name."));
    }
    Ok(())
}

/// Whose token it is.
///
/// It is looked up by its hash: what a comparison's duration tells is of no use to anyone.
pub async fn authenticate(db: &DatabaseConnection, clock: &Clock, token: &str) -> Result<Viewer> {
    let secret = token.strip_prefix(PREFIX).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    if secret.is_none_or(|secret| secret.len() != SECRET_BYTES) {
        return Err(not_valid());
    }
    let found = Entity::find().filter(Column::TokenHash.eq(hash(token))).one(db).await?;
    let row = found.filter(|row| row.revoked_at.is_none()).ok_or_else(not_valid)?;
    if row.expires_at.is_some_and(|end| end <= clock.now()) {
        return Err(expired());
    }
    let role = Role::from_name(&row.role).ok_or_else(not_valid)?;
    Ok(Viewer { caller: Caller::Service { name: row.name, role }, expires_at: row.expires_at })
}

/// Reads a life time: `90d`, `12h` or `30m`, ten years at most.
pub fn parse_expiry(text: &str) -> Result<Duration> {
    let wrong = || Error::invalid("The expiry should be a number with `d`, `h` or `m`, such as `90d`.");
    let number = text.strip_suffix(['d', 'h', 'm']).ok_or_else(wrong)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let unit = match text.as_bytes().last() {
        Some(b'd') => 24 * 60,
        Some(b'h') => 60,
        _ => 1,
    };
    let minutes = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    minutes.filter(|minutes| (1..=LONGEST_LIFE).contains(minutes)).map(Duration::minutes).ok_or_else(wrong)
}

fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::invalid("The name should be 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`."))
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use chrono::DateTime;
    use sea_orm::{ConnectionTrait, Schema};

    use super::*;

    async fn database() -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = sea_orm::Database::connect(options).await.expect("a database in memory");
        let table = Schema::new(db.get_database_backend()).create_table_from_entity(Entity);
        db.execute(&table).await.expect("an empty database");
        db
    }

    fn clock() -> (Arc<AtomicI64>, Clock) {
        let seconds = Arc::new(AtomicI64::new(1_000_000));
        let read = Arc::clone(&seconds);
        let now = move || DateTime::from_timestamp(read.load(Ordering::Relaxed), 0).expect("a time");
        (seconds, Clock::from_fn(now))
    }

    #[test]
    fn an_expiry_is_a_number_and_a_unit() {
        for text in
            ["", "d", "90", "0d", "-1d", "+1d", "1.5h", "1w", "1 d", "3651d", "99999999999999999999d", "1ü"]
        {
            assert_eq!(parse_expiry(text).expect_err(text).code, Code::Invalid);
        }
        assert_eq!(parse_expiry("90d").expect("days"), Duration::days(90));
        assert_eq!(parse_expiry("12h").expect("hours"), Duration::hours(12));
        assert_eq!(parse_expiry("30m").expect("minutes"), Duration::minutes(30));
    }

    #[tokio::test]
    async fn a_bad_name_makes_no_token() {
        let (db, (_, clock)) = (database().await, clock());
        for name in ["", "Name", "a b", "ü", "a/b", &"x".repeat(65)] {
            let error = create(&db, &clock, name, Role::Reader, None).await.expect_err(name);
            assert_eq!(error.code, Code::Invalid);
        }
        assert!(list(&db).await.expect("a list").is_empty());
    }

    #[tokio::test]
    async fn only_the_token_itself_is_believed() {
        let (db, (_, clock)) = (database().await, clock());
        let token = create(&db, &clock, "ci", Role::Linker, None).await.expect("a token");
        let token = token.expose();
        assert_eq!(token.len(), 46);
        let row = list(&db).await.expect("a list").remove(0);
        assert_eq!((row.name.as_str(), row.role.as_str(), row.token_hash.len()), ("ci", "linker", 64));
        let caller = Caller::Service { name: "ci".to_owned(), role: Role::Linker };
        let viewer = authenticate(&db, &clock, token).await.expect("the right token");
        assert_eq!(viewer, Viewer { caller, expires_at: None });
        let other = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode([7; 32]));
        let changed = token.replace("bg_", "BG_");
        for wrong in [PREFIX, "bg_' OR 1=1", &token[..45], &row.token_hash, &other, &changed] {
            let error = authenticate(&db, &clock, wrong).await.expect_err(wrong);
            assert_eq!(error.code, Code::Unauthenticated);
        }
    }

    #[tokio::test]
    async fn a_name_is_free_again_when_its_token_has_ended() {
        let (db, (seconds, clock)) = (database().await, clock());
        assert_eq!(revoke(&db, &clock, "ci").await.expect_err("nothing there").code, Code::NotFound);
        let minute = Some(Duration::minutes(1));
        let first = create(&db, &clock, "ci", Role::Admin, minute).await.expect("a token");
        let taken = create(&db, &clock, "ci", Role::Reader, None).await.expect_err("it is taken");
        assert_eq!(taken.code, Code::Conflict);
        assert!(authenticate(&db, &clock, first.expose()).await.expect("still the first").is_admin());
        seconds.fetch_add(60, Ordering::Relaxed);
        let error = authenticate(&db, &clock, first.expose()).await.expect_err("it has expired");
        assert_eq!(error.message, "The token has expired.");
        let second = create(&db, &clock, "ci", Role::Reader, None).await.expect("the name is free");
        revoke(&db, &clock, "ci").await.expect("it is there");
        revoke(&db, &clock, "ci").await.expect("again changes nothing");
        assert!(authenticate(&db, &clock, second.expose()).await.is_err());
        create(&db, &clock, "ci", Role::Reader, None).await.expect("the name is free");
    }
}
