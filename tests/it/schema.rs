//! The public contract, and what keeps it true.

/// `schema.graphql` is what `billgraph schema` prints.
#[test]
fn the_committed_schema_is_current() {
    let committed = include_str!("../../schema.graphql");
    assert_eq!(
        committed.trim_end(),
        billgraph::graphql::sdl().trim_end(),
        "run `cargo run -- schema > schema.graphql`"
    );
}
