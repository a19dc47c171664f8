//! The spelling of OData: request lines in, questions out; rows in, pages out. Nothing else in the house knows it.

pub mod ask;
pub mod error;
pub mod filter;
pub mod mask;
pub mod metadata;
pub mod nearest;
pub mod options;
pub mod page;
pub mod prefer;
pub mod skiptoken;

#[cfg(test)]
mod fixtures;
