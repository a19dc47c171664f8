//! Event logs that grow, and documents that come, as pieces in the spool.

use super::*;
use crate::agent::evtx::made::{chunk, file};
use crate::agent::lines::unpack;
use std::fs;

/// A folder with an input on `in/*`.
struct Site {
    folder: tempfile::TempDir,
    spool: Spool,
    documents: Documents,
    now: Timestamp,
    reading: Reading,
}

fn site(reading: Reading) -> Site {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let now = Timestamp::from_unix_seconds(1_764_547_200);
    let spool = Spool::open(&folder.path().join("state"), 1 << 30).unwrap();
    Site {
        documents: opened(reading, folder.path(), &spool, now),
        spool,
        folder,
        now,
        reading,
    }
}

fn opened(reading: Reading, folder: &Path, spool: &Spool, now: Timestamp) -> Documents {
    let plan = Plan {
        input: "in".to_owned(),
        format: "auto".to_owned(),
        files: vec![Pattern::parse("in/*", folder).unwrap()],
        exclude: Vec::new(),
        when_full: WhenFull::Block,
        reading,
    };
    Documents::open(plan, spool, Arc::default(), now).unwrap()
}

impl Site {
    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join("in").join(name), content).unwrap();
    }

    fn restart(&mut self) {
        self.documents = opened(self.reading, self.folder.path(), &self.spool, self.now);
    }

    /// What is read now, so many seconds later: the pieces' contents.
    fn read(&mut self, seconds: i64) -> Vec<Vec<u8>> {
        self.now = self.now.plus_seconds(seconds);
        self.documents.look(self.now);
        while self.documents.read(&self.spool, self.now).unwrap() == Step::Read {}
        let mut contents = Vec::new();
        while let Some(piece) = self.spool.take("in").unwrap() {
            contents.push(unpack(&piece.body).unwrap());
            self.spool.done(piece.id).unwrap();
        }
        contents
    }

    fn gaps(&self) -> Vec<String> {
        self.spool
            .gaps()
            .unwrap()
            .into_iter()
            .map(|(_, gap)| gap.detail)
            .collect()
    }
}

/// The first and last record numbers of the chunks of an event log.
fn chunks_of(document: &[u8]) -> Vec<(u8, u8)> {
    document[4_096..]
        .chunks(65_536)
        .map(|chunk| (chunk[8], chunk[16]))
        .collect()
}

#[test]
fn an_event_log_is_sent_by_chunks_that_are_new_or_changed() {
    let mut site = site(Reading::EventLogs);
    // A chunk that nothing was written to yet stands at the end.
    site.write("log.evtx", &file(&[chunk(1, 5), chunk(6, 7), Vec::new()]));
    let read = site.read(0);
    assert_eq!(
        read.iter().map(|one| chunks_of(one)).collect::<Vec<_>>(),
        [vec![(1, 5), (6, 7)]]
    );
    assert!(site.read(1).is_empty());
    // The second chunk got two more records, and a third was begun.
    site.write("log.evtx", &file(&[chunk(1, 5), chunk(6, 9), chunk(10, 10)]));
    let read = site.read(1);
    assert_eq!(
        read.iter().map(|one| chunks_of(one)).collect::<Vec<_>>(),
        [vec![(6, 9), (10, 10)]]
    );
    // Archived under another name, and after a restart: nothing of it is new.
    site.write("archive.evtx", &file(&[chunk(1, 5), chunk(6, 9), chunk(10, 10)]));
    site.restart();
    assert!(site.read(1).is_empty());
    assert!(site.gaps().is_empty());
}

#[test]
fn a_large_event_log_is_several_pieces() {
    let mut site = site(Reading::EventLogs);
    let chunks: Vec<_> = (0..20)
        .map(|number| chunk(number * 10 + 1, number * 10 + 10))
        .collect();
    site.write("log.evtx", &file(&chunks));
    let lengths: Vec<usize> = site.read(0).iter().map(|one| chunks_of(one).len()).collect();
    assert_eq!(lengths, [8, 8, 4]);
}

#[test]
fn what_is_no_event_log_is_told_once() {
    let mut site = site(Reading::EventLogs);
    site.write("note.txt", b"not an event log");
    assert!(site.read(0).is_empty());
    assert!(site.read(1).is_empty());
    let gaps = site.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].contains("it is no event log"), "{gaps:?}");
}

#[test]
fn a_document_is_sent_when_it_has_settled_and_again_when_it_changed() {
    let mut site = site(Reading::Whole { settle: 5 });
    site.write("a.xml", b"<Events>");
    assert!(site.read(0).is_empty());
    site.write("a.xml", b"<Events></Events>");
    assert!(site.read(4).is_empty());
    assert!(site.read(4).is_empty());
    assert_eq!(site.read(1), [b"<Events></Events>"]);
    // The same under another name, packed, after a restart.
    site.write("b.xml.zst", &lines::pack(b"<Events></Events>").unwrap());
    site.restart();
    assert!(site.read(0).is_empty());
    assert!(site.read(9).is_empty());
    site.write("a.xml", b"<Events>more</Events>");
    assert!(site.read(0).is_empty());
    assert_eq!(site.read(9), [b"<Events>more</Events>"]);
}
