//! `gatelog backup`: copies everything to a folder, also while a server runs.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{answer, say};
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::clock;
use model::time::Timestamp;
use serde::Serialize;
use server::link::Link;
use server::routes::admin::FinishedBackup;
use std::path::{Path, PathBuf};
use store::backup::{self, BackupError, Maker, Manifest, Plan};
use store::control::CONTROL_FILE_NAME;

/// Copy everything to a folder, also while a server runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog backup /srv/backup/gatelog-2026-11-21
  sudo gatelog backup /srv/backup/gatelog-$(date +%F) --data /var/lib/gatelog

The folder gets its name when every byte of it is on disk; until then it is called FOLDER.unfinished. It holds the
signing key and all records, unencrypted: keep it as you keep the data. The configuration file is not in it.")]
pub(crate) struct Args {
    /// A folder that is not there yet, or empty
    folder: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    folder: String,
    version: &'a str,
    began: &'a str,
    finished: &'a str,
    /// Those that have events.
    tenants: usize,
    files: usize,
    bytes: u64,
    digest: &'a str,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let config = config_of(common)?;
    let data = &config.data.folder;
    // Opening it would make an empty one, and a backup of nothing.
    if !data.join(CONTROL_FILE_NAME).exists() {
        let reason = format!(
            "there is nothing to back up in {}; name the data folder with --data",
            data.display()
        );
        return Err(Usage(reason).into());
    }
    backup::check_target(data, &args.folder).map_err(usage_or_failure)?;
    let link = Link::open(&config)?;
    let to = args.folder.clone();
    let manifest = block_on(async {
        let held = link.begin_backup().await?;
        let plan = Plan {
            began: Timestamp::from_ticks(held.plan.began_ticks),
            control: STANDARD
                .decode(&held.plan.control)
                .context("read the image of the control store")?,
            tenants: held.plan.tenants.clone(),
            keys: held.plan.keys.clone(),
        };
        let from = PathBuf::from(&held.plan.data_folder);
        let place = to.clone();
        let written = tokio::task::spawn_blocking(move || backup::write(&from, &plan, &place, MAKER)).await?;
        let manifest = written.map_err(usage_or_failure)?;
        if let Err(error) = held.check() {
            std::fs::remove_dir_all(&to).with_context(|| format!("remove {}", to.display()))?;
            return Err(error);
        }
        drop(held);
        note(&link, &to, &manifest).await;
        Ok(manifest)
    })?;
    told(common, &args.folder, &manifest)?;
    Ok(Code::Done)
}

/// Who made it.
const MAKER: Maker<'_> = Maker {
    version: env!("CARGO_PKG_VERSION"),
    now: clock::now,
};

/// A backup that could not be noted is a backup all the same.
async fn note(link: &Link, to: &Path, manifest: &Manifest) {
    let finished = FinishedBackup {
        folder: std::path::absolute(to)
            .unwrap_or_else(|_| to.to_owned())
            .to_string_lossy()
            .into_owned(),
        began: manifest.began.clone(),
        finished_seconds: clock::now().unix_seconds(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
    };
    if let Err(error) = link.post::<FinishedBackup>("/backup/finished", &finished).await {
        say(&format!(
            "gatelog: the backup is whole, but the metrics will not tell of it: {error:#}"
        ));
    }
}

fn told(common: &Common, folder: &Path, manifest: &Manifest) -> Result<()> {
    let written = Written {
        folder: folder.to_string_lossy().into_owned(),
        version: &manifest.version,
        began: &manifest.began,
        finished: &manifest.finished,
        tenants: manifest.tenants(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        digest: &manifest.digest,
    };
    answer(common.output, &written, || {
        format!(
            "backed up {}, {}, {}, to {}\nit holds everything that was acknowledged before {}; `gatelog \
             restore {}` brings it back",
            counted(written.tenants, "tenant"),
            counted(written.files, "file"),
            size(written.bytes),
            folder.display(),
            manifest.began,
            folder.display()
        )
    })
}

/// A place that cannot be used is the asker's to mend.
pub(super) fn usage_or_failure(error: BackupError) -> anyhow::Error {
    match error {
        BackupError::Target { .. } | BackupError::NotEmpty { .. } => Usage(error.to_string()).into(),
        other => other.into(),
    }
}

/// So many of something.
pub(super) fn counted(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

/// A length for people.
pub(super) fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if amount < 1_024.0 {
            return if unit == "bytes" {
                format!("{bytes} bytes")
            } else {
                format!("{amount:.1} {unit}")
            };
        }
        amount /= 1_024.0;
    }
    format!("{amount:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: u64, expected: &str) {
        assert_eq!(size(bytes), expected);
    }

    #[test]
    fn sizes_are_for_people() {
        check(0, "0 bytes");
        check(1_023, "1023 bytes");
        check(1_024, "1.0 KiB");
        check(1_572_864, "1.5 MiB");
        check(5 << 40, "5.0 TiB");
    }
}
