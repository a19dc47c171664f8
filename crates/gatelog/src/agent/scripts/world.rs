//! The files of a script: a program that logs, and what rotates its log in every way that is about.

use generator::chance::Chance;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder with a log that is written to.
pub(super) struct World {
    folder: PathBuf,
    log: File,
    /// The rest of a record of which the beginning was written.
    rest: Option<String>,
    /// A file that was renamed while its writer goes on.
    former: Option<File>,
    pub(super) written: BTreeSet<String>,
    rotated: Vec<PathBuf>,
    /// A packed file of which only a part was written, and the rest of it.
    half_packed: Option<(PathBuf, Vec<u8>, PathBuf)>,
    seed: u64,
    number: u64,
    rotations: u64,
    pub(super) struck: BTreeMap<&'static str, u64>,
}

impl World {
    pub(super) fn new(folder: &Path, seed: u64) -> World {
        fs::create_dir_all(folder).unwrap();
        World {
            log: open(&folder.join("app.log")),
            folder: folder.to_owned(),
            rest: None,
            former: None,
            written: BTreeSet::new(),
            rotated: Vec::new(),
            half_packed: None,
            seed,
            number: 0,
            rotations: 0,
            struck: BTreeMap::new(),
        }
    }

    pub(super) fn strike(&mut self, what: &'static str) {
        *self.struck.entry(what).or_default() += 1;
    }

    /// Whole records, after the rest of a half one.
    pub(super) fn write(&mut self, chance: &mut Chance, count: u64) {
        let mut text = self.rest.take().unwrap_or_default();
        for _ in 0..count {
            text.push_str(&self.record(chance));
        }
        self.log.write_all(text.as_bytes()).unwrap();
        self.strike("write");
    }

    /// The beginning of a record.
    pub(super) fn write_half(&mut self, chance: &mut Chance) {
        self.end_line();
        let record = self.record(chance);
        let at = 1 + chance.below(record.len() as u64 - 1) as usize;
        self.log.write_all(&record.as_bytes()[..at]).unwrap();
        self.rest = Some(record[at..].to_owned());
        self.strike("half line");
    }

    /// The rest of it.
    pub(super) fn end_line(&mut self) {
        if let Some(rest) = self.rest.take() {
            self.log.write_all(rest.as_bytes()).unwrap();
        }
    }

    /// As logrotate does by default: another name, and a new file. The writer may go on in the old one for a while.
    pub(super) fn rotate(&mut self, chance: &mut Chance) {
        self.end_line();
        self.end_former();
        if chance.in_thousand(300) {
            // A writer that ended without a line end.
            let record = self.record(chance);
            self.log.write_all(record.trim_end().as_bytes()).unwrap();
            self.strike("last line without an end");
        }
        let to = self.next_name("");
        fs::rename(self.folder.join("app.log"), &to).unwrap();
        self.rotated.push(to);
        self.former = Some(std::mem::replace(
            &mut self.log,
            open(&self.folder.join("app.log")),
        ));
        self.strike("rotation by rename");
    }

    /// A record into the file that was renamed.
    pub(super) fn write_late(&mut self, chance: &mut Chance) {
        let Some(mut former) = self.former.take() else {
            return;
        };
        let record = format!("\n{}", self.record(chance));
        former.write_all(record.as_bytes()).unwrap();
        self.former = Some(former);
        self.strike("late write into a renamed file");
    }

    fn end_former(&mut self) {
        self.former = None;
    }

    /// As logrotate's `copytruncate` does. What was written since the agent looked is only in the copy.
    pub(super) fn copy_and_truncate(&mut self, chance: &mut Chance, copy_is_seen: bool) {
        self.end_line();
        if copy_is_seen {
            let count = chance.below(4);
            self.write(chance, count);
        }
        let name = if copy_is_seen {
            self.next_name(".copy")
        } else {
            self.folder.join("elsewhere")
        };
        fs::copy(self.folder.join("app.log"), &name).unwrap();
        if copy_is_seen {
            self.rotated.push(name);
        }
        self.log.set_len(0).unwrap();
        self.strike(if copy_is_seen {
            "copy and truncate"
        } else {
            "truncation"
        });
    }

    /// Packs a file that was rotated, at once or in two steps.
    pub(super) fn pack(&mut self, chance: &mut Chance) {
        self.finish_packing();
        self.end_former();
        let plain: Vec<usize> = (0..self.rotated.len())
            .filter(|index| is_plain(&self.rotated[*index]))
            .collect();
        if plain.is_empty() {
            return;
        }
        let index = *chance.pick(&plain);
        let from = self.rotated[index].clone();
        let content = fs::read(&from).unwrap();
        let (packed, ending) = if chance.in_thousand(500) {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&content).unwrap();
            (encoder.finish().unwrap(), "gz")
        } else {
            (zstd::bulk::compress(&content, 1).unwrap(), "zst")
        };
        let to = PathBuf::from(format!("{}.{ending}", from.display()));
        self.rotated[index].clone_from(&to);
        if chance.in_thousand(400) {
            let at = 1 + chance.below(packed.len() as u64 - 1) as usize;
            fs::write(&to, &packed[..at]).unwrap();
            self.half_packed = Some((to, packed[at..].to_vec(), from));
            self.strike("packing, seen half-way");
        } else {
            fs::write(&to, packed).unwrap();
            fs::remove_file(from).unwrap();
            self.strike("packed rotation");
        }
    }

    pub(super) fn finish_packing(&mut self) {
        if let Some((path, rest, from)) = self.half_packed.take() {
            open(&path).write_all(&rest).unwrap();
            fs::remove_file(from).unwrap();
        }
    }

    /// Gives a rotated file another number, as logrotate does each time.
    pub(super) fn renumber(&mut self, chance: &mut Chance) {
        self.finish_packing();
        if self.rotated.is_empty() {
            return;
        }
        let index = chance.below(self.rotated.len() as u64) as usize;
        let from = self.rotated[index].clone();
        let ending = from
            .extension()
            .filter(|ending| *ending == "gz" || *ending == "zst")
            .map_or(String::new(), |ending| format!(".{}", ending.display()));
        let to = self.next_name(&ending);
        fs::rename(&from, &to).unwrap();
        self.rotated[index] = to;
        self.strike("another name for a rotated file");
    }

    /// Removes the oldest rotated file. Everything of it must have been read.
    pub(super) fn remove_oldest(&mut self) {
        self.finish_packing();
        self.end_former();
        if !self.rotated.is_empty() {
            fs::remove_file(self.rotated.remove(0)).unwrap();
            self.strike("removed file");
        }
    }

    /// Removes the log itself and begins another, as some programs do.
    pub(super) fn begin_anew(&mut self) {
        self.end_line();
        fs::remove_file(self.folder.join("app.log")).unwrap();
        self.log = open(&self.folder.join("app.log"));
        self.strike("removed and begun anew");
    }

    fn next_name(&mut self, ending: &str) -> PathBuf {
        self.rotations += 1;
        self.folder.join(format!("app.log.{}{ending}", self.rotations))
    }

    fn record(&mut self, chance: &mut Chance) -> String {
        self.number += 1;
        let id = format!("r{}-{:06}", self.seed, self.number);
        let padding = "x".repeat(chance.below(200) as usize);
        self.written.insert(id.clone());
        format!(
            "{{\"id\":\"{id}\",\"category\":\"UserManagement\",\"activityDateTime\":\"2025-12-01T00:00:00Z\",\
             \"activityDisplayName\":\"Add user\",\"number\":{},\"padding\":\"{padding}\"}}\n",
            chance.below(1_000_000)
        )
    }
}

fn is_plain(path: &Path) -> bool {
    !path
        .extension()
        .is_some_and(|ending| ending == "gz" || ending == "zst")
}

fn open(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}
