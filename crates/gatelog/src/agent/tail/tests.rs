//! How much work a look at a folder is, counted and not timed.

use super::content::{self, Counted};
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

struct Trial {
    folder: tempfile::TempDir,
    spool: Spool,
    tail: Tail,
    now: Timestamp,
}

impl Trial {
    /// A folder with these files that nobody looked at yet.
    fn with(files: &[(String, Vec<u8>)]) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        for (name, content) in files {
            fs::write(logs.join(name), content).unwrap();
        }
        let spool = Spool::open(&folder.path().join("state"), 1 << 30).unwrap();
        let now = Timestamp::parse_vendor("2026-01-01T00:00:00Z").unwrap();
        let plan = Plan {
            input: "logs".to_owned(),
            format: "auto".to_owned(),
            files: vec![Pattern::parse("*", &logs).unwrap()],
            exclude: Vec::new(),
            start: Start::Beginning,
            when_full: WhenFull::Block,
            rotate_seconds: 10,
            half_line_seconds: 3_600,
            piece_bytes: 1 << 20,
        };
        let tail = Tail::open(plan, &spool, Arc::default(), now).unwrap();
        Trial {
            folder,
            spool,
            tail,
            now,
        }
    }

    /// What a look and all that is read after it cost.
    fn look(&mut self, seconds: i64) -> Counted {
        self.now = self.now.plus_ticks(seconds * TICKS_PER_SECOND);
        let before = content::counted(|_| {});
        self.tail.look(&self.spool, self.now).unwrap();
        while self.tail.read(&self.spool, self.now).unwrap() == Step::Read {}
        let after = content::counted(|_| {});
        Counted {
            compared: after.compared - before.compared,
            surveys: after.surveys - before.surveys,
        }
    }

    fn records(&self) -> u64 {
        let queued = self.spool.queued().unwrap();
        queued.get("logs").map_or(0, |queued| queued.records)
    }
}

fn numbered(number: usize) -> (String, Vec<u8>) {
    // Of different lengths, and longer than a fingerprint, too.
    let line = format!(
        "{{\"number\":{number},\"more\":\"{}\"}}\n",
        "x".repeat(number * 7 % 1_500)
    );
    (format!("app-{number:04}.json"), line.into_bytes())
}

#[test]
fn a_new_file_is_compared_with_those_alone_that_begin_as_it_does() {
    let files: Vec<_> = (0..400).map(numbered).collect();
    let mut trial = Trial::with(&files);
    // Each is compared with what was read of itself, some times; among each other they would be compared 79,800 times.
    let cost = trial.look(0);
    assert_eq!(trial.records(), 400);
    assert!(cost.compared <= 5 * 400, "{cost:?}");
    // More files, one of them a copy of a known one with a line more: that line alone is new.
    let logs = trial.folder.path().join("logs");
    let mut copy = numbered(7).1;
    copy.extend_from_slice(b"{\"more\":true}\n");
    fs::write(logs.join("copy.json"), copy).unwrap();
    for number in 400..500 {
        let (name, content) = numbered(number);
        fs::write(logs.join(name), content).unwrap();
    }
    let cost = trial.look(1);
    assert_eq!(trial.records(), 501);
    assert!(cost.compared <= 5 * 501, "{cost:?}");
}

#[test]
fn a_packed_file_that_is_not_whole_is_unpacked_again_only_when_it_changed() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&numbered(1).1).unwrap();
    gzip.write_all(&numbered(2).1).unwrap();
    let packed = gzip.finish().unwrap();
    let half = packed[..packed.len() - 10].to_vec();
    let mut trial = Trial::with(&[("app.gz".to_owned(), half)]);
    let mut surveys = 0;
    for _ in 0..100 {
        surveys += trial.look(1).surveys;
    }
    assert_eq!((surveys, trial.records()), (1, 0));
    fs::write(trial.folder.path().join("logs/app.gz"), packed).unwrap();
    for _ in 0..100 {
        surveys += trial.look(1).surveys;
    }
    assert_eq!((surveys, trial.records()), (2, 2));
}

#[test]
fn a_packed_file_that_stays_broken_is_read_as_far_as_possible_after_its_time() {
    let packed = zstd::bulk::compress(&numbered(1).1, 1).unwrap();
    let mut trial = Trial::with(&[("app.zst".to_owned(), packed[..packed.len() - 1].to_vec())]);
    let mut surveys = trial.look(0).surveys;
    assert!(trial.spool.gaps().unwrap().is_empty());
    for _ in 0..70 {
        surveys += trial.look(10).surveys;
    }
    assert_eq!(surveys, 2);
    assert_eq!(trial.spool.gaps().unwrap().len(), 1);
}
