//! How the rows of an object's list name it: by a column that has its id, or by one that lists ids.

use sea_orm::{
    DbBackend, EntityTrait, QueryFilter, QuerySelect, Select,
    sea_query::{ColumnRef, Expr, ExprTrait, Func, IntoColumnRef, Query, extension::postgres::PgBinOper},
};

use super::column::{Column, Kind};

/// The ids of several parents in a statement, and its column.
pub const PARENTS: (&str, &str) = ("parents", "column1");

/// Whether a column lists ids.
fn is_list<E: EntityTrait>(column: &'static str) -> bool {
    Column::find::<E>(column).is_some_and(|column| column.kind == Kind::Json)
}

/// Whether a row names the parent that has an id.
pub fn names<E: EntityTrait>(column: &'static str, id: Expr, backend: DbBackend) -> Expr {
    if !is_list::<E>(column) {
        return Expr::col(column).eq(id);
    }
    if backend == DbBackend::Postgres {
        // The second condition is that of the index, which has no empty lists.
        let id = Func::cust("to_jsonb").arg(id.cast_as("text"));
        let has = Expr::col(column).binary(PgBinOper::Contains, id);
        return has.and(Expr::col(column).ne(Expr::cust("'[]'")));
    }
    let mut listed = Query::select();
    listed.expr(Expr::value(1)).from_function(Func::cust("json_each").arg(Expr::col(column)), "listed");
    Expr::exists(listed.and_where(Expr::col(("listed", "value")).eq(id)).take())
}

/// The rows that name one of these parents, and where a statement has the id of the parent that a row names; a row that
/// names several is there for each of them.
pub fn naming<E: EntityTrait>(
    mut query: Select<E>,
    column: &'static str,
    parents: &[&str],
    backend: DbBackend,
) -> (Select<E>, ColumnRef) {
    if !is_list::<E>(column) {
        return (query.filter(Expr::col(column).is_in(parents.iter().copied())), column.into_column_ref());
    }
    let ids: Vec<String> = parents.iter().map(|&id| id.to_owned()).collect();
    QuerySelect::query(&mut query).from_values(ids, PARENTS.0);
    (query.filter(names::<E>(column, Expr::col(PARENTS), backend)), PARENTS.into_column_ref())
}
