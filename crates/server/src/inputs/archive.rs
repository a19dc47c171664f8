//! Zip archives of downloads: looked at as a whole before anything is read, then read entry by entry.

use std::io::{self, Read, Seek, SeekFrom};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// More files than anybody downloads at once.
const ENTRIES_MAX: usize = 1_000;
/// So much may come out of one archive: weeks of a large tenant.
const UNPACKED_BYTES_MAX: u64 = 64 << 30;
/// Logs shrink to a tenth or a fiftieth. More than this is made to fill memory or disks.
const RATIO_MAX: u64 = 300;
/// Below this no ratio is looked at: short files of one line repeated shrink to nothing.
const RATIO_COUNTS_FROM: u64 = 16 << 20;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands in the archive's list.
    pub index: usize,
    /// Its name, with the folders of the archive.
    pub name: String,
    /// Its size in the archive.
    pub packed_bytes: u64,
}

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error("the archive cannot be read: {0}; was it cut off?")]
    Unreadable(String),
    /// It is an Excel workbook, which is a zip archive too.
    #[error("it is an Excel workbook; save it as 'CSV UTF-8' and import that")]
    Workbook,
    /// It has too many files.
    #[error("the archive has {0} files, and at most {ENTRIES_MAX} are read; unpack it and import the folder")]
    TooManyEntries(usize),
    /// A file needs a password.
    #[error("`{0}` in the archive is encrypted; unpack it and import what comes out")]
    Encrypted(String),
    /// A file is packed by a method other than deflate.
    #[error(
        "`{0}` in the archive is packed by a method that is not read (only deflate is); unpack it and import what comes out"
    )]
    Method(String),
    /// A file is an archive itself.
    #[error("`{0}` in the archive is an archive itself; unpack it and import what comes out")]
    Nested(String),
    /// Two files have one name, and only one of them could be read.
    #[error("the archive has several files of one name; unpack it and import what comes out")]
    Twins,
    /// It says that more comes out than is read.
    #[error(
        "the archive unpacks to {0} bytes, and at most {UNPACKED_BYTES_MAX} are read; unpack it and import the folder"
    )]
    TooLarge(u64),
}

/// How the files of archives and workbooks begin.
pub fn is_archive(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// The files of an archive, in its order, if all of them can be read. What systems put beside them is passed over.
pub fn entries(mut file: impl Read + Seek) -> Result<Vec<Entry>, ArchiveError> {
    let counted = entries_counted(&mut file).map_err(|error| ArchiveError::Unreadable(error.to_string()))?;
    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(&error))?;
    if counted.is_some_and(|counted| counted > archive.len()) {
        return Err(ArchiveError::Twins);
    }
    if archive.len() > ENTRIES_MAX {
        return Err(ArchiveError::TooManyEntries(archive.len()));
    }
    let mut entries = Vec::new();
    let mut unpacked: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| unreadable(&error))?;
        let name = entry.name().map_err(|error| unreadable(&error))?.into_owned();
        if name == "[Content_Types].xml" {
            return Err(ArchiveError::Workbook);
        }
        if entry.is_dir() || is_passed_over(&name) {
            continue;
        }
        if entry.encrypted() {
            return Err(ArchiveError::Encrypted(name));
        }
        if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(ArchiveError::Method(name));
        }
        unpacked = unpacked.saturating_add(entry.size());
        entries.push(Entry {
            index,
            name,
            packed_bytes: entry.compressed_size(),
        });
    }
    if unpacked > UNPACKED_BYTES_MAX {
        return Err(ArchiveError::TooLarge(unpacked));
    }
    for entry in &entries {
        let mut start = Vec::new();
        let reader = archive
            .by_index(entry.index)
            .map_err(|error| unreadable(&error))?;
        reader
            .take(4)
            .read_to_end(&mut start)
            .map_err(|error| ArchiveError::Unreadable(error.to_string()))?;
        if is_archive(&start) {
            return Err(ArchiveError::Nested(entry.name.clone()));
        }
    }
    Ok(entries)
}

/// Gives one file of an archive to a reader of it. What comes out is bounded, whatever the archive says of itself.
pub fn read_entry<T>(
    file: impl Read + Seek + Send,
    entry: &Entry,
    read: impl FnOnce(&mut (dyn Read + Send)) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(&error))?;
    let unpacked = archive
        .by_index(entry.index)
        .map_err(|error| unreadable(&error))?;
    read(&mut Bounded {
        unpacked,
        taken: 0,
        packed_bytes: entry.packed_bytes,
    })
}

/// How many files the archive's own end says it has (APPNOTE 4.3.16); `None` where it does not say it there. Of files
/// with one name the reader knows the last alone.
fn entries_counted(file: &mut (impl Read + Seek)) -> io::Result<Option<usize>> {
    const END_BYTES: usize = 22;
    const COMMENT_BYTES_MAX: u64 = u16::MAX as u64;
    let length = file.seek(SeekFrom::End(0))?;
    let tail_bytes = length.min(END_BYTES as u64 + COMMENT_BYTES_MAX);
    file.seek(SeekFrom::Start(length - tail_bytes))?;
    let mut tail = Vec::new();
    file.take(tail_bytes).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let end = tail
        .windows(END_BYTES)
        .rfind(|window| window.starts_with(b"PK\x05\x06"));
    let counted = end.map(|end| u16::from_le_bytes([end[10], end[11]]));
    Ok(counted.filter(|counted| *counted != u16::MAX).map(usize::from))
}

/// Folders, and what macOS and Windows leave in archives.
fn is_passed_over(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || last.is_empty() || last.starts_with('.') || last == "Thumbs.db"
}

fn unreadable(error: &ZipError) -> ArchiveError {
    ArchiveError::Unreadable(error.to_string())
}

struct Bounded<R> {
    unpacked: R,
    taken: u64,
    packed_bytes: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.unpacked.read(buffer)?;
        self.taken += taken as u64;
        let too_dense = self.taken > RATIO_COUNTS_FROM && self.taken / RATIO_MAX > self.packed_bytes.max(1);
        if too_dense || self.taken > UNPACKED_BYTES_MAX {
            return Err(io::Error::other(format!(
                "more than {} bytes come out of {} packed ones, which no log does; unpack it yourself if it is sound",
                self.taken, self.packed_bytes
            )));
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer
                .start_file(
                    *name,
                    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
                )
                .unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn check(archive: &[u8], expected: &str) {
        let said = match entries(Cursor::new(archive)) {
            Ok(entries) => {
                let names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
                names.join(" ")
            }
            Err(error) => error.to_string(),
        };
        assert!(said.starts_with(expected), "{said}");
    }

    fn content(archive: &[u8], index: usize) -> Result<Vec<u8>, String> {
        let entry = entries(Cursor::new(archive)).unwrap().remove(index);
        read_entry(Cursor::new(archive), &entry, |reader| {
            let mut out = Vec::new();
            reader.read_to_end(&mut out)?;
            Ok(out)
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_read_one_by_one_and_what_systems_add_is_not() {
        let packed = archive(&[
            ("a/InteractiveSignIns.csv", b"one"),
            ("__MACOSX/a/._x", b"x"),
            ("a/.DS_Store", b"x"),
            ("b.json", b"[]"),
        ]);
        assert!(is_archive(&packed));
        check(&packed, "a/InteractiveSignIns.csv b.json");
        assert_eq!(content(&packed, 0).unwrap(), b"one");
        assert_eq!(content(&packed, 1).unwrap(), b"[]");
        check(&archive(&[]), "");
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_name() {
        let inner = archive(&[("a.json", b"{}")]);
        check(
            &archive(&[("inner.zip", &inner)]),
            "`inner.zip` in the archive is an archive itself",
        );
        check(
            &archive(&[("[Content_Types].xml", b"<x/>")]),
            "it is an Excel workbook",
        );
        check(&inner[..inner.len() - 5], "the archive cannot be read");
        // The bit that says 'encrypted', in the local and in the central header.
        let mut encrypted = inner.clone();
        let central = encrypted
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
        encrypted[6] |= 1;
        encrypted[central + 8] |= 1;
        check(&encrypted, "`a.json` in the archive is encrypted");
        let mut other = inner;
        other[8] = 12;
        other[central + 10] = 12;
        check(
            &other,
            "`a.json` in the archive is packed by a method that is not read",
        );
    }

    #[test]
    fn of_two_files_with_one_name_none_is_lost_silently() {
        let mut packed = archive(&[("a.json", b"{}"), ("b.json", b"[]")]);
        for at in 0..packed.len() {
            if packed[at..].starts_with(b"b.json") {
                packed[at] = b'a';
            }
        }
        check(&packed, "the archive has several files of one name");
    }

    #[test]
    fn more_than_a_thousand_files_are_refused() {
        let names: Vec<String> = (0..=ENTRIES_MAX).map(|number| number.to_string()).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        check(&archive(&files), "the archive has 1001 files");
    }

    #[test]
    fn what_swells_beyond_measure_is_cut_off() {
        let packed = archive(&[("zeros.json", &vec![b'0'; 40 << 20])]);
        let error = content(&packed, 0).unwrap_err();
        assert!(error.contains("which no log does"), "{error}");
    }
}
