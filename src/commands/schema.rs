//! `billgraph schema`.

use super::{Failure, print};
use crate::graphql;

/// Prints the API in the schema definition language.
pub fn run() -> Result<(), Failure> {
    print(graphql::sdl().trim_end())
}
