//! Which columns a document needs: a statement reads no others.
//!
//! What is selected of a type is gathered over the whole document, so that a row that is read for one place of it serves
//! every other. A field leads to columns by what its object says of it, or by its name; one that leads to none needs
//! all columns.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    sync::{Mutex, OnceLock, PoisonError},
};

use async_graphql::{
    OutputType,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
    registry::{MetaTypeName, Registry},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, Iden, Iterable, ModelTrait, QueryResult, QuerySelect,
    Select, TryIntoModel, Value, sea_query::SelectStatement,
};

use super::{column::Kind, join::Joined, root_type};
use crate::db::Reader;

/// The columns of a table that are read, by their places in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(u128);

/// What a document selects: the fields of each type, wherever.
#[derive(Default)]
pub struct Selected {
    fields: HashMap<String, BTreeSet<String>>,
    columns: Mutex<HashMap<TypeId, Columns>>,
}

/// What is known of a table's columns.
struct Table<E: EntityTrait> {
    columns: Vec<(E::Column, String, Kind)>,
    /// A row of which nothing was read yet.
    blank: E::Model,
}

impl Columns {
    /// All that a table has.
    pub const ALL: Self = Self(u128::MAX);
    /// None, to which others are added.
    pub const NONE: Self = Self(0);

    /// These, and others.
    #[must_use]
    pub fn with<'a, E: Joined>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let Some(table) = table::<E>().filter(|_| self != Self::ALL) else { return Self::ALL };
        let place = |name| table.columns.iter().position(|(_, column, _)| column == name);
        names
            .into_iter()
            .fold(self, |columns, name| place(name).map_or(Self::ALL, |place| Self(columns.0 | 1 << place)))
    }

    /// Has a statement read these columns.
    pub fn of<E: Joined>(self, query: Select<E>) -> Select<E> {
        match table::<E>().filter(|_| self != Self::ALL) {
            Some(table) => query.select_only().columns(self.among(table).map(|(column, ..)| *column)),
            None => query,
        }
    }

    /// The row that a statement of these columns answered with; what was not read is neutral in it.
    pub fn row<E: Joined>(self, answer: &QueryResult) -> Result<E::Model, DbErr> {
        let Some(table) = table::<E>().filter(|_| self != Self::ALL) else {
            return sea_orm::FromQueryResult::from_query_result(answer, "");
        };
        let mut row = table.blank.clone();
        for (index, (column, _, kind)) in self.among(table).enumerate() {
            row.try_set(*column, cell(answer, index, *kind)?)?;
        }
        Ok(row)
    }

    /// The rows that a statement answers with, of which these columns are read.
    pub async fn rows<E: Joined>(
        self,
        db: &Reader,
        statement: &SelectStatement,
    ) -> Result<Vec<E::Model>, DbErr> {
        let answers = sea_orm::ConnectionTrait::query_all(db, statement).await?;
        answers.iter().map(|answer| self.row::<E>(answer)).collect()
    }

    fn among<E: EntityTrait>(self, table: &Table<E>) -> impl Iterator<Item = &(E::Column, String, Kind)> {
        let columns = table.columns.iter().enumerate();
        columns.filter(move |(place, _)| self.0 & 1 << place != 0).map(|(_, column)| column)
    }
}

impl Selected {
    /// What a document selects.
    pub fn of(document: &ExecutableDocument, registry: &Registry) -> Self {
        let mut selected = Self::default();
        for (_, operation) in document.operations.iter() {
            let root = root_type(registry, operation.node.ty).unwrap_or_default();
            selected.add(registry, root, &operation.node.selection_set.node);
        }
        for fragment in document.fragments.values() {
            let on = &fragment.node.type_condition.node.on.node;
            selected.add(registry, on, &fragment.node.selection_set.node);
        }
        selected
    }

    fn add(&mut self, registry: &Registry, ty: &str, set: &SelectionSet) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    self.fields.entry(ty.to_owned()).or_default().insert(name.to_owned());
                    let field_type = registry.types.get(ty).and_then(|ty| ty.field_by_name(name));
                    let inside = field_type.map_or("", |field| MetaTypeName::concrete_typename(&field.ty));
                    self.add(registry, inside, &field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.add(registry, on.unwrap_or(ty), &fragment.node.selection_set.node);
                }
                // Fragments are looked at by themselves.
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// The columns that show what is selected of a table's object.
    pub fn columns<E: Joined>(&self) -> Columns {
        let mut known = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(TypeId::of::<E>()).or_insert_with(|| {
            let fields = self.fields.get(<E::Shown as OutputType>::type_name().as_ref());
            let fields = fields.into_iter().flatten().map(String::as_str);
            fields.fold(Columns::NONE.with::<E>(["id"]), needed::<E>)
        })
    }
}

/// The columns that are known to be needed, and those that a field needs.
fn needed<E: Joined>(columns: Columns, field: &str) -> Columns {
    match E::JOINS.iter().find(|join| join.field == field) {
        Some(join) => columns.with::<E>([join.key]),
        None if field == "__typename" => columns,
        None => columns.with::<E>(shown::<E>(field).iter().map(String::as_str)),
    }
}

/// The columns that a field shows: those that its object says, or the one of its name. What Stripe writes is in the
/// column of the enumeration beside it, and an amount is in the currency of its row.
pub fn shown<E: Joined>(field: &str) -> Vec<String> {
    if let Some((_, columns)) = E::COMPUTED.iter().find(|(name, _)| *name == field) {
        return columns.iter().map(|&column| column.to_owned()).collect();
    }
    let own = snake(field.strip_suffix("Raw").unwrap_or(field));
    let is_amount = column::<E>(&own).is_some_and(|(_, kind)| kind == Kind::BigInteger);
    let currency = is_amount.then(|| "currency".to_owned());
    std::iter::once(own).chain(currency).collect()
}

/// A table's column of that name.
pub fn column<E: Joined>(name: &str) -> Option<(E::Column, Kind)> {
    let (column, _, kind) = table::<E>()?.columns.iter().find(|(_, column, _)| column == name)?;
    Some((*column, *kind))
}

/// The name of the column that a field shows.
pub fn snake(field: &str) -> String {
    let mut name = String::with_capacity(field.len() + 4);
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// What is known of a table: none where it has columns that cannot be read by themselves.
fn table<E: Joined>() -> Option<&'static Table<E>> {
    type Known = HashMap<TypeId, &'static (dyn Any + Send + Sync)>;
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let table: &'static (dyn Any + Send + Sync) =
        *known.entry(TypeId::of::<E>()).or_insert_with(|| Box::leak(Box::new(describe::<E>())));
    table.downcast_ref::<Option<Table<E>>>()?.as_ref()
}

fn describe<E: Joined>() -> Option<Table<E>> {
    let mut blank = E::ActiveModel::default();
    let mut columns = Vec::new();
    for column in E::Column::iter() {
        let definition = column.def();
        let kind = Kind::of(definition.get_column_type())?;
        blank.try_set(column, neutral(kind, definition.is_null())).ok()?;
        columns.push((column, Iden::to_string(&column), kind));
    }
    let fits = columns.len() < 128;
    fits.then_some(Table { columns, blank: blank.try_into_model().ok()? })
}

fn neutral(kind: Kind, nullable: bool) -> Value {
    match kind {
        Kind::Text => Value::String((!nullable).then(String::new)),
        Kind::Integer => Value::Int((!nullable).then_some(0)),
        Kind::BigInteger => Value::BigInt((!nullable).then_some(0)),
        Kind::Flag => Value::Bool((!nullable).then_some(false)),
        Kind::Time => Value::ChronoDateTimeUtc((!nullable).then_some(DateTime::UNIX_EPOCH)),
        Kind::Json => Value::Json((!nullable).then(|| Box::new(serde_json::json!({})))),
    }
}

fn cell(answer: &QueryResult, index: usize, kind: Kind) -> Result<Value, DbErr> {
    Ok(match kind {
        Kind::Text => Value::String(answer.try_get_by_index(index)?),
        Kind::Integer => Value::Int(answer.try_get_by_index(index)?),
        Kind::BigInteger => Value::BigInt(answer.try_get_by_index(index)?),
        Kind::Flag => Value::Bool(answer.try_get_by_index(index)?),
        Kind::Time => Value::ChronoDateTimeUtc(answer.try_get_by_index::<Option<DateTime<Utc>>>(index)?),
        Kind::Json => Value::Json(answer.try_get_by_index::<Option<serde_json::Value>>(index)?.map(Box::new)),
    })
}
