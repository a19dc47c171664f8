//! Pieces that the service will never take: kept beside the spool, with the reason, for somebody to look at.

use super::spool::Piece;
use crate::client::error::ClientError;
use crate::client::place;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where they are.
pub(crate) fn folder(state: &Path) -> PathBuf {
    state.join("rejected")
}

/// Keeps a piece; answers where. Doing it twice is the same as once.
pub(crate) fn keep(state: &Path, piece: &Piece, status: u16, said: &str) -> Result<PathBuf, ClientError> {
    let folder = folder(state);
    place::private_folder(&folder)?;
    let name = format!("{}-{}{}", piece.input, piece.sequence, parts(&piece.part));
    let path = folder.join(format!("{name}.zst"));
    let why = json!({
        "input": piece.input,
        "sequence": piece.sequence,
        "origin": piece.origin,
        "records": piece.records,
        "made": piece.made.to_string(),
        "status": status,
        "said": said,
    });
    place::replace(&folder.join(format!("{name}.json")), why.to_string().as_bytes())?;
    place::replace(&path, &piece.body)?;
    Ok(path)
}

/// How many bytes they may have: a quarter of what may wait. Somebody must look at them before the disk is full of them.
pub(crate) fn max_bytes(spool_max_bytes: u64) -> u64 {
    spool_max_bytes / 4
}

/// How many bytes are there.
pub(crate) fn bytes(state: &Path) -> u64 {
    std::fs::read_dir(folder(state)).map_or(0, |entries| {
        let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok());
        sizes.map(|metadata| metadata.len()).sum()
    })
}

/// How many pieces are there.
pub(crate) fn count(state: &Path) -> usize {
    std::fs::read_dir(folder(state)).map_or(0, |entries| {
        entries
            .flatten()
            .filter(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "zst")
            })
            .count()
    })
}

fn parts(part: &str) -> String {
    if part.is_empty() {
        String::new()
    } else {
        format!("-part-{part}")
    }
}
