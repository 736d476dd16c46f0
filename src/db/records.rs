//! Rows as arrays of a table's own row type: on PostgreSQL one parameter takes whole rows, however many columns.
//!
//! A parameter for each column costs the database more than the rows themselves, where these are few.

use std::{borrow::Cow, collections::HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{
    DbErr,
    sqlx::{
        Encode, Postgres, Row, Type,
        encode::IsNull,
        error::BoxDynError,
        postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
    },
};

use super::transaction::{Columns, PostgresTransaction};

/// The value of a column.
#[derive(Debug)]
pub enum Field<'a> {
    Text(Option<&'a str>),
    Flag(Option<bool>),
    Integer(Option<i32>),
    BigInteger(Option<i64>),
    Time(Option<DateTime<Utc>>),
    /// JSON text.
    Json(Option<Cow<'a, str>>),
}

/// The row types of some tables, as the database knows them now.
#[derive(Debug)]
pub struct Layouts(HashMap<&'static str, Layout>);

/// The row type of a table.
#[derive(Debug)]
pub struct Layout {
    array: Oid,
    row: Oid,
    /// The columns in the database's order: the place of each among those that are written, and its type.
    columns: Vec<(Option<usize>, u32)>,
}

const LAYOUTS: &str = "SELECT c.relname::text, t.typarray, c.reltype, a.attname::text, a.atttypid \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reltype \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     WHERE c.relname = ANY($1::text[]) AND c.relkind = 'r' AND pg_catalog.pg_table_is_visible(c.oid) \
     ORDER BY c.relname, a.attnum";

impl Layouts {
    /// Reads those of tables, of which these columns are written.
    pub async fn read(
        tx: &PostgresTransaction,
        tables: Vec<(&'static str, Vec<&str>)>,
    ) -> Result<Self, DbErr> {
        let mut names = Columns::default();
        names.add(tables.iter().map(|(table, _)| *table).collect::<Vec<_>>());
        let rows = tx.rows(LAYOUTS, names).await?;
        let mut layouts: HashMap<&'static str, Layout> = HashMap::with_capacity(tables.len());
        for row in &rows {
            let (table, column): (&str, &str) = (row.get(0), row.get(3));
            let Some((table, written)) = tables.iter().find(|(name, _)| *name == table) else { continue };
            let layout = layouts.entry(*table);
            let layout =
                layout.or_insert_with(|| Layout { array: row.get(1), row: row.get(2), columns: vec![] });
            let place = written.iter().position(|name| *name == column);
            layout.columns.push((place, row.get::<Oid, _>(4).0));
        }
        Ok(Self(layouts))
    }

    /// That of a table.
    pub fn of(&self, table: &str) -> Option<&Layout> {
        self.0.get(table)
    }
}

/// PostgreSQL's number for the type `jsonb`, whose binary form begins with a version.
const JSONB: u32 = 3802;

/// The moment from which PostgreSQL counts, in seconds since 1970: the beginning of the year 2000.
const EPOCH: i64 = 946_684_800;

/// An array of rows of a table, in PostgreSQL's binary form.
pub struct Records<'r> {
    layout: &'r Layout,
    rows: Vec<&'r Record>,
}

/// A row of a table, in PostgreSQL's binary form.
#[derive(Clone, Debug)]
pub struct Record(Vec<u8>);

impl Layout {
    /// The row with these fields, in the order of the columns that are written.
    pub fn record(&self, fields: &[Field<'_>]) -> Record {
        let size: usize = fields.iter().map(Field::size).sum();
        let mut bytes = Vec::with_capacity(size + NUMBER * (2 * self.columns.len() + 1));
        bytes.extend(length(self.columns.len()));
        for (place, of) in &self.columns {
            bytes.extend(of.to_be_bytes());
            match place {
                Some(place) => fields[*place].write(*of, &mut bytes),
                None => bytes.extend(NULL),
            }
        }
        Record(bytes)
    }
}

impl<'r> Records<'r> {
    /// Rows of a table.
    pub fn of(layout: &'r Layout, rows: Vec<&'r Record>) -> Self {
        Self { layout, rows }
    }
}

/// How many bytes a length takes, and a type, and a count.
const NUMBER: usize = size_of::<i32>();

/// The length of what is NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).expect("a statement is smaller than two gigabytes").to_be_bytes()
}

/// Writes something behind its length.
fn with_length(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend(NULL);
    write(bytes);
    let written = length(bytes.len() - start - NULL.len());
    bytes[start..start + NULL.len()].copy_from_slice(&written);
}

impl Field<'_> {
    /// How many bytes the value takes at most.
    fn size(&self) -> usize {
        match self {
            Self::Text(value) => value.map_or(0, str::len),
            Self::Json(value) => value.as_ref().map_or(0, |json| json.len() + 1),
            Self::Flag(_) | Self::Integer(_) | Self::BigInteger(_) | Self::Time(_) => 8,
        }
    }

    /// Writes the value as one of a type.
    fn write(&self, of: u32, bytes: &mut Vec<u8>) {
        let written = match self {
            Self::Text(value) => value.map(|text| with_length(bytes, |bytes| bytes.extend(text.as_bytes()))),
            Self::Flag(value) => value.map(|flag| with_length(bytes, |bytes| bytes.push(flag.into()))),
            Self::Integer(value) => {
                value.map(|number| with_length(bytes, |bytes| bytes.extend(number.to_be_bytes())))
            }
            Self::BigInteger(value) => {
                value.map(|number| with_length(bytes, |bytes| bytes.extend(number.to_be_bytes())))
            }
            Self::Time(value) => value.map(|time| {
                let micros = time.timestamp_micros() - EPOCH * 1_000_000;
                with_length(bytes, |bytes| bytes.extend(micros.to_be_bytes()));
            }),
            Self::Json(value) => value.as_ref().map(|json| {
                with_length(bytes, |bytes| {
                    bytes.extend((of == JSONB).then_some(1_u8));
                    bytes.extend(json.as_bytes());
                });
            }),
        };
        if written.is_none() {
            bytes.extend(NULL);
        }
    }
}

impl Type<Postgres> for Records<'_> {
    fn type_info() -> PgTypeInfo {
        // Each says by `produces` which array it is.
        PgTypeInfo::with_name("record[]")
    }
}

impl Encode<'_, Postgres> for Records<'_> {
    fn encode_by_ref(&self, bytes: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        bytes.reserve(self.size_hint());
        let dimensions = i32::from(!self.rows.is_empty());
        for number in [dimensions, 0] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.layout.row.0.to_be_bytes());
        if dimensions > 0 {
            bytes.extend(length(self.rows.len()));
            bytes.extend(1_i32.to_be_bytes());
        }
        for Record(row) in &self.rows {
            bytes.extend(length(row.len()));
            bytes.extend_from_slice(row);
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(self.layout.array))
    }

    fn size_hint(&self) -> usize {
        let rows = self.rows.iter().map(|Record(row)| NUMBER + row.len());
        5 * NUMBER + rows.sum::<usize>()
    }
}
