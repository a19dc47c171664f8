//! Why bytes are no table of countries.

/// Why a table of countries cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Some other file.
    #[error("it is no table of countries: its first line is not `gatelog countries 1`")]
    NotATable,
    /// Of a version that this program does not know.
    #[error(
        "it is a table of countries of version {0}, this program reads version 1: make it anew, or update the program"
    )]
    Version(String),
    /// The lines above the data.
    #[error("line {line} of the head is not `{expected} …`: the file is damaged, make it or copy it anew")]
    Head {
        /// Counted from 1.
        line: usize,
        /// The word that the line begins with.
        expected: &'static str,
    },
    /// The data.
    #[error("the data are damaged ({0}): make the file or copy it anew")]
    Damaged(&'static str),
    /// More than any sound table has.
    #[error("it has more than {limit} {what}: that is no table of countries")]
    TooMuch {
        /// How many there may be.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// Ranges that are added have to ascend.
    #[error("the ranges overlap or are not in ascending order")]
    OutOfOrder,
    /// A byte tells a country.
    #[error("it names more than 255 countries")]
    TooManyCountries,
    /// The compressor would not.
    #[error("the table could not be compressed: {0}")]
    Compression(String),
}
