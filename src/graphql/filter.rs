//! Filters: what clients ask of a list's rows, as conditions of SQL. Written once, for every table.
//!
//! A table says by which columns its rows can be found ([`By`]); its filter has these, the relations that it declares,
//! and `and`, `or` and `not`. A relation is followed within what the viewer may see, so that no filter tells of more
//! than the API shows. `parse` reads a filter, and `schema` describes it.

mod parse;
mod schema;

use async_graphql::{InputType, resolver_utils::EnumType};
use sea_orm::{
    Condition, DbBackend,
    sea_query::{Expr, ExprTrait, Func, Query, extension::postgres::PgBinOper},
};

use super::{
    column::{Column, Scalar},
    join::{Join, Target},
};
use crate::auth::scope::Scope;

pub use self::{
    parse::{Budget, parse},
    schema::{Choice, filter_type, order_type},
};

/// How many characters of a text its index has.
const SEARCHED: usize = 256;

/// A column by which a table's rows can be found.
#[derive(Clone, Copy)]
pub struct By {
    /// The field's name, where it is not the column's.
    field: Option<&'static str>,
    column: &'static str,
    kind: Kind,
    /// Whether an index leads to the rows.
    indexed: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    /// By the column's own type.
    Value,
    /// One of an enumeration's values.
    Choice(Choice),
    /// Text that people look for, in upper or lower case.
    Search,
    /// Metadata, by key and value.
    Metadata,
}

impl By {
    /// By the values of a column.
    pub const fn value(column: &'static str) -> Self {
        Self { field: None, column, kind: Kind::Value, indexed: false }
    }

    /// By a column's values, which are those of an enumeration.
    pub const fn choice<T: EnumType + InputType>(column: &'static str) -> Self {
        Self { field: None, column, kind: Kind::Choice(Choice::of::<T>()), indexed: false }
    }

    /// By the beginning of a text, or by something in it.
    pub const fn search(column: &'static str) -> Self {
        Self { field: None, column, kind: Kind::Search, indexed: false }
    }

    /// By what an integration notes.
    pub const fn metadata() -> Self {
        Self { field: None, column: "metadata", kind: Kind::Metadata, indexed: false }
    }

    /// The same, where an index leads to the rows.
    pub const fn indexed(mut self) -> Self {
        self.indexed = true;
        self
    }

    /// The same by another name than the column's.
    pub const fn named(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }
}

/// What is asked of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// A column compared with a value.
    Compare {
        column: Column,
        operator: Operator,
        value: Scalar,
        indexed: bool,
    },
    /// A column that is one of some values.
    In {
        column: Column,
        values: Vec<Scalar>,
        indexed: bool,
    },
    /// A column without a value.
    IsNull {
        column: Column,
        indexed: bool,
    },
    /// A text that is equal to another in its letters, or begins with it.
    Search {
        column: Column,
        search: Search,
        text: String,
        indexed: bool,
    },
    /// A key that the metadata has, with a value, or with any.
    Metadata {
        key: String,
        value: Option<String>,
        indexed: bool,
    },
    /// A row that this one leads to.
    Related {
        relation: Relation,
        filter: Box<Filter>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Search {
    Exact,
    Beginning,
    Anywhere,
}

/// Where a row leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    /// The row's column.
    key: &'static str,
    /// The other row's column that has the same value.
    foreign: &'static str,
    /// Whether an index leads back from there.
    indexed: bool,
    /// Whether rows that are deleted count: an object leads to its deleted customer, but a list has none.
    deleted: bool,
    target: &'static Target,
}

impl Relation {
    fn of(join: &Join) -> Option<Self> {
        let (key, foreign, indexed) = (join.key, join.foreign.unwrap_or("id"), join.indexed);
        Some(Self { key, foreign, indexed, deleted: join.foreign.is_none(), target: join.target? })
    }
}

impl Filter {
    /// Whether indexes lead to the rows: what has none would read a table to its end to find nothing.
    pub fn is_indexed(&self) -> bool {
        match self {
            // One of them is enough; the others are looked at in the rows that it leads to.
            Self::All(filters) => {
                let mut filters = filters.iter().filter(|filter| !filter.is_empty()).peekable();
                filters.peek().is_none() || filters.any(Self::is_indexed)
            }
            Self::Any(filters) => filters.iter().all(Self::is_indexed),
            // Few rows are not something: what is left out is found soon.
            Self::Not(filter) => filter.is_indexed(),
            Self::Related { relation, filter } => relation.indexed && filter.is_indexed(),
            Self::Compare { indexed, .. }
            | Self::In { indexed, .. }
            | Self::IsNull { indexed, .. }
            | Self::Search { indexed, .. }
            | Self::Metadata { indexed, .. } => *indexed,
        }
    }

    /// Whether it is true of all rows.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(filters) if filters.iter().all(Self::is_empty))
    }

    /// The condition, within what the viewer may see.
    pub fn condition(&self, scope: &Scope, backend: DbBackend) -> Expr {
        match self {
            Self::All(filters) => {
                let all = filters.iter().map(|filter| filter.condition(scope, backend));
                all.reduce(Expr::and).unwrap_or_else(|| Expr::value(true))
            }
            Self::Any(filters) => {
                let any = filters.iter().map(|filter| filter.condition(scope, backend));
                any.reduce(Expr::or).unwrap_or_else(|| Expr::value(false))
            }
            // What is unknown is not so either.
            Self::Not(filter) => {
                let known = [filter.condition(scope, backend), Expr::value(false)];
                Expr::from(Func::coalesce(known)).not()
            }
            Self::Compare { column, operator, value, .. } => operator.compare(column.name, value),
            Self::In { column, values, .. } => {
                Expr::col(column.name).is_in(values.iter().map(Scalar::to_sql))
            }
            Self::IsNull { column, .. } => Expr::col(column.name).is_null(),
            Self::Search { column, search, text, .. } => search.condition(column.name, text, backend),
            Self::Metadata { key, value, .. } => metadata(key, value.as_deref(), backend),
            Self::Related { relation, filter } => relation.condition(filter, scope, backend),
        }
    }
}

impl Operator {
    fn compare(self, column: &'static str, value: &Scalar) -> Expr {
        let (column, value) = (Expr::col(column), value.to_sql());
        match self {
            Self::Equal => column.eq(value),
            Self::Less => column.lt(value),
            Self::AtMost => column.lte(value),
            Self::Greater => column.gt(value),
            Self::AtLeast => column.gte(value),
        }
    }
}

impl Search {
    fn condition(self, column: &str, text: &str, backend: DbBackend) -> Expr {
        // As the index has it; its order is that of the bytes, in which what begins alike stands together.
        let collation = if backend == DbBackend::Postgres { " COLLATE \"C\"" } else { "" };
        let folded = Expr::cust(format!("lower(substr(\"{column}\", 1, {SEARCHED})){collation}"));
        let lower = |text: String| Func::lower(Expr::value(text));
        let beginning: String = text.chars().take(SEARCHED).collect();
        match self {
            Self::Exact => folded.eq(lower(beginning)).and(Expr::col(column.to_owned()).eq(text)),
            Self::Beginning => {
                let end = format!("{beginning}{}", char::MAX);
                folded.clone().gte(lower(beginning)).and(folded.lt(lower(end)))
            }
            Self::Anywhere => {
                let find = if backend == DbBackend::Postgres { "strpos" } else { "instr" };
                let within = Func::cust(find).arg(Func::lower(Expr::col(column.to_owned())));
                Expr::from(within.arg(lower(text.to_owned()))).gt(0)
            }
        }
    }
}

/// What the metadata has under a key.
fn metadata(key: &str, value: Option<&str>, backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        return match value {
            Some(value) => Expr::col("metadata")
                .binary(PgBinOper::Contains, Expr::value(serde_json::json!({ key: value }))),
            None => Expr::from(Func::cust("jsonb_exists").arg(Expr::col("metadata")).arg(key)),
        };
    }
    let mut entries = Query::select();
    entries.expr(Expr::value(1)).from_function(Func::cust("json_each").arg(Expr::col("metadata")), "entry");
    entries.and_where(Expr::col(("entry", "key")).eq(key));
    if let Some(value) = value {
        entries.and_where(Expr::col(("entry", "value")).eq(value));
    }
    Expr::exists(entries)
}

impl Relation {
    /// The rows that lead to one of the other table that the filter is true of, and that the viewer may see.
    fn condition(&self, filter: &Filter, scope: &Scope, backend: DbBackend) -> Expr {
        let mut others = Query::select();
        others.column(self.foreign).from((self.target.table)());
        others.cond_where(Condition::all().add(scope.of_owner(self.target.owner)));
        others.and_where(Expr::col(self.foreign).is_not_null());
        if (self.target.has_tombstones)() && !self.deleted {
            others.and_where(Expr::col("deleted").eq(false));
        }
        others.and_where(filter.condition(scope, backend));
        Expr::col(self.key).in_subquery(others)
    }
}
