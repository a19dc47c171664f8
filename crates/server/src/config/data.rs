//! `[data]`: where the data live.

use super::key::{KeyDef, Kind};
use super::layering::Inputs;
use super::reader::{Checked, Reader, Told};
use std::path::PathBuf;

/// Where the data live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The data folder.
    pub folder: PathBuf,
}

pub(super) const KEYS: &[KeyDef] = &[KeyDef {
    path: "data.folder",
    kind: Kind::Text,
    default: None,
    about: "The data folder; without it $XDG_DATA_HOME/gatelog, else ~/.local/share/gatelog. GATELOG_DATA sets it too.",
}];

pub(super) fn read(reader: &mut Reader<'_>, inputs: &Inputs) -> Checked<Data> {
    if let Some(folder) = reader.path("data.folder")? {
        return Ok(Data { folder });
    }
    // The XDG specification says that a relative path there counts as nothing.
    let variable = |name: &str| {
        let (_, value) = inputs.environment.iter().find(|(variable, _)| variable == name)?;
        Some(PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    let home = || variable("HOME").map(|home| home.join(".local/share"));
    let Some(share) = variable("XDG_DATA_HOME").or_else(home) else {
        reader.conflict(
            "no data folder: set data.folder, --data or GATELOG_DATA (there is neither XDG_DATA_HOME nor HOME to \
             start from)"
                .to_owned(),
        );
        return Err(Told);
    };
    Ok(Data {
        folder: share.join("gatelog"),
    })
}
