//! What operators ask of the whole: recurring revenue, subscriptions by their standing, what was earned in each month.
//!
//! `docs/metrics.md` defines each number. The database adds up, in one statement for each number; only what is
//! discounted is computed here, subscription by subscription ([`recurring`]).

mod recurring;

use std::collections::BTreeMap;

use async_graphql::{Context, SimpleObject};
use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};
use entity::{open::Open, subscription::SubscriptionStatus};
use sea_orm::{DatabaseConnection, DbBackend, FromQueryResult, Statement, Value};

use self::recurring::recurring;
use super::money::Money;
use crate::{
    app::App,
    error::{Error, Result},
    mirror::column::MOMENTS,
};

/// How many months a summary has at most.
const MOST_MONTHS: usize = 60;

/// How many months it has where nothing is said.
const MONTHS: u32 = 12;

/// How the business does: each number is defined in `docs/metrics.md`.
#[derive(SimpleObject)]
pub struct BillingSummary {
    /// From when on subscriptions and payments are counted as of the time.
    from: DateTime<Utc>,
    /// Until when, exclusively.
    to: DateTime<Utc>,
    /// What subscriptions that are active or past due bring in a month now, by currency.
    mrr: Vec<Money>,
    /// How many subscriptions there are now, by their status.
    statuses: Vec<SubscriptionStatusCount>,
    /// How many subscriptions are in good standing now.
    active: i32,
    /// How many are in their trial now.
    trialing: i32,
    /// How many have a payment that failed and is tried again now.
    past_due: i32,
    /// How many began in the time.
    new: i32,
    /// How many ended in the time.
    churned: i32,
    /// What was paid in the time, less what was given back in it, by currency.
    revenue: Vec<Money>,
    /// What was given back in the time, by currency.
    refunded: Vec<Money>,
    /// The same, month by month, the earliest first.
    months: Vec<BillingMonth>,
}

/// How many subscriptions have a status.
#[derive(SimpleObject)]
pub struct SubscriptionStatusCount {
    /// The status.
    status: SubscriptionStatus,
    /// The status as Stripe writes it.
    status_raw: String,
    /// How many.
    count: i32,
}

/// What happened in a calendar month, in UTC, as far as it lies in the time of the summary.
#[derive(Clone, Default, SimpleObject)]
pub struct BillingMonth {
    /// The month, such as `2026-01`.
    month: String,
    /// How many subscriptions began.
    new: i32,
    /// How many ended.
    churned: i32,
    /// What was paid, less what was given back, by currency.
    revenue: Vec<Money>,
    /// What was given back, by currency.
    refunded: Vec<Money>,
}

/// Which time and which currency a summary is of.
struct Question<'a> {
    db: &'a DatabaseConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    currency: Option<String>,
}

#[derive(FromQueryResult)]
struct StatusCount {
    status: String,
    count: i64,
}

#[derive(FromQueryResult)]
struct InMonth {
    month: String,
    count: i64,
}

#[derive(FromQueryResult)]
struct OfMonth {
    month: String,
    currency: String,
    amount: i64,
}

/// Amounts by month and currency.
type Amounts = BTreeMap<(String, String), i64>;

impl BillingSummary {
    /// The summary of a time, the last twelve months where nothing is said.
    pub async fn of(
        ctx: &Context<'_>,
        currency: Option<String>,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Self> {
        let app = ctx.data_unchecked::<App>();
        let question = Question::new(&app.db.reader, app.clock.now(), currency, from, to)?;
        question.answer(app.clock.now()).await
    }
}

impl<'a> Question<'a> {
    fn new(
        db: &'a DatabaseConnection,
        now: DateTime<Utc>,
        currency: Option<String>,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Self> {
        let to = to.unwrap_or(now);
        let from = from.or_else(|| start_of_month(to).checked_sub_months(Months::new(MONTHS - 1)));
        let from = from.ok_or_else(|| Error::invalid("`from` is missing."))?;
        if from >= to || [from, to].iter().any(|time| !MOMENTS.contains(&time.timestamp())) {
            return Err(Error::invalid("`from` lies before `to`."));
        }
        let currency = currency.map(|currency| currency.to_ascii_lowercase());
        if currency.iter().any(|code| code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_lowercase()))
        {
            return Err(Error::invalid("`currency` is a code of three letters."));
        }
        let question = Self { db, from, to, currency };
        if question.months().count() > MOST_MONTHS {
            return Err(Error::invalid(format!("A summary has at most {MOST_MONTHS} months.")));
        }
        Ok(question)
    }

    async fn answer(self, now: DateTime<Utc>) -> Result<BillingSummary> {
        let mrr = recurring(self.db, now, self.currency.as_deref()).await?;
        let statuses = self.statuses().await?;
        let new = self.subscriptions(
            "COALESCE(start_date, created)",
            "status NOT IN ('incomplete', 'incomplete_expired')",
        );
        let (new, churned) = (new.await?, self.subscriptions("ended_at", "status = 'canceled'").await?);
        let paid =
            self.amounts("charges", "COALESCE(amount_captured, amount)", "status = 'succeeded'").await?;
        let given_back = "COALESCE(status, '') NOT IN ('failed', 'canceled')";
        let refunded = self.amounts("refunds", "amount", given_back).await?;
        let mut revenue = paid;
        for (key, amount) in &refunded {
            let sum = revenue.entry(key.clone()).or_default();
            *sum = sum.saturating_sub(*amount);
        }
        let months = self.months().map(|month| BillingMonth {
            new: count(*new.get(&month).unwrap_or(&0)),
            churned: count(*churned.get(&month).unwrap_or(&0)),
            revenue: in_month(&revenue, &month),
            refunded: in_month(&refunded, &month),
            month,
        });
        let known = |status: &str| {
            statuses.iter().find(|count| count.status_raw == status).map_or(0, |count| count.count)
        };
        Ok(BillingSummary {
            mrr,
            active: known("active"),
            trialing: known("trialing"),
            past_due: known("past_due"),
            new: count(new.values().sum()),
            churned: count(churned.values().sum()),
            revenue: in_all(&revenue),
            refunded: in_all(&refunded),
            months: months.collect(),
            from: self.from,
            to: self.to,
            statuses,
        })
    }

    async fn statuses(&self) -> Result<Vec<SubscriptionStatusCount>> {
        let sql = format!(
            "SELECT status, CAST(COUNT(*) AS BIGINT) AS count FROM subscriptions \
             WHERE NOT deleted AND account = '' AND {} GROUP BY status ORDER BY status",
            currency_is(1)
        );
        let rows = self.ask::<StatusCount>(&sql, vec![self.currency.clone().into()]).await?;
        let counts = rows.into_iter().map(|row| SubscriptionStatusCount {
            status: Open::from(row.status.clone()).known(),
            status_raw: row.status,
            count: count(row.count),
        });
        Ok(counts.collect())
    }

    /// How many subscriptions have a moment in each month of the time.
    async fn subscriptions(&self, moment: &str, condition: &str) -> Result<BTreeMap<String, i64>> {
        let sql = format!(
            "SELECT {} AS month, CAST(COUNT(*) AS BIGINT) AS count FROM subscriptions WHERE NOT deleted \
             AND account = '' AND {condition} AND {moment} >= $1 AND {moment} < $2 AND {} GROUP BY 1",
            self.month(moment),
            currency_is(3)
        );
        let rows = self.ask::<InMonth>(&sql, self.values()).await?;
        Ok(rows.into_iter().map(|row| (row.month, row.count)).collect())
    }

    /// What the rows of a table add up to in each month of the time.
    async fn amounts(&self, table: &str, amount: &str, condition: &str) -> Result<Amounts> {
        let sql = format!(
            "SELECT {} AS month, currency, CAST(SUM({amount}) AS BIGINT) AS amount FROM {table} WHERE NOT deleted \
             AND account = '' AND {condition} AND created >= $1 AND created < $2 AND {} GROUP BY 1, 2",
            self.month("created"),
            currency_is(3)
        );
        let rows = self.ask::<OfMonth>(&sql, self.values()).await?;
        Ok(rows.into_iter().map(|row| ((row.month, row.currency), row.amount)).collect())
    }

    fn month(&self, moment: &str) -> String {
        match self.db.get_database_backend() {
            DbBackend::Postgres => format!("to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM')"),
            _ => format!("strftime('%Y-%m', {moment})"),
        }
    }

    fn values(&self) -> Vec<Value> {
        vec![self.from.into(), self.to.into(), self.currency.clone().into()]
    }

    async fn ask<T: FromQueryResult>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<T>> {
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        Ok(T::find_by_statement(statement).all(self.db).await?)
    }

    /// The months that the time touches.
    fn months(&self) -> impl Iterator<Item = String> {
        let (first, end) = (start_of_month(self.from), self.to);
        let months = (0..).map_while(move |month| first.checked_add_months(Months::new(month)));
        months
            .take_while(move |month| *month < end)
            .take(MOST_MONTHS + 1)
            .map(|month| month.format("%Y-%m").to_string())
    }
}

/// Whether a row is of the currency that the parameter names, if it names one.
fn currency_is(parameter: u8) -> String {
    format!("(CAST(${parameter} AS TEXT) IS NULL OR currency = ${parameter})")
}

fn start_of_month(time: DateTime<Utc>) -> DateTime<Utc> {
    let day = time.date_naive();
    day.with_day(1).unwrap_or(day).and_time(NaiveTime::MIN).and_utc()
}

fn count(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn in_month(amounts: &Amounts, month: &str) -> Vec<Money> {
    let those = amounts.iter().filter(|((of, _), _)| of == month);
    those.map(|((_, currency), amount)| Money::new(*amount, currency)).collect()
}

fn in_all(amounts: &Amounts) -> Vec<Money> {
    let mut all: BTreeMap<&str, i64> = BTreeMap::new();
    for ((_, currency), amount) in amounts {
        let sum = all.entry(currency).or_default();
        *sum = sum.saturating_add(*amount);
    }
    all.into_iter().map(|(currency, amount)| Money::new(amount, currency)).collect()
}
