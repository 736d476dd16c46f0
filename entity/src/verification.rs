//! What comparing the mirror with Stripe found: a row for each time.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verifications")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Of those that are made regularly: in which of the intervals since 1970. Each is made once.
    #[sea_orm(unique)]
    pub slot: Option<i64>,
    /// Whether all was compared: every type of object, and of each type all objects.
    pub whole: bool,
    pub started_at: DateTimeUtc,
    /// None while it is under way, and where it was broken off.
    pub finished_at: Option<DateTimeUtc>,
    pub outcome: Outcome,
    /// How many objects were compared, how many of them differed, and how many of these were mended.
    pub checked: i64,
    pub drifted: i64,
    pub repaired: i64,
    /// What was found of each type of object: JSON text, with the first of the objects that differ.
    pub report: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Enum, Serialize)]
#[serde(rename_all = "snake_case")]
#[graphql(name = "VerificationOutcome")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
pub enum Outcome {
    /// The mirror holds what Stripe holds.
    Equal,
    /// Something differs.
    Drift,
    /// Something could not be compared.
    Unchecked,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
