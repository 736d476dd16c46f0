//! Stripe's lists, page by page.

use super::Trouble;
use crate::{
    stripe::{Answer, Stripe},
    sync::path::escape,
};

/// How many objects Stripe lists at once.
pub const PAGE: usize = 100;

/// A list that is gone through.
pub struct List {
    pub path: String,
    /// The column that names whose list it is, and what it holds.
    pub of: Option<(&'static str, String)>,
}

impl List {
    pub fn page(&self, limit: usize, after: Option<&str>) -> String {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let after = after.map(|id| format!("&starting_after={}", escape(id))).unwrap_or_default();
        format!("{}{joint}limit={limit}{after}", self.path)
    }
}

/// The pages of a list, one after the other.
pub struct Pages<'l> {
    list: &'l List,
    /// The ids of the last one.
    places: Vec<String>,
    pub is_ended: bool,
}

impl<'l> Pages<'l> {
    pub fn of(list: &'l List) -> Self {
        Self { list, places: Vec::new(), is_ended: false }
    }

    /// None behind the last.
    pub async fn next(&mut self, stripe: &Stripe) -> Result<Option<Answer>, Trouble> {
        while !self.is_ended {
            let page = self.list.page(PAGE, self.places.last().map(String::as_str));
            let page = match stripe.get(&page).await {
                // What was the last of a page is not there any more: the one before it is the place then.
                Err(error) if error.is_missing() && self.places.len() > 1 => {
                    self.places.pop();
                    continue;
                }
                // Whose list it is, is gone, and the list with it.
                Err(error) if error.is_missing() && self.list.of.is_some() => break,
                page => page?,
            };
            let ids = ids(&page);
            self.is_ended = page.object["has_more"].as_bool() != Some(true);
            if !self.is_ended && (ids.is_empty() || ids.last() == self.places.last()) {
                return Err(Trouble::Odd(format!("the list {} does not end", self.list.path)));
            }
            self.places = ids;
            return Ok(Some(page));
        }
        self.is_ended = true;
        Ok(None)
    }
}

/// The ids of what a page has.
pub fn ids(page: &Answer) -> Vec<String> {
    let listed = page.object["data"].as_array().into_iter().flatten();
    listed.filter_map(|object| object["id"].as_str()).map(str::to_owned).collect()
}
