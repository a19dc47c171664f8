//! How much this machine does at once.

/// How many workers the event loop has. One more than there are cores costs a page a tenth, for workers take turns then; with a single
/// one a page that waits for a disk would hold everything.
pub fn workers() -> usize {
    cores().max(2)
}

/// How many threads this machine runs at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
