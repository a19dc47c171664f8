//! gatelog.
fn main() {}
