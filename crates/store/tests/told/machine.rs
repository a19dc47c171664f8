//! What some tests need of the machine: other programs, and the right to mount.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set in a process that a test has started from its own program.
const INSIDE: &str = "GATELOG_TEST_INSIDE";

/// Whether a test may go on. One that lacks something says so and is skipped; where `GATELOG_REQUIRE` names what it
/// needs, a skip is a failure.
pub(crate) fn may_run(needs: &str, lacks: Option<String>) -> bool {
    let Some(lacks) = lacks else { return true };
    let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|word| word.trim() == needs),
        "GATELOG_REQUIRE names {needs}, and {lacks}"
    );
    println!("skipped: {lacks}");
    false
}

/// Whether this process was started by a test of this program.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// This test again, in a process of its own, started through another program.
pub(crate) fn again(through: &str, arguments: &[&str], test: &str) -> Command {
    let mut command = Command::new(through);
    command
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1");
    command
}

/// Runs a test in a mount namespace of its own, where what it mounts is gone when it ends, however it ends. Answers
/// whether this is that process.
pub(crate) fn in_own_mounts(test: &str) -> bool {
    if is_inside() {
        return true;
    }
    if !may_run("root", lacks_mounts()) {
        return false;
    }
    let status = again("unshare", &["--mount", "--propagation", "private"], test)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "{test}, in its own mount namespace, ended with {status}"
    );
    false
}

/// A folder to mount at, and room beside it. What is mounted goes before the folder does.
pub(crate) struct MountPoint {
    pub(crate) parent: tempfile::TempDir,
    pub(crate) disk: PathBuf,
}

impl MountPoint {
    pub(crate) fn new() -> MountPoint {
        let parent = tempfile::tempdir().unwrap();
        let disk = parent.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        MountPoint { parent, disk }
    }
}

impl Drop for MountPoint {
    fn drop(&mut self) {
        // Lazily: after a failed assertion files may be open. Whether it worked shows in the folder's own removal.
        let _ = Command::new("umount").arg("--lazy").arg(&self.disk).status();
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(
        status.success(),
        "{program} {} ended with {status}",
        arguments.join(" ")
    );
}

/// What is missing to run a program; `None` if it works.
pub(crate) fn lacks(program: &str, arguments: &[&str]) -> Option<String> {
    let tried = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "`{program} {}` ended with {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("`{program}` cannot be started: {error}")),
    }
}

fn lacks_mounts() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=64k none {}", quoted(folder.path()));
    lacks(
        "unshare",
        &["--mount", "--propagation", "private", "sh", "-c", &mount],
    )
    .map(|reason| format!("mounting needs root: {reason}"))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}
