//! Which connections are busy: an idle one is closed, one with an open request never is.

use crate::layers::OpenRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// The number of open requests of one connection.
#[derive(Debug)]
pub(super) struct Activity(watch::Sender<usize>);

impl Activity {
    pub(super) fn new() -> Activity {
        Activity(watch::Sender::new(0))
    }

    /// Counts a request as open until every clone of the answer is dropped.
    pub(super) fn open(&self) -> Arc<OpenRequest> {
        OpenRequest::new(&self.0)
    }

    /// Ends once no request has been open for that long without a break.
    pub(super) async fn idle_for(&self, span: Duration) {
        let mut open = self.0.subscribe();
        loop {
            let idle = *open.borrow_and_update() == 0;
            // The sender is `self`, so there is always one and `changed` cannot fail.
            tokio::select! {
                _ = open.changed() => {}
                () = sleep(span), if idle => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_only_without_open_requests() {
        let activity = Activity::new();
        let (first, second) = (activity.open(), activity.open());
        drop(first);
        tokio::select! {
            biased;
            () = activity.idle_for(Duration::ZERO) => panic!("a request is open"),
            () = async { for _ in 0..100 { tokio::task::yield_now().await; } } => {}
        }
        drop(second);
        activity.idle_for(Duration::ZERO).await;
    }
}
