//! Which connections are busy: an idle one is closed, one with an open request never is.

use crate::layers::{OpenRequest, OpenRequests};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The open requests of one connection.
#[derive(Debug)]
pub(super) struct Activity(Arc<OpenRequests>);

impl Activity {
    pub(super) fn new() -> Activity {
        Activity(OpenRequests::none())
    }

    /// Counts a request as open until every clone of the answer is dropped.
    pub(super) fn open(&self) -> Arc<OpenRequest> {
        OpenRequest::new(&self.0)
    }

    /// Ends once no request has been open for that long without a break, beginning now.
    ///
    /// It looks once in each such span and when one may be over: to be told of each request would wake the connection's task
    /// twice more for it.
    pub(super) async fn idle_for(&self, span: Duration) {
        let asked_at = self.0.age();
        loop {
            let left = match self.0.none_since() {
                None => span,
                Some(ended) => {
                    let idle = self.0.age().saturating_sub(ended.max(asked_at));
                    match span.checked_sub(idle) {
                        Some(left) if !left.is_zero() => left,
                        _ => return,
                    }
                }
            };
            sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

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

    #[tokio::test]
    async fn idling_begins_anew_with_every_end_of_a_request() {
        let activity = Activity::new();
        let span = Duration::from_millis(20);
        sleep(span).await;
        drop(activity.open());
        let ended = activity.0.none_since().unwrap();
        assert!(ended >= span);
        activity.idle_for(span).await;
        assert!(activity.0.age() >= ended + span);
    }

    #[tokio::test]
    async fn a_request_that_comes_and_goes_wakes_nobody() {
        struct Woken(AtomicUsize);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let activity = Activity::new();
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut idle = pin!(activity.idle_for(Duration::from_secs(3_600)));
        assert!(idle.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        for _ in 0..10 {
            drop(activity.open());
        }
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    }
}
