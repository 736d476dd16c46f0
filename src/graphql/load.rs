//! Loading rows: by id, as children of a parent, counted. Written once, for all tables.
//!
//! One [`Load`] serves one request, so that what one viewer may see never serves another. Every statement is made
//! by the finder of the viewer's scope: an id that is not theirs answers like one that does not exist.
//!
//! What is read to be shown has the columns that the document selects; what code looks into has all of them.

use std::{
    any::TypeId,
    collections::HashMap,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use async_graphql::{
    Context, Pos,
    async_trait::async_trait,
    dataloader::{DataLoader, HashMapCache, Loader},
};
use entity::{mirrored::Owned, product, subscription, subscription_item, sync_run};
use futures_util::future::BoxFuture;
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, ModelTrait,
    QueryFilter, QuerySelect, QueryTrait, Select, Value,
    sea_query::{Expr, ExprTrait, Func},
};

use super::{
    batch::{Batches, Question},
    filter::Filter,
    join::Joined,
    page::{self, Page, PageArgs},
    select::{Columns, Selected},
};
use crate::{
    auth::scope::{Belongings, Scope},
    error::{Error, Result},
    sync::backfill::progress::{self, Progress},
};

/// A row, shared by whatever shows it.
pub type Row<E> = Arc<<E as EntityTrait>::Model>;

/// The loaders of one request; clones are the same.
///
/// What resolvers of every object await is boxed: the compiler would look into it again for each of them.
#[derive(Clone)]
pub struct Load {
    loader: Arc<DataLoader<Rows, HashMapCache>>,
    /// What the request's document selects, once that is known.
    selected: Option<Arc<Selected>>,
    /// The arguments of lists, by their places in the document.
    args: Arc<Mutex<HashMap<(Pos, TypeId), PageArgs>>>,
}

/// Where rows come from, and which of them the viewer may see.
#[derive(Clone)]
pub struct Rows {
    db: DatabaseConnection,
    scope: Arc<RwLock<Scope>>,
    batches: Batches,
}

/// The loaders of the request that a resolver serves.
pub fn load<'a>(ctx: &Context<'a>) -> &'a Load {
    ctx.data_unchecked::<Load>()
}

impl Load {
    /// Loaders that remember what they loaded, for a query or a mutation.
    pub fn new(db: DatabaseConnection, scope: Scope, batches: Batches) -> Self {
        let rows = Rows { db, scope: Arc::new(RwLock::new(scope)), batches };
        let loader = DataLoader::with_cache(rows, tokio::spawn, HashMapCache::default());
        Self { loader: Arc::new(loader), selected: None, args: Arc::default() }
    }

    /// Loaders that read anew each time, for a subscription, which outlives what it read.
    pub fn forgetful(db: DatabaseConnection, scope: Scope, batches: Batches) -> Self {
        let load = Self::new(db, scope, batches);
        load.loader.enable_all_cache(false);
        load
    }

    /// The same for a document that selects this.
    pub fn selecting(&self, selected: Arc<Selected>) -> Self {
        Self { loader: self.loader.clone(), selected: Some(selected), args: Arc::default() }
    }

    /// The arguments of a list, which are read once for all parents.
    pub fn args<E: Joined>(&self, place: Pos, read: impl FnOnce() -> Result<PageArgs>) -> Result<PageArgs> {
        let known = || self.args.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place, TypeId::of::<E>());
        if self.selected.is_none() {
            return read();
        }
        if let Some(args) = known().get(&key) {
            return Ok(args.clone());
        }
        let args = read()?;
        known().insert(key, args.clone());
        Ok(args)
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

    /// A page of the rows whose `column` names the parent.
    pub fn page_of<'a, E: Joined>(
        &'a self,
        column: &'static str,
        parent: &str,
        args: PageArgs,
    ) -> BoxFuture<'a, Result<Arc<Page<E>>>> {
        self.page_with(PageOf { column, parent: parent.to_owned(), args, columns: Columns::ALL })
    }

    /// The same, to be shown.
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

    /// Whether a list has rows behind the cursor of a page.
    pub async fn behind<E: Joined>(
        &self,
        parent: Option<&(&'static str, String)>,
        args: &PageArgs,
    ) -> Result<bool> {
        if let Some((column, parent)) = parent {
            let (parent, args) = (parent.clone(), args.clone());
            let key = BehindOf(PageOf { column, parent, args, columns: Columns::ALL });
            return Ok(self.loader.load_one(Key::<E, _>::new(key)).await?.unwrap_or_default());
        }
        let Some(behind) = args.behind() else { return Ok(false) };
        let rows = self.loader.loader();
        let query = rows.listed::<E>(args.filter()).filter(behind).select_only();
        let found: Option<i32> =
            query.column_as(Expr::value(1), "found").limit(1).into_tuple().one(&rows.db).await?;
        Ok(found.is_some())
    }

    /// The products that a customer is subscribed to now.
    pub async fn subscribed_products(&self, customer: &str) -> Result<Vec<Row<product::Entity>>> {
        let key = Key::new(Subscribed { customer: customer.to_owned() });
        let ids: Vec<String> = self.loader.load_one(key).await?.unwrap_or_default();
        let columns = self.columns::<product::Entity>();
        let keys = ids.into_iter().map(|id| Key::<product::Entity, _>::new(Id { id, columns }));
        let mut rows: Vec<_> = self.loader.load_many(keys).await?.into_values().flatten().collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rows)
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

impl Rows {
    fn scope(&self) -> Scope {
        self.scope.read().expect("nobody panics while holding this lock").clone()
    }

    /// The rows that the viewer may see.
    fn seen<E: Owned>(&self) -> Select<E> {
        E::find().filter(self.scope().visible::<E>())
    }

    /// The rows that the viewer may see and that are not deleted.
    fn find<E: Owned>(&self) -> Select<E> {
        let deleted = E::Column::from_str("deleted").ok();
        self.seen::<E>().filter(Condition::all().add_option(deleted.map(|deleted| deleted.eq(false))))
    }

    /// Those of them that a filter is true of.
    fn listed<E: Owned>(&self, filter: Option<&Arc<Filter>>) -> Select<E> {
        let condition = filter.map(|filter| filter.condition(&self.scope(), self.db.get_database_backend()));
        self.find::<E>().filter(Condition::all().add_option(condition))
    }
}

/// What is asked for, of one table.
pub struct Key<E, K>(K, PhantomData<fn() -> E>);

/// A row by its id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id {
    id: String,
    columns: Columns,
}

/// A page of the rows that name a parent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageOf {
    column: &'static str,
    parent: String,
    args: PageArgs,
    columns: Columns,
}

/// The number of rows that name a parent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CountOf {
    column: &'static str,
    parent: String,
    filter: Option<Arc<Filter>>,
}

/// Whether there are rows behind the cursor of a page.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BehindOf(PageOf);

impl Rows {
    /// The rows with these ids, by their ids.
    async fn by_ids<E: Joined>(&self, ids: &[String], columns: Columns) -> Result<HashMap<String, Row<E>>> {
        // PostgreSQL's texts have no NUL: nothing has such an id.
        let ids: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !id.contains('\0')).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = columns.of(self.seen::<E>().filter(Expr::col("id").is_in(padded(ids))));
        let rows = columns.rows::<E>(&self.db, &query.into_query()).await?;
        Ok(rows.into_iter().map(|row| (text::<E>(&row, "id"), Arc::new(row))).collect())
    }

    /// A page for each of these parents that has one, by the parents.
    async fn pages<E: Joined>(
        &self,
        column: &'static str,
        args: &PageArgs,
        columns: Columns,
        parents: &[String],
    ) -> Result<HashMap<String, Arc<Page<E>>>> {
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        let listed = self.listed::<E>(args.filter());
        let pages = page::fetch_for_parents(&self.db, listed, column, &parents, args, columns).await?;
        Ok(pages.into_iter().map(|(parent, page)| (parent, Arc::new(page))).collect())
    }

    /// Reads together with others who see everything, or alone.
    async fn read<A: Send + Sync + 'static>(
        &self,
        question: impl FnOnce() -> Question,
        keys: Vec<String>,
        read: impl Fn(Self, Vec<String>) -> BoxFuture<'static, Result<HashMap<String, A>>> + Send + Sync + 'static,
    ) -> Result<Arc<HashMap<String, A>>> {
        let rows = self.clone();
        if self.scope() != Scope::Everything {
            return read(rows, keys).await.map(Arc::new);
        }
        self.batches.read(question(), keys, move |keys| read(rows.clone(), keys)).await
    }
}

/// The same keys so often that few numbers of them occur: each is a text of its own, which is planned anew.
pub fn padded<K: Copy>(mut keys: Vec<K>) -> Vec<K> {
    if let Some(last) = keys.last().copied() {
        keys.resize(keys.len().next_power_of_two(), last);
    }
    keys
}

#[async_trait]
impl<E: Joined> Loader<Key<E, Id>> for Rows {
    /// `None` is remembered too: what is not there is not asked for again.
    type Value = Option<Row<E>>;
    type Error = Error;

    async fn load(&self, keys: &[Key<E, Id>]) -> Result<HashMap<Key<E, Id>, Self::Value>> {
        let mut alike: HashMap<Columns, Vec<String>> = HashMap::new();
        for Key(Id { id, columns }, _) in keys {
            alike.entry(*columns).or_default().push(id.clone());
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (columns, ids) in alike {
            let question = || Question { table: TypeId::of::<E>(), column: "id", columns, args: None };
            let read = move |rows: Self, ids: Vec<String>| -> BoxFuture<'static, _> {
                Box::pin(async move { rows.by_ids::<E>(&ids, columns).await })
            };
            let rows = self.read(question, ids.clone(), read).await?;
            found.extend(ids.into_iter().map(|id| {
                let row = rows.get(&id).cloned();
                (Key::new(Id { id, columns }), row)
            }));
        }
        Ok(found)
    }
}

#[async_trait]
impl<E: Joined> Loader<Key<E, PageOf>> for Rows {
    type Value = Arc<Page<E>>;
    type Error = Error;

    async fn load(&self, keys: &[Key<E, PageOf>]) -> Result<HashMap<Key<E, PageOf>, Self::Value>> {
        let mut alike: HashMap<(&'static str, &PageArgs, Columns), Vec<String>> = HashMap::new();
        for Key(PageOf { column, parent, args, columns }, _) in keys {
            alike.entry((column, args, *columns)).or_default().push(parent.clone());
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((column, args, columns), parents) in alike {
            let table = TypeId::of::<E>();
            let question = || Question { table, column, columns, args: Some(args.clone()) };
            let asked = args.clone();
            let read = move |rows: Self, parents: Vec<String>| -> BoxFuture<'static, _> {
                let args = asked.clone();
                Box::pin(async move { rows.pages::<E>(column, &args, columns, &parents).await })
            };
            let pages = self.read(question, parents.clone(), read).await?;
            found.extend(parents.into_iter().map(|parent| {
                let page = pages.get(&parent).cloned().unwrap_or_default();
                (Key::new(PageOf { column, parent, args: args.clone(), columns }), page)
            }));
        }
        Ok(found)
    }
}

/// The ids of the products that a customer is subscribed to now.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subscribed {
    customer: String,
}

#[async_trait]
impl Loader<Key<product::Entity, Subscribed>> for Rows {
    type Value = Vec<String>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Key<product::Entity, Subscribed>],
    ) -> Result<HashMap<Key<product::Entity, Subscribed>, Vec<String>>> {
        let customers = keys.iter().map(|key| key.0.customer.as_str());
        let subscription = |column: &'static str| Expr::col(("subscriptions", column));
        let bought: Vec<(String, Option<String>)> = self
            .find::<subscription_item::Entity>()
            .join(
                JoinType::InnerJoin,
                subscription_item::Entity::belongs_to(subscription::Entity)
                    .from(subscription_item::Column::Subscription)
                    .to(subscription::Column::Id)
                    .into(),
            )
            .filter(subscription("customer").is_in(customers))
            .filter(subscription("status").is_in(["active", "trialing", "past_due"]))
            .select_only()
            .column_as(subscription("customer"), "customer")
            .column(subscription_item::Column::Product)
            .distinct()
            .into_tuple()
            .all(&self.db)
            .await?;
        let mut found: HashMap<_, Vec<String>> = HashMap::new();
        for (customer, product) in bought {
            found.entry(Key::new(Subscribed { customer })).or_default().extend(product);
        }
        Ok(found)
    }
}

/// How far a run is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProgressOf {
    run: String,
}

#[async_trait]
impl Loader<Key<sync_run::Entity, ProgressOf>> for Rows {
    type Value = Progress;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Key<sync_run::Entity, ProgressOf>],
    ) -> Result<HashMap<Key<sync_run::Entity, ProgressOf>, Progress>> {
        let runs: Vec<&str> = keys.iter().map(|key| key.0.run.as_str()).collect();
        let of_runs = progress::of_runs(&self.db, &runs).await?;
        let of_run = |progress: Progress| (Key::new(ProgressOf { run: progress.run.id.clone() }), progress);
        Ok(of_runs.into_iter().map(of_run).collect())
    }
}

#[derive(FromQueryResult)]
struct Count {
    parent: String,
    count: i64,
}

#[async_trait]
impl<E: Joined> Loader<Key<E, CountOf>> for Rows {
    type Value = u64;
    type Error = Error;

    async fn load(&self, keys: &[Key<E, CountOf>]) -> Result<HashMap<Key<E, CountOf>, u64>> {
        let mut alike: HashMap<(&'static str, Option<&Arc<Filter>>), Vec<&str>> = HashMap::new();
        for Key(CountOf { column, parent, filter }, _) in keys {
            alike.entry((column, filter.as_ref())).or_default().push(parent);
        }
        // No row names a parent without children: that is a count too.
        let mut found: HashMap<_, _> = keys.iter().map(|key| (key.clone(), 0)).collect();
        for ((column, filter), parents) in alike {
            let counts = self
                .listed::<E>(filter)
                .filter(Expr::col(column).is_in(parents))
                .select_only()
                .column_as(Expr::col(column), "parent")
                .column_as(Expr::from(Func::count(Expr::col("id"))), "count")
                .group_by(Expr::col(column))
                .into_model::<Count>();
            for Count { parent, count } in counts.all(&self.db).await? {
                let key = CountOf { column, parent, filter: filter.cloned() };
                found.insert(Key::new(key), count.unsigned_abs());
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl<E: Joined> Loader<Key<E, BehindOf>> for Rows {
    type Value = bool;
    type Error = Error;

    async fn load(&self, keys: &[Key<E, BehindOf>]) -> Result<HashMap<Key<E, BehindOf>, bool>> {
        let mut alike: HashMap<(&'static str, &PageArgs), Vec<&str>> = HashMap::new();
        for Key(BehindOf(PageOf { column, parent, args, .. }), _) in keys {
            alike.entry((column, args)).or_default().push(parent);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((column, args), parents) in alike {
            let Some(behind) = args.behind() else { continue };
            let query = self.listed::<E>(args.filter()).filter(behind).select_only();
            let query = query.filter(Expr::col(column).is_in(parents)).column_as(Expr::col(column), "parent");
            let those: Vec<String> = query.distinct().into_tuple().all(&self.db).await?;
            found.extend(those.into_iter().map(|parent| {
                let (args, columns) = (args.clone(), Columns::ALL);
                (Key::new(BehindOf(PageOf { column, parent, args, columns })), true)
            }));
        }
        Ok(found)
    }
}

impl<E, K> Key<E, K> {
    fn new(key: K) -> Self {
        Self(key, PhantomData)
    }
}

impl<E, K: Clone> Clone for Key<E, K> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<E, K: PartialEq> PartialEq for Key<E, K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<E, K: Eq> Eq for Key<E, K> {}

impl<E, K: Hash> Hash for Key<E, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// The text of a column; empty where the row has none.
pub fn text<E: EntityTrait>(row: &E::Model, column: &str) -> String {
    match E::Column::from_str(column).map(|column| row.get(column)) {
        Ok(Value::String(Some(text))) => text,
        _ => String::new(),
    }
}
