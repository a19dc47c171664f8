//! `cargo xtask deb`: the Debian package, the same bytes for the same commit and compiler.

use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "usage: cargo xtask deb [--binary FILE] [--out FOLDER]

Builds the program in release, or takes the one that is given, and packs it with its unit, configuration and manual as a
Debian package. Needs dpkg-deb and md5sum. The time of the last commit is the time of every file
(SOURCE_DATE_EPOCH replaces it), so that the same sources and compiler give the same package.";

const MAINTAINER: &str = "Gatelog contributors <gatelog@example.org>";

/// What goes where: (in the repository, in the package, mode).
const FILES: &[(&str, &str, u32)] = &[
    ("packaging/gatelog.toml", "etc/gatelog/gatelog.toml", 0o644),
    (
        "packaging/gatelog.service",
        "usr/lib/systemd/system/gatelog.service",
        0o644,
    ),
    (
        "packaging/gatelog-agent.service",
        "usr/lib/systemd/system/gatelog-agent.service",
        0o644,
    ),
    // An example, not a configuration: only the operator knows to which service the agent sends.
    (
        "packaging/gatelog-agent.toml",
        "usr/share/doc/gatelog/agent.toml",
        0o644,
    ),
    (
        "packaging/gatelog.sysusers.conf",
        "usr/lib/sysusers.d/gatelog.conf",
        0o644,
    ),
    (
        "packaging/debian/copyright",
        "usr/share/doc/gatelog/copyright",
        0o644,
    ),
    // Goes wherever the data in the program go.
    ("NOTICE", "usr/share/doc/gatelog/NOTICE", 0o644),
];

/// The same for what Debian has compressed.
const COMPRESSED: &[(&str, &str)] = &[
    ("docs/operations.md", "usr/share/doc/gatelog/operations.md.gz"),
    ("docs/agent.md", "usr/share/doc/gatelog/agent.md.gz"),
    ("docs/enrichment.md", "usr/share/doc/gatelog/enrichment.md.gz"),
    ("packaging/debian/gatelog.1", "usr/share/man/man1/gatelog.1.gz"),
];

/// What shells read by themselves.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/gatelog"),
    ("zsh", "usr/share/zsh/vendor-completions/_gatelog"),
    ("fish", "usr/share/fish/vendor_completions.d/gatelog.fish"),
];

const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];

pub(crate) fn run() -> Result<ExitCode> {
    let root = crate::root()?;
    let mut binary = None;
    let mut out = root.join("target/debian");
    let mut arguments = std::env::args().skip(2);
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{name} needs a value\n{HELP}"))
        };
        match name.as_str() {
            "help" | "--help" | "-h" => {
                println!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            "--binary" => binary = Some(PathBuf::from(value()?)),
            "--out" => out = PathBuf::from(value()?),
            _ => bail!("there is no {name}\n{HELP}"),
        }
    }
    let binary = match binary {
        Some(binary) => binary,
        None => build(&root)?,
    };
    fs::create_dir_all(&out).with_context(|| format!("make {}", out.display()))?;
    println!("{}", pack(&root, &binary, &out)?.display());
    Ok(ExitCode::SUCCESS)
}

fn build(root: &Path) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--locked", "--package", "gatelog"])
        .current_dir(root);
    said_by(&mut command)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/gatelog"))
}

fn pack(root: &Path, binary: &Path, out: &Path) -> Result<PathBuf> {
    let stage = tempfile::tempdir().context("make a folder to gather the files in")?;
    let stage = stage.path();
    fs::set_permissions(stage, Permissions::from_mode(0o755))?;
    let seconds = source_date(root)?;
    let facts = Facts {
        version: format!("{}-1", env!("CARGO_PKG_VERSION")),
        architecture: said_by(Command::new("dpkg").arg("--print-architecture"))?,
        glibc: newest_glibc(&fs::read(binary).with_context(|| format!("read {}", binary.display()))?)
            .with_context(|| format!("{} is not linked with glibc", binary.display()))?,
        date: said_by(Command::new("date").args(["--utc", "-R", "-d", &format!("@{seconds}")]))?,
        day: said_by(Command::new("date").args(["--utc", "+%F", "-d", &format!("@{seconds}")]))?,
        installed_kib: 0,
    };
    put(stage, "usr/bin/gatelog", &fs::read(binary)?, 0o755)?;
    for (from, to, mode) in FILES {
        put(stage, to, &fs::read(root.join(from))?, *mode)?;
    }
    for (from, to) in COMPRESSED {
        let text = facts.fill(&fs::read_to_string(root.join(from))?);
        put(stage, to, &compressed(text.as_bytes())?, 0o644)?;
    }
    put_manuals(stage, binary)?;
    for (shell, to) in COMPLETIONS {
        let script = said_by(Command::new(binary).args(["completions", shell]))?;
        put(stage, to, format!("{script}\n").as_bytes(), 0o644)?;
    }
    let changelog = format!(
        "gatelog ({}) unstable; urgency=medium\n\n  * Built from the sources of this version; see CHANGELOG.md there.\n\n -- \
         {MAINTAINER}  {}\n",
        facts.version, facts.date
    );
    put(
        stage,
        "usr/share/doc/gatelog/changelog.Debian.gz",
        &compressed(changelog.as_bytes())?,
        0o644,
    )?;
    let (names, bytes) = files_below(stage)?;
    let sums = said_by(Command::new("md5sum").args(&names).current_dir(stage))?;
    let facts = Facts {
        installed_kib: bytes.div_ceil(1_024),
        ..facts
    };
    let debian = root.join("packaging/debian");
    put(stage, "DEBIAN/md5sums", format!("{sums}\n").as_bytes(), 0o644)?;
    put(
        stage,
        "DEBIAN/conffiles",
        &fs::read(debian.join("conffiles"))?,
        0o644,
    )?;
    let control = facts.fill(&fs::read_to_string(debian.join("control"))?);
    put(stage, "DEBIAN/control", control.as_bytes(), 0o644)?;
    for name in SCRIPTS {
        put(
            stage,
            &format!("DEBIAN/{name}"),
            &fs::read(debian.join(name))?,
            0o755,
        )?;
    }
    let package = out.join(format!("gatelog_{}_{}.deb", facts.version, facts.architecture));
    said_by(
        Command::new("dpkg-deb")
            .env("SOURCE_DATE_EPOCH", seconds.to_string())
            .args(["--root-owner-group", "-Zxz", "--build"])
            .args([stage, &package]),
    )?;
    Ok(package)
}

/// The program writes a manual page for each of its commands; that of the program itself is written by hand.
fn put_manuals(stage: &Path, binary: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("make a folder for the manual pages")?;
    said_by(Command::new(binary).args(["man", "--to"]).arg(folder.path()))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    for name in names.iter().filter(|name| *name != "gatelog.1") {
        let text = fs::read(folder.path().join(name))?;
        let to = format!("usr/share/man/man1/{name}.gz");
        put(stage, &to, &compressed(&text)?, 0o644)?;
    }
    Ok(())
}

/// What the templates ask for.
struct Facts {
    version: String,
    architecture: String,
    glibc: String,
    date: String,
    day: String,
    installed_kib: u64,
}

impl Facts {
    fn fill(&self, template: &str) -> String {
        template
            .replace("@VERSION@", &self.version)
            .replace("@ARCHITECTURE@", &self.architecture)
            .replace("@GLIBC@", &self.glibc)
            .replace("@DATE@", &self.day)
            .replace("@INSTALLED_KIB@", &self.installed_kib.to_string())
            .replace("@MAINTAINER@", MAINTAINER)
    }
}

fn put(stage: &Path, name: &str, content: &[u8], mode: u32) -> Result<()> {
    let path = stage.join(name);
    let mut folder = stage.to_owned();
    for part in Path::new(name).parent().into_iter().flatten() {
        folder.push(part);
        if !folder.exists() {
            fs::create_dir(&folder)?;
            fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
        }
    }
    fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(())
}

/// As `gzip -9n` does: no name and no time in it.
fn compressed(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}

/// The names of all files, in order, and their length together.
fn files_below(stage: &Path) -> Result<(Vec<String>, u64)> {
    let mut names = Vec::new();
    let mut bytes = 0;
    let mut folders = vec![stage.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            bytes += entry.metadata()?.len();
            let path = entry.path();
            names.push(path.strip_prefix(stage)?.to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok((names, bytes))
}

/// When the sources were last changed, in seconds since 1970.
fn source_date(root: &Path) -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => said_by(
            Command::new("git")
                .args(["log", "-1", "--format=%ct"])
                .current_dir(root),
        )?,
    };
    text.parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH {text:?} is no number of seconds"))
}

/// The newest version of glibc of which the program uses something: its dynamic symbols name it.
fn newest_glibc(binary: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"GLIBC_2.";
    let mut newest = None;
    for start in 0..binary.len().saturating_sub(NAME.len()) {
        if !binary[start..].starts_with(NAME) {
            continue;
        }
        let digits = binary[start + NAME.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect::<String>();
        newest = newest.max(digits.parse::<u32>().ok());
    }
    newest.map(|minor| format!("2.{minor}"))
}

/// Runs a program that must succeed; answers what it printed.
fn said_by(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("run {program}; is it installed?"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(binary: &[u8], expected: Option<&str>) {
        assert_eq!(newest_glibc(binary).as_deref(), expected);
    }

    #[test]
    fn the_newest_glibc_is_by_number_not_by_text() {
        check(b"\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.9\0", Some("2.34"));
        check(b"\0GLIBC_2.2.5\0", Some("2.2"));
        check(b"\0nothing\0", None);
        check(b"GLIBC_2.", None);
    }
}
