//! How far an input was read: what is written beside a piece, in the same transaction.

/// The bytes that a fingerprint covers at the most, at the head of a file and before the place up to which it was read.
pub(crate) const FINGERPRINT_BYTES: u64 = 1_024;

/// A hash of some bytes.
pub(crate) type Digest = [u8; 16];

/// How far one file was read, and by what it is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileMark {
    /// The row; 0 before it was written.
    pub(crate) key: i64,
    /// Where it was seen last.
    pub(crate) path: String,
    /// Where it was seen first: under another name it has been rotated away.
    pub(crate) first_path: String,
    /// The file system and the number of the file on it (see `platform`).
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// Bytes that were read, of the unpacked content.
    pub(crate) offset: u64,
    /// Of the first bytes, whether they were read or only seen.
    pub(crate) head: Option<Digest>,
    /// How many bytes those are, at most [`FINGERPRINT_BYTES`].
    pub(crate) head_length: u64,
    /// Of the bytes before `offset`, at most [`FINGERPRINT_BYTES`].
    pub(crate) window: Option<Digest>,
    /// The size when it was looked at last.
    pub(crate) size: u64,
    /// A line that is longer than any record is being passed over.
    pub(crate) skipping: bool,
    /// Of a packed file: what it was recognised by before it was unpacked.
    pub(crate) packed: Option<Digest>,
    /// A packed file that was read to its end.
    pub(crate) finished: bool,
    /// How long the longest copy of it was, plain or packed: so far nothing is missing if it goes away.
    pub(crate) inherited: u64,
    /// When it was found to be gone, in seconds since 1970. It is kept a while, to recognise it when it comes back packed.
    pub(crate) gone: Option<i64>,
}

/// What changes together with a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The input cannot be read again, so there is nothing to remember.
    Nothing,
    /// A file was read further.
    File(Box<FileMark>),
    /// These contents were read.
    Seen(Vec<Digest>),
    /// The place in a journal.
    Cursor(String),
}

impl FileMark {
    /// How many bytes the window covers.
    pub(crate) fn window_length(&self) -> u64 {
        self.offset.min(FINGERPRINT_BYTES)
    }

    /// Whether the file was renamed or is gone: nobody will end its last line.
    pub(crate) fn is_rotated(&self) -> bool {
        self.gone.is_some() || self.path != self.first_path
    }
}

/// The fingerprint of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    short
}
