//! `billgraph schema`.

use super::{Failure, print};
use crate::graphql;

/// As what to print the schema.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Form {
    /// As a subgraph of Apollo Federation 2.
    #[arg(long)]
    federation: bool,
}

/// Prints the API in the schema definition language.
pub fn run(form: Form) -> Result<(), Failure> {
    let sdl = if form.federation { graphql::subgraph_sdl() } else { graphql::sdl() };
    print(sdl.trim_end())
}
