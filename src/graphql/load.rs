//! Loading rows: by id, as children of a parent, counted. Written once, for all tables.
//!
//! One [`Load`] serves one answer, so that what one viewer may see never serves another, and nothing is kept that is no
//! longer so. Every statement is made by the finder of the viewer's scope: an id that is not theirs answers like one that
//! does not exist.
//!
//! What is read to be shown has the columns that the document selects; what code looks into has those that it names, or
//! all of them.

mod rows;

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use async_graphql::{
    ContextBase, Pos,
    dataloader::{DataLoader, HashMapCache, Loader},
};
use entity::product;
use futures_util::future::BoxFuture;
use sea_orm::{
    EntityTrait, ModelTrait, QueryFilter, QuerySelect, Value,
    sea_query::{Expr, Func},
};

use self::rows::{BehindOf, CountOf, Id, Key, PageOf, ProgressOf, Rows, Subscribed};
use super::{
    batch::{Batches, Question},
    filter::Filter,
    join::Joined,
    order::Side,
    page::{self, Page, PageArgs},
    select::{Columns, Selected},
};
use crate::{
    auth::scope::{Belongings, Scope},
    db::Reader,
    error::Result,
    sync::backfill::progress::Progress,
};

/// A row, shared by whatever shows it.
pub type Row<E> = Arc<<E as EntityTrait>::Model>;

/// The loaders of one answer; clones are the same.
///
/// What resolvers of every object await is boxed: the compiler would look into it again for each of them.
#[derive(Clone)]
pub struct Load {
    loader: Arc<DataLoader<Rows, HashMapCache>>,
    /// What the request's document selects, once that is known.
    selected: Option<Arc<Selected>>,
    /// What is known of places in the document.
    places: Arc<Mutex<Places>>,
}

type Places = HashMap<(Pos, TypeId), Arc<dyn Any + Send + Sync>>;

/// The loaders of the request that a resolver serves.
pub fn load<'a, T>(ctx: &ContextBase<'a, T>) -> &'a Load {
    ctx.data_unchecked::<Load>()
}

impl Load {
    /// Loaders that remember what they loaded.
    pub fn new(db: Reader, scope: Scope, batches: Batches) -> Self {
        let rows = Rows { db, scope: Arc::new(RwLock::new(scope)), batches };
        Self { loader: remembering(rows), selected: None, places: Arc::default() }
    }

    /// The same for another answer to the same document: they remember nothing yet, and share what the viewer may see.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { loader: remembering(self.loader.loader().clone()), ..self.clone() }
    }

    /// The same for a document that selects this.
    pub fn selecting(&self, selected: Arc<Selected>) -> Self {
        Self { loader: self.loader.clone(), selected: Some(selected), places: Arc::default() }
    }

    /// What a place in the document says of objects of a type, which is found out once for all of them.
    pub fn once<T: 'static, V: Send + Sync + 'static, E>(
        &self,
        place: Pos,
        find_out: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if self.selected.is_none() {
            return find_out().map(Arc::new);
        }
        let places = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place, TypeId::of::<(T, V)>());
        if let Some(Ok(known)) = places().get(&key).map(|known| known.clone().downcast()) {
            return Ok(known);
        }
        let found = Arc::new(find_out()?);
        places().insert(key, found.clone());
        Ok(found)
    }

    /// The columns of rows that are shown.
    fn columns<E: Joined>(&self) -> Columns {
        self.selected.as_ref().map_or(Columns::ALL, |selected| selected.columns::<E>())
    }

    /// What the viewer may see.
    pub fn scope(&self) -> Scope {
        self.loader.loader().scope()
    }

    /// Takes over what the viewer may see now.
    pub fn rescope(&self, scope: Scope) {
        *self.loader.loader().scope.write().expect("nobody panics while holding this lock") = scope;
    }

    /// Adds what a mutation just made the viewer's own.
    pub fn extend(&self, more: Belongings) {
        let scope = &self.loader.loader().scope;
        if let Scope::Of(own) = &mut *scope.write().expect("nobody panics while holding this lock") {
            own.customers.extend(more.customers);
            own.users.extend(more.users);
            own.organizations.extend(more.organizations);
        }
    }

    /// The row with an id.
    pub fn one<'a, E: Joined>(&'a self, id: Option<&'a str>) -> BoxFuture<'a, Result<Option<Row<E>>>> {
        self.one_with::<E>(id, Columns::ALL)
    }

    /// The row with an id, to be shown.
    pub fn shown<'a, E: Joined>(&'a self, id: Option<&'a str>) -> BoxFuture<'a, Result<Option<Row<E>>>> {
        self.one_with::<E>(id, self.columns::<E>())
    }

    fn one_with<'a, E: Joined>(
        &'a self,
        id: Option<&'a str>,
        columns: Columns,
    ) -> BoxFuture<'a, Result<Option<Row<E>>>> {
        Box::pin(async move {
            let Some(id) = id else { return Ok(None) };
            Ok(self.loader.load_one(Key::<E, _>::new(Id { id: id.to_owned(), columns })).await?.flatten())
        })
    }

    /// A page of the rows whose `column` names the parent, of which code looks into these columns.
    pub fn page_of<'a, E: Joined>(
        &'a self,
        column: &'static str,
        parent: &str,
        args: PageArgs,
        needed: &[&'static str],
    ) -> BoxFuture<'a, Result<Arc<Page<E>>>> {
        let columns = Columns::NONE.with::<E>(needed.iter().copied());
        self.page_with(PageOf { column, parent: parent.to_owned(), args, columns })
    }

    /// A page of the rows whose `column` names the parent, to be shown.
    pub fn shown_page_of<'a, E: Joined>(
        &'a self,
        column: &'static str,
        parent: &str,
        args: PageArgs,
    ) -> BoxFuture<'a, Result<Arc<Page<E>>>> {
        let columns = self.columns::<E>();
        self.page_with(PageOf { column, parent: parent.to_owned(), args, columns })
    }

    fn page_with<E: Joined>(&self, key: PageOf) -> BoxFuture<'_, Result<Arc<Page<E>>>> {
        Box::pin(async move { Ok(self.loader.load_one(Key::<E, _>::new(key)).await?.unwrap_or_default()) })
    }

    /// How many rows of a list name the parent in `column`.
    pub fn count_of<'a, E: Joined>(
        &'a self,
        column: &'static str,
        parent: &str,
        filter: Option<&Arc<Filter>>,
    ) -> BoxFuture<'a, Result<u64>> {
        let key = CountOf { column, parent: parent.to_owned(), filter: filter.cloned() };
        let key = Key::<E, _>::new(key);
        Box::pin(async move { Ok(self.loader.load_one(key).await?.unwrap_or_default()) })
    }

    /// A page of all rows, to be shown.
    pub async fn page<E: Joined>(&self, args: &PageArgs) -> Result<Arc<Page<E>>> {
        let (table, columns) = (TypeId::of::<E>(), self.columns::<E>());
        let question = || Question { table, column: "", columns, args: Some(args.clone()) };
        let asked = args.clone();
        let read = move |rows: Rows, keys: Vec<String>| -> BoxFuture<'static, _> {
            let args = asked.clone();
            Box::pin(async move {
                let listed = rows.listed::<E>(args.filter());
                let page = Arc::new(page::fetch(&rows.db, listed, &args, columns).await?);
                Ok(keys.into_iter().map(|key| (key, page.clone())).collect())
            })
        };
        // All who ask for the page ask the same.
        let pages = self.loader.loader().read(question, vec![String::new()], read).await?;
        Ok(pages.get("").cloned().unwrap_or_default())
    }

    /// Whether a list has rows behind the cursor of a page on a side.
    pub async fn behind<E: Joined>(
        &self,
        parent: Option<&(&'static str, String)>,
        args: &PageArgs,
        side: Side,
    ) -> Result<bool> {
        let Some(behind) = args.behind(side) else { return Ok(false) };
        if let Some((column, parent)) = parent {
            let (parent, args) = (parent.clone(), args.clone());
            let key = BehindOf(PageOf { column, parent, args, columns: Columns::ALL }, side);
            return Ok(self.loader.load_one(Key::<E, _>::new(key)).await?.unwrap_or_default());
        }
        let rows = self.loader.loader();
        let query = rows.listed::<E>(args.filter()).filter(behind).select_only();
        let found: Option<i32> =
            query.column_as(Expr::value(1), "found").limit(1).into_tuple().one(&rows.db).await?;
        Ok(found.is_some())
    }

    /// The products that a customer is subscribed to now.
    pub async fn subscribed_products(&self, customer: &str) -> Result<Vec<Row<product::Entity>>> {
        let columns = self.columns::<product::Entity>();
        let key = Key::new(Subscribed { customer: customer.to_owned(), columns });
        Ok(self.loader.load_one(key).await?.unwrap_or_default())
    }

    /// How far a run is.
    pub async fn progress(&self, run: &str) -> Result<Option<Progress>> {
        self.loader.load_one(Key::new(ProgressOf { run: run.to_owned() })).await
    }

    /// How many rows a list has in all.
    pub async fn count<E: Joined>(&self, filter: Option<&Arc<Filter>>) -> Result<u64> {
        let rows = self.loader.loader();
        let count = rows.listed::<E>(filter).select_only();
        let count = count.column_as(Expr::from(Func::count(Expr::col("id"))), "count");
        let count: Option<i64> = count.into_tuple().one(&rows.db).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    /// Reads rows by id now, so that a later [`Load::shown`] finds them.
    pub async fn prime<E: Joined>(&self, ids: Vec<String>) -> Result<Vec<Row<E>>> {
        let columns = self.columns::<E>();
        let keys: Vec<Key<E, Id>> = ids.into_iter().map(|id| Key::new(Id { id, columns })).collect();
        let found = self.loader.loader().load(&keys).await?;
        let rows = found.values().flatten().cloned().collect();
        self.loader.feed_many(found).await;
        Ok(rows)
    }

    /// Reads pages of children now, so that a later [`Load::shown_page_of`] finds them.
    pub async fn prime_pages<E: Joined>(
        &self,
        column: &'static str,
        parents: Vec<String>,
        args: &PageArgs,
    ) -> Result<Vec<Row<E>>> {
        let columns = self.columns::<E>();
        let key = |parent| Key::<E, _>::new(PageOf { column, parent, args: args.clone(), columns });
        let keys: Vec<Key<E, PageOf>> = parents.into_iter().map(key).collect();
        let found = self.loader.loader().load(&keys).await?;
        let rows = found.values().flat_map(|page| page.rows.iter().cloned()).collect();
        self.loader.feed_many(found).await;
        Ok(rows)
    }

    /// Counts children now, so that a later [`Load::count_of`] finds the numbers.
    pub async fn prime_counts<E: Joined>(
        &self,
        column: &'static str,
        parents: Vec<String>,
        filter: Option<&Arc<Filter>>,
    ) -> Result<()> {
        let key = |parent| Key::<E, _>::new(CountOf { column, parent, filter: filter.cloned() });
        let keys: Vec<Key<E, CountOf>> = parents.into_iter().map(key).collect();
        let found = self.loader.loader().load(&keys).await?;
        self.loader.feed_many(found).await;
        Ok(())
    }
}

fn remembering(rows: Rows) -> Arc<DataLoader<Rows, HashMapCache>> {
    Arc::new(DataLoader::with_cache(rows, tokio::spawn, HashMapCache::default()))
}

/// The text of a column; empty where the row has none.
pub fn text<E: EntityTrait>(row: &E::Model, column: &str) -> String {
    match E::Column::from_str(column).map(|column| row.get(column)) {
        Ok(Value::String(Some(text))) => text,
        _ => String::new(),
    }
}
