//! What a viewer may see, as conditions of SQL: the one place where this is decided.

use std::collections::BTreeSet;

use entity::{
    mirrored::{Owned, Owner},
    organization, user,
};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::Viewer;
use crate::mirror::MIRRORS;

/// What a viewer may see beside the active products and prices of the platform itself, which everybody may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything: admins and readers.
    Everything,
    /// What belongs to these.
    Of(Belongings),
}

/// The ids of what is a viewer's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    pub customers: BTreeSet<String>,
    pub users: BTreeSet<String>,
    pub organizations: BTreeSet<String>,
}

impl Scope {
    /// What somebody sees who is nobody.
    pub fn public() -> Self {
        Self::Of(Belongings::default())
    }

    /// What a viewer may see now.
    pub async fn of(viewer: &Viewer, db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        if viewer.is_staff() {
            return Ok(Self::Everything);
        }
        let Some(user) = viewer.user() else { return Ok(Self::public()) };
        let mut own = Belongings::default();
        if let Some(row) = user::Entity::find_by_id(&user.id).one(db).await? {
            own.customers.extend(row.customer);
        }
        if let Some(organization) = &user.organization {
            if let Some(row) = organization::Entity::find_by_id(&organization.id).one(db).await? {
                own.customers.extend(row.customer);
            }
            own.organizations.insert(organization.id.clone());
        }
        own.users.insert(user.id.clone());
        Ok(Self::Of(own))
    }

    /// The rows of an entity that are to be seen.
    pub fn visible<E: Owned>(&self) -> Condition {
        self.of_owner(E::OWNER)
    }

    /// The rows of a table whose rows belong to this owner that are to be seen.
    pub fn of_owner(&self, owner: Owner) -> Condition {
        match self {
            Self::Everything => Condition::all(),
            Self::Of(own) => Condition::all().add(own.condition(owner)),
        }
    }

    /// Whether something of a customer is to be seen; what is no customer's is for those who see everything.
    pub fn includes(&self, customer: Option<&str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(own) => customer.is_some_and(|customer| own.customers.contains(customer)),
        }
    }
}

impl Belongings {
    fn condition(&self, owner: Owner) -> Expr {
        match owner {
            Owner::Itself => Expr::col("id").is_in(&self.customers),
            Owner::Customer(column) => Expr::col(column).is_in(&self.customers),
            Owner::Through { column, table } => Expr::col(column).in_subquery(self.ids(table)),
            Owner::Catalogue { item_column } => Expr::col("active")
                .eq(true)
                .and(Expr::col("deleted").eq(false))
                // What a connected account sells is not the platform's to show.
                .and(Expr::col("account").eq(""))
                .or(Expr::col("id").in_subquery(self.bought(item_column))),
            Owner::Nobody => Expr::value(false),
            Owner::User => Expr::col("id").is_in(&self.users),
            Owner::Organization => Expr::col("id").is_in(&self.organizations),
        }
    }

    /// The ids of the rows of another table that are to be seen.
    fn ids(&self, table: &'static str) -> SelectStatement {
        let mirror =
            MIRRORS.iter().find(|mirror| mirror.table == table).expect("an owner's table is mirrored");
        Query::select().column("id").from(table).and_where(self.condition(mirror.owner)).to_owned()
    }

    /// The products or prices of the subscriptions that are to be seen: archived ones among them.
    fn bought(&self, item_column: &'static str) -> SelectStatement {
        Query::select()
            .column(item_column)
            .from("subscription_items")
            .and_where(Expr::col("subscription").in_subquery(self.ids("subscriptions")))
            .to_owned()
    }
}
