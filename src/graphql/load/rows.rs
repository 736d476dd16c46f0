//! The statements that read rows, each for many keys at once.

use std::{
    any::TypeId,
    collections::HashMap,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
    sync::{Arc, RwLock},
};

use async_graphql::{async_trait::async_trait, dataloader::Loader};
use entity::{mirrored::Owned, product, subscription, subscription_item, sync_run};
use futures_util::future::BoxFuture;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement},
};

use super::{Row, text};
use crate::{
    auth::scope::Scope,
    db::Reader,
    error::{Error, Result},
    graphql::{
        batch::{Batches, Question},
        filter::Filter,
        join::Joined,
        order::Side,
        page::{self, Page, PageArgs},
        parent::naming,
        select::Columns,
    },
    sync::backfill::progress::{self, Progress},
};

/// Where rows come from, and which of them the viewer may see.
#[derive(Clone)]
pub struct Rows {
    pub(super) db: Reader,
    pub(super) scope: Arc<RwLock<Scope>>,
    pub(super) batches: Batches,
}

/// What is asked for, of one table.
pub struct Key<E, K>(pub(super) K, PhantomData<fn() -> E>);

impl<E, K> Key<E, K> {
    pub(super) fn new(key: K) -> Self {
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

/// A row by its id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id {
    pub(super) id: String,
    pub(super) columns: Columns,
}

/// A page of the rows that name a parent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageOf {
    pub(super) column: &'static str,
    pub(super) parent: String,
    pub(super) args: PageArgs,
    pub(super) columns: Columns,
}

/// The number of rows that name a parent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CountOf {
    pub(super) column: &'static str,
    pub(super) parent: String,
    pub(super) filter: Option<Arc<Filter>>,
}

/// Whether there are rows behind the cursor of a page on a side.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BehindOf(pub(super) PageOf, pub(super) Side);

impl Rows {
    pub(super) fn scope(&self) -> Scope {
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
    pub(super) fn listed<E: Owned>(&self, filter: Option<&Arc<Filter>>) -> Select<E> {
        let condition = filter.map(|filter| filter.condition(&self.scope(), self.db.get_database_backend()));
        self.find::<E>().filter(Condition::all().add_option(condition))
    }

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
    pub(super) async fn read<A: Send + Sync + 'static>(
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
fn padded<K: Copy>(mut keys: Vec<K>) -> Vec<K> {
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

/// The products that a customer is subscribed to now, by their ids.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subscribed {
    pub(super) customer: String,
    pub(super) columns: Columns,
}

#[async_trait]
impl Loader<Key<product::Entity, Subscribed>> for Rows {
    type Value = Vec<Row<product::Entity>>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[Key<product::Entity, Subscribed>],
    ) -> Result<HashMap<Key<product::Entity, Subscribed>, Self::Value>> {
        let mut alike: HashMap<Columns, Vec<&str>> = HashMap::new();
        for Key(Subscribed { customer, columns }, _) in keys {
            alike.entry(*columns).or_default().push(customer);
        }
        let mut found: HashMap<_, Self::Value> = HashMap::with_capacity(keys.len());
        for (columns, customers) in alike {
            let statement = Query::select()
                .column(("products", Asterisk))
                .column(("bought", "customer"))
                .from_subquery(columns.of(self.seen::<product::Entity>()).into_query(), "products")
                .join_subquery(
                    JoinType::InnerJoin,
                    self.bought(&customers),
                    "bought",
                    Expr::col(("bought", "product")).equals(("products", "id")),
                )
                .to_owned();
            for answer in self.db.query_all(&statement).await? {
                let key = Subscribed { customer: answer.try_get("", "customer")?, columns };
                let product = Arc::new(columns.row::<product::Entity>(&answer)?);
                found.entry(Key::new(key)).or_default().push(product);
            }
        }
        for products in found.values_mut() {
            products.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Ok(found)
    }
}

impl Rows {
    /// Which of these customers is subscribed to which product now.
    fn bought(&self, customers: &[&str]) -> SelectStatement {
        let subscription = |column: &'static str| Expr::col(("subscriptions", column));
        self.find::<subscription_item::Entity>()
            .join(
                JoinType::InnerJoin,
                subscription_item::Entity::belongs_to(subscription::Entity)
                    .from(subscription_item::Column::Subscription)
                    .to(subscription::Column::Id)
                    .into(),
            )
            .filter(subscription("customer").is_in(customers.iter().copied()))
            .filter(subscription("status").is_in(["active", "trialing", "past_due"]))
            .select_only()
            .column_as(subscription("customer"), "customer")
            .column(subscription_item::Column::Product)
            .distinct()
            .into_query()
    }
}

/// How far a run is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProgressOf {
    pub(super) run: String,
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
            let backend = self.db.get_database_backend();
            let (listed, of) = naming(self.listed::<E>(filter), column, &parents, backend);
            let counts = listed
                .select_only()
                .column_as(Expr::col(of.clone()), "parent")
                .column_as(Expr::from(Func::count(Expr::col("id"))), "count")
                .group_by(Expr::col(of))
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
        let mut alike: HashMap<(&'static str, &PageArgs, Side), Vec<&str>> = HashMap::new();
        for Key(BehindOf(PageOf { column, parent, args, .. }, side), _) in keys {
            alike.entry((column, args, *side)).or_default().push(parent);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((column, args, side), parents) in alike {
            let Some(behind) = args.behind(side) else { continue };
            let listed = self.listed::<E>(args.filter()).filter(behind);
            let (listed, of) = naming(listed, column, &parents, self.db.get_database_backend());
            let query = listed.select_only().column_as(Expr::col(of), "parent");
            let those: Vec<String> = query.distinct().into_tuple().all(&self.db).await?;
            found.extend(those.into_iter().map(|parent| {
                let (args, columns) = (args.clone(), Columns::ALL);
                (Key::new(BehindOf(PageOf { column, parent, args, columns }, side)), true)
            }));
        }
        Ok(found)
    }
}
