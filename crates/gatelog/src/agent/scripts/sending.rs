//! The sender against the stub: what goes aside, what waits, and under which format it is sent.

use super::stub::{Fault, Stub};
use super::{BEGIN, link};
use crate::agent::aside;
use crate::agent::counters::Counters;
use crate::agent::lines;
use crate::agent::mark::Mark;
use crate::agent::sender::{Sender, Turn};
use crate::agent::spool::{NewPiece, Spool, WhenFull};
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_unix_seconds(BEGIN);

/// A sender with these records to send, a piece each.
struct Post {
    folder: tempfile::TempDir,
    stub: Stub,
    spool: Arc<Spool>,
    sender: Sender,
}

async fn post(max_bytes: u64, pieces: usize) -> Post {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start().await;
    stub.clear();
    let spool = Arc::new(Spool::open(&folder.path().join("state"), max_bytes).unwrap());
    for number in 0..pieces {
        let body = lines::pack(format!("{{\"id\":\"{number}\"}}\n").as_bytes()).unwrap();
        let piece = NewPiece {
            input: "log",
            format: "okta",
            kind: "application/x-ndjson",
            origin: "a test",
            records: 1,
            body: &body,
        };
        spool.put(&piece, &Mark::Nothing, WhenFull::Block, NOW).unwrap();
    }
    let sender = Sender::new(
        link(&stub, folder.path()),
        Arc::clone(&spool),
        Arc::new(Counters::default()),
        // It was another when the pieces were read.
        BTreeMap::from([("log".to_owned(), "keycloak".to_owned())]),
    );
    Post {
        folder,
        stub,
        spool,
        sender,
    }
}

impl Post {
    /// A turn in which the service does this; how many pieces wait then, and how many are aside.
    async fn turn(&mut self, fault: Fault, seconds: i64) -> (u64, usize) {
        self.stub.book().faults = [fault].into();
        let now = NOW.plus_seconds(seconds);
        assert_eq!(self.sender.turn(now).await.unwrap(), Turn::Did);
        let waiting = self
            .spool
            .queued()
            .unwrap()
            .values()
            .map(|queued| queued.pieces)
            .sum();
        (waiting, aside::count(self.spool.folder()))
    }

    /// Turns until the service was told of all gaps.
    async fn tell(&mut self, seconds: i64) {
        self.stub.book().faults.clear();
        while !self.spool.gaps().unwrap().is_empty() {
            self.sender.turn(NOW.plus_seconds(seconds)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_proxy_puts_nothing_aside() {
    let mut post = post(1 << 20, 2).await;
    assert_eq!(post.turn(Fault::ForeignRefusal, 0).await, (2, 0));
    assert_eq!(post.turn(Fault::Condemned, 100).await, (1, 1));
    // The service would not take the gap either, says the proxy: it is told again.
    post.stub.book().faults = [Fault::ForeignRefusal].into();
    post.sender.turn(NOW.plus_seconds(101)).await.unwrap();
    assert_eq!(post.spool.gaps().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_aside_has_a_bound_and_the_next_one_waits_for_room() {
    let mut post = post(400, 3).await;
    assert_eq!(post.turn(Fault::Condemned, 0).await, (2, 1));
    post.tell(1).await;
    assert_eq!(post.turn(Fault::Condemned, 100).await, (2, 1));
    // Somebody looked at it.
    std::fs::remove_dir_all(post.folder.path().join("state/rejected")).unwrap();
    assert_eq!(post.turn(Fault::Condemned, 200).await, (1, 1));
}

#[tokio::test]
async fn a_piece_is_sent_as_the_format_under_which_it_was_read() {
    let mut post = post(1 << 20, 2).await;
    assert_eq!(post.turn(Fault::Slow, 0).await, (1, 0));
    assert_eq!(post.stub.book().formats, ["okta"]);
    // One that there is not was a mistake, which the configuration has mended.
    assert_eq!(post.turn(Fault::NoSuchFormat, 1).await, (1, 0));
    assert_eq!(post.turn(Fault::Slow, 2).await, (0, 0));
    assert_eq!(post.stub.book().formats, ["okta", "okta", "keycloak"]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_what_is_sent() {
    let mut post = post(1 << 20, 1).await;
    assert_eq!(post.turn(Fault::Broken, 0).await, (1, 0));
    // It waits, as it should.
    let turn = post.sender.turn(NOW).await.unwrap();
    assert!(matches!(turn, Turn::Until(_)), "{turn:?}");
    assert_eq!(post.turn(Fault::Slow, -86_400).await, (0, 0));
}
