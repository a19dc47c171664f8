//! Work that Ctrl-C ends in order.

use super::error::ClientError;
use std::future::Future;

/// Runs to the end, or until Ctrl-C.
pub(crate) async fn or_interrupted<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        signal = tokio::signal::ctrl_c() => {
            signal?;
            Err(ClientError::Interrupted.into())
        }
    }
}
