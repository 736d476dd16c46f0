//! Tokens of services and operators: only their hashes are kept.

use sea_orm::entity::prelude::*;

/// A token that was given to a service.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_tokens")]
pub struct Model {
    /// What it was given to; also how it is revoked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// SHA-256 of the whole token, in lower-case hex.
    #[sea_orm(unique)]
    pub token_hash: String,
    /// `admin`, `reader` or `linker`.
    pub role: String,
    pub created_at: DateTimeUtc,
    /// From then on it is refused; absent, it does not end by itself.
    pub expires_at: Option<DateTimeUtc>,
    /// Since then it is refused.
    pub revoked_at: Option<DateTimeUtc>,
}

/// Service tokens refer to nothing.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
