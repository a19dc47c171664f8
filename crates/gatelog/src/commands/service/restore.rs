//! `gatelog restore`: brings a backup back, or only checks it.

use super::backup::{counted, size, usage_or_failure};
use super::config_of;
use crate::cli::Common;
use crate::exit::Code;
use crate::output::answer;
use anyhow::Result;
use edge::clock;
use serde::Serialize;
use std::path::PathBuf;
use store::backup::{self, Existing, Manifest};
use store::folder::DataFolder;

/// Bring a backup back, or only check it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog restore /srv/backup/gatelog-2026-11-21 --verify
  sudo gatelog restore /srv/backup/gatelog-2026-11-21 --data /var/lib/gatelog

Every file is compared with the backup's manifest before anything is touched. No server may run on the data folder, and
the folder must be empty, unless --replace is said. The files will belong to the owner of the data folder. Afterwards, `gatelog store check` recounts what is there.")]
pub(crate) struct Args {
    /// The folder that `gatelog backup` wrote
    folder: PathBuf,
    /// Compare the backup with its manifest and change nothing
    #[arg(long, conflicts_with = "replace")]
    verify: bool,
    /// Move what is in the data folder to a folder `replaced-…` within it
    #[arg(long)]
    replace: bool,
}

/// What was checked or restored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    backup: String,
    version: &'a str,
    began: &'a str,
    tenants: usize,
    files: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    restored_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_aside_to: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    if args.verify {
        let manifest = backup::verify(&args.folder)?;
        let told = told(args, &manifest);
        answer(common.output, &told, || {
            format!(
                "{} is whole: {}, {}, {}, as of {}",
                args.folder.display(),
                counted(told.tenants, "tenant"),
                counted(told.files, "file"),
                size(told.bytes),
                told.began
            )
        })?;
        return Ok(Code::Done);
    }
    // First, so that a wrong folder makes no data folder.
    Manifest::read(&args.folder)?;
    let data = config_of(common)?.data.folder;
    let folder = DataFolder::open_to_restore(&data)?;
    let existing = if args.replace {
        Existing::MoveAside
    } else {
        Existing::Refuse
    };
    let restored =
        backup::restore(&args.folder, &folder, existing, clock::now()).map_err(usage_or_failure)?;
    let mut told = told(args, &restored.manifest);
    told.restored_to = Some(data.to_string_lossy().into_owned());
    told.moved_aside_to = restored
        .moved_aside
        .map(|path| path.to_string_lossy().into_owned());
    answer(common.output, &told, || {
        let aside = told.moved_aside_to.as_ref().map_or_else(String::new, |aside| {
            format!("\nwhat was there before is in {aside}")
        });
        format!(
            "restored {}, {}, {}, as of {}, to {}{aside}\n`gatelog store check` recounts it",
            counted(told.tenants, "tenant"),
            counted(told.files, "file"),
            size(told.bytes),
            told.began,
            data.display()
        )
    })?;
    Ok(Code::Done)
}

fn told<'a>(args: &Args, manifest: &'a Manifest) -> Told<'a> {
    Told {
        backup: args.folder.to_string_lossy().into_owned(),
        version: &manifest.version,
        began: &manifest.began,
        tenants: manifest.tenants(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        restored_to: None,
        moved_aside_to: None,
    }
}
