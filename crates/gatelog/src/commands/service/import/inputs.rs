//! What an import reads: files, folders, archives and standard input.

use crate::exit::Usage;
use anyhow::{Context, Result, bail};
use edge::decoding::{Carrier, Encoding};
use indicatif::ProgressBar;
use model::time::Timestamp;
use server::inputs::archive::{self, Entry};
use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tokio::sync::mpsc::Sender;

/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 << 10;
/// The name that every file of rejected records ends with; such files are not read again with their folder.
pub(super) const REJECTED_SUFFIX: &str = ".rejected.jsonl";

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A file by itself.
    File { path: PathBuf, bytes: u64 },
    /// A file in an archive.
    Packed { archive: PathBuf, entry: Entry },
    /// Standard input.
    Stdin,
}

impl Input {
    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::File { path, .. } => path.display().to_string(),
            Input::Packed { archive, entry } => format!("{}/{}", archive.display(), entry.name),
            Input::Stdin => "standard input".to_owned(),
        }
    }

    /// When it was last written, where that is known: an archive's files are not younger than the archive.
    pub(crate) fn written_at(&self) -> Option<Timestamp> {
        let path = match self {
            Input::File { path, .. } => path,
            Input::Packed { archive, .. } => archive,
            Input::Stdin => return None,
        };
        let facts = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let since_1970 = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp::from_unix_seconds(
            i64::try_from(since_1970.as_secs()).ok()?,
        ))
    }

    /// How many bytes are read, where that is known before.
    pub(crate) fn bytes(&self) -> Option<u64> {
        match self {
            Input::File { bytes, .. } => Some(*bytes),
            Input::Packed { entry, .. } => Some(entry.packed_bytes),
            Input::Stdin => None,
        }
    }
}

/// The files that the paths name; folders with everything below them, in the order of their names; of archives every file.
pub(crate) fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            inputs.push(Input::Stdin);
            continue;
        }
        let facts = std::fs::metadata(path)
            .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
        if facts.is_dir() {
            let before = inputs.len();
            walk(path, &mut inputs)?;
            if inputs.len() == before {
                return Err(Usage(format!("there is no file in {}", path.display())).into());
            }
        } else {
            push_file(path.clone(), facts.len(), &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn push_file(path: PathBuf, bytes: u64, inputs: &mut Vec<Input>) -> Result<()> {
    let mut start = Vec::new();
    // A pipe is a file by name, and what is looked at is gone.
    let is_plain = std::fs::metadata(&path).is_ok_and(|facts| facts.is_file());
    if is_plain {
        let file =
            File::open(&path).map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
        file.take(4)
            .read_to_end(&mut start)
            .with_context(|| format!("read {}", path.display()))?;
    }
    if !archive::is_archive(&start) {
        inputs.push(Input::File { path, bytes });
        return Ok(());
    }
    let file = File::open(&path).with_context(|| format!("open {}", path.display()))?;
    let entries = archive::entries(BufReader::new(file))
        .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
    for entry in entries {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        if !name.ends_with(REJECTED_SUFFIX) {
            inputs.push(Input::Packed {
                archive: path.clone(),
                entry,
            });
        }
    }
    Ok(())
}

fn walk(folder: &Path, inputs: &mut Vec<Input>) -> Result<()> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read the folder {}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') || name.ends_with(REJECTED_SUFFIX) {
            continue;
        }
        let facts = std::fs::metadata(&path).with_context(|| format!("read {}", path.display()))?;
        if facts.is_dir() {
            walk(&path, inputs)?;
        } else if facts.is_file() {
            push_file(path, facts.len(), inputs)?;
        }
    }
    Ok(())
}

/// Gives a file's bytes, unpacked, piece by piece.
pub(super) fn send_all(input: &Input, bar: &ProgressBar, sender: &Sender<bytes::Bytes>) -> Result<()> {
    // Nobody takes it: the import ended, and says why itself.
    read_all(input, bar, &mut |piece| {
        sender.blocking_send(piece.into()).is_ok()
    })
}

/// Gives a file's bytes, unpacked, piece by piece, as long as they are taken.
pub(crate) fn read_all(
    input: &Input,
    bar: &ProgressBar,
    take: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<()> {
    match input {
        Input::File { path, .. } => {
            let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
            read_from(bar.wrap_read(file), take).with_context(|| format!("read {}", path.display()))
        }
        Input::Packed { archive, entry } => {
            let file = File::open(archive).with_context(|| format!("open {}", archive.display()))?;
            let read = archive::read_entry(BufReader::new(file), entry, |unpacked| read_from(unpacked, take));
            bar.inc(entry.packed_bytes);
            read.with_context(|| format!("read {}", input.name()))
        }
        Input::Stdin => read_from(bar.wrap_read(std::io::stdin()), take).context("read standard input"),
    }
}

fn read_from(packed: impl Read + Send, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<()> {
    let (start, packed) = look(packed)?;
    if archive::is_archive(&start) {
        bail!("an archive cannot be read from standard input or a pipe: name its file");
    }
    let mut reader = Encoding::by_magic(&start).reader(packed, Carrier::File)?;
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let mut filled = 0;
        while filled < piece.len() {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(taken) => filled += taken,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled == 0 {
            return Ok(());
        }
        piece.truncate(filled);
        if !take(piece) {
            return Ok(());
        }
    }
}

/// What was looked at and what was not.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a file, and the file from its start.
fn look<R: Read>(mut packed: R) -> std::io::Result<(Vec<u8>, Whole<R>)> {
    let mut start = Vec::new();
    packed.by_ref().take(4).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(packed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn a_folder_is_read_with_everything_below_it_but_not_what_was_rejected() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        for name in [
            "c.json",
            "a.json.gz",
            "b/x.json",
            ".hidden",
            "import-1.rejected.jsonl",
        ] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let names: Vec<String> = inputs(&[folder.path().to_owned()])
            .unwrap()
            .iter()
            .map(|input| {
                input
                    .name()
                    .strip_prefix(&format!("{}/", folder.path().display()))
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, ["a.json.gz", "b/x.json", "c.json"]);
    }

    #[test]
    fn what_is_not_there_is_the_callers_mistake() {
        let error = inputs(&[PathBuf::from("/no/such/file.json")]).unwrap_err();
        assert_eq!(crate::exit::code_of(&error), Code::Usage);
        assert!(error.to_string().contains("/no/such/file.json"), "{error}");
    }
}
