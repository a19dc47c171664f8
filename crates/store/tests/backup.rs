//! A backup holds what was acknowledged before it began, is whole or nothing, and comes back as it was.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::tenant::TenantName;
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use store::backup::{self, BackupError, Existing, MANIFEST_FILE, Maker, Manifest};
use store::control::{ControlStore, SqliteControlStore};
use store::error::StoreError;
use store::folder::DataFolder;
use told::{append, assert_clean, event, ids, large_event, open, seen, tenant, time};

const MAKER: Maker<'_> = Maker {
    version: "0.0.0",
    now: || Timestamp::from_unix_seconds(1_500_000_000),
};
const SOURCE: &str = "feed";

struct Place {
    parent: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            parent: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    /// A data folder with a tenant, a key, three months and one that was freed.
    fn filled(&self) -> PathBuf {
        let data = self.at("data");
        let open = open(&data);
        let control = make_control(&data);
        let events: Vec<_> = (1..=4)
            .map(|number| event(&number.to_string(), &format!("2017-0{number}-10"), 1))
            .collect();
        append(open.store.as_ref(), &events);
        let oldest = seen(open.store.as_ref(), tenant(), "2017-01");
        open.store.purge(tenant(), &oldest, time("2017-07-01")).unwrap();
        drop(control);
        data
    }
}

fn make_control(data: &Path) -> SqliteControlStore {
    let control = SqliteControlStore::open(data).unwrap();
    let name = TenantName::parse("contoso.example").unwrap();
    control
        .create_tenant(tenant(), &[name], "Contoso", time("2017-01-01"))
        .unwrap();
    fs::create_dir_all(data.join("keys")).unwrap();
    fs::write(data.join("keys/signing-a.pem"), "a key").unwrap();
    control
}

fn take(data: &Path, to: &Path) -> Result<Manifest, BackupError> {
    let open = open(data);
    let control = SqliteControlStore::open(data).unwrap();
    let (plan, _hold) = backup::begin(&control, open.store.as_ref(), data, (MAKER.now)())?;
    backup::write(data, &plan, to, MAKER)
}

fn restore(from: &Path, data: &Path, existing: Existing, now: &str) -> Result<backup::Restored, BackupError> {
    let folder = DataFolder::open_to_restore(data).unwrap();
    backup::restore(from, &folder, existing, time(now))
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.insert(path);
        }
    }
    files
}

#[test]
fn a_backup_during_a_running_ingest_has_what_was_acknowledged_and_no_checkpoint_without_its_rows() {
    let place = Place::new();
    let data = place.at("data");
    let to = place.at("backup");
    let open = open(&data);
    let control = make_control(&data);
    let store = open.store.as_ref();
    let acknowledged = AtomicU32::new(0);
    let stop = AtomicBool::new(false);
    let (before, manifest) = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1.. {
                // Months in turn, and records that do not compress, so that copies take a while.
                let when = format!("2017-0{}-10", number % 3 + 1);
                append(store, &[large_event(number, &when, 64 << 10)]);
                acknowledged.store(number, Ordering::SeqCst);
                control
                    .put_checkpoint(tenant(), SOURCE, &number.to_le_bytes(), time("2017-07-01"))
                    .unwrap();
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        while acknowledged.load(Ordering::SeqCst) < 150 {
            std::thread::yield_now();
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let taken = backup::begin(&control, store, &data, (MAKER.now)())
            .and_then(|(plan, _hold)| backup::write(&data, &plan, &to, MAKER));
        // It went on meanwhile; otherwise this shows nothing.
        let during = acknowledged.load(Ordering::SeqCst);
        stop.store(true, Ordering::SeqCst);
        assert!(during > before, "nothing was brought during the backup");
        (before, taken)
    });
    assert_eq!(manifest.unwrap().tenants(), 1);
    let restored = place.at("restored");
    restore(&to, &restored, Existing::Refuse, "2026-11-21").unwrap();
    let open = told::open(&restored);
    assert_clean(open.store.as_ref());
    let there: BTreeSet<u32> = ids(open.store.as_ref())
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    for number in 1..=before {
        assert!(
            there.contains(&number),
            "{number} was acknowledged before the backup began"
        );
    }
    let control = SqliteControlStore::open(&restored).unwrap();
    let checkpoint = control.checkpoint(tenant(), SOURCE).unwrap().unwrap();
    let checkpoint = u32::from_le_bytes(checkpoint.try_into().unwrap());
    assert!(checkpoint + 1 >= before);
    for number in 1..=checkpoint {
        assert!(
            there.contains(&number),
            "the checkpoint {checkpoint} is newer than the rows: no {number}"
        );
    }
}

#[test]
fn what_is_restored_is_as_it_was_with_a_freed_month_the_key_and_closed_modes() {
    let place = Place::new();
    let (data, to, restored) = (place.filled(), place.at("backup"), place.at("restored"));
    let manifest = take(&data, &to).unwrap();
    let names: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let folder = format!("tenants/{}", tenant());
    let expected = [
        "control.db".to_owned(),
        format!("{folder}/catalogue.db"),
        format!("{folder}/2017-02.db"),
        format!("{folder}/2017-03.db"),
        format!("{folder}/2017-04.db"),
        "keys/signing-a.pem".to_owned(),
    ];
    assert_eq!(names, expected);
    let mut saved: BTreeSet<PathBuf> = expected.iter().map(|name| to.join(name)).collect();
    saved.insert(to.join(MANIFEST_FILE));
    assert_eq!(files_below(&to), saved);
    assert_eq!(backup::verify(&to).unwrap(), manifest);
    restore(&to, &restored, Existing::Refuse, "2026-11-21").unwrap();
    for path in files_below(&to).iter().chain(&files_below(&restored)) {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
    }
    assert_eq!(fs::read(restored.join("keys/signing-a.pem")).unwrap(), b"a key");
    let open = told::open(&restored);
    assert_eq!(ids(open.store.as_ref()), ["4", "3", "2"]);
    assert_clean(open.store.as_ref());
    let late = append(open.store.as_ref(), &[event("9", "2017-01-11", 1)]);
    assert_eq!(late.outcomes, [model::batch::Outcome::Purged]);
    let control = SqliteControlStore::open(&restored).unwrap();
    let name = TenantName::parse("contoso.example").unwrap();
    assert_eq!(control.tenant_by_name(&name).unwrap().unwrap().id, tenant());
}

#[test]
fn every_restore_begins_an_epoch_of_its_own() {
    let place = Place::new();
    let (data, to) = (place.filled(), place.at("backup"));
    take(&data, &to).unwrap();
    let epoch = |data: &Path| open(data).store.epoch(tenant()).unwrap();
    let first = epoch(&data);
    restore(&to, &place.at("one"), Existing::Refuse, "2026-11-21T10:00:00Z").unwrap();
    restore(&to, &place.at("two"), Existing::Refuse, "2026-11-21T10:00:01Z").unwrap();
    let (one, two) = (epoch(&place.at("one")), epoch(&place.at("two")));
    assert!(first < one && one < two, "{first} {one} {two}");
    // Also for a tenant that had no catalogue.
    let data = place.at("plain");
    {
        let _open = open(&data);
        make_control(&data);
    }
    take(&data, &place.at("without")).unwrap();
    restore(
        &place.at("without"),
        &place.at("three"),
        Existing::Refuse,
        "2026-11-21",
    )
    .unwrap();
    assert!(
        epoch(&place.at("three")) > epoch(&data),
        "a tenant without events"
    );
    append(open(&data).store.as_ref(), &[event("1", "2017-04-10", 1)]);
    take(&data, &place.at("with")).unwrap();
    restore(
        &place.at("with"),
        &place.at("four"),
        Existing::Refuse,
        "2026-11-21",
    )
    .unwrap();
    assert!(
        epoch(&place.at("four")) > epoch(&data),
        "a tenant without a catalogue"
    );
}

/// Damages a backup, and asserts that neither a check nor a restore takes it, and that the restore touched nothing.
fn check_refused(place: &Place, backup: &Path, what: &str) {
    assert!(backup::verify(backup).is_err(), "{what}: verified");
    let data = place.at("untouched");
    assert!(
        restore(backup, &data, Existing::Refuse, "2026-11-21").is_err(),
        "{what}: restored"
    );
    let left: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"], "{what}");
    DataFolder::open(&data).unwrap();
}

#[test]
fn a_backup_with_anything_missing_cut_or_changed_is_refused_before_anything_is_touched() {
    let place = Place::new();
    let (data, to) = (place.filled(), place.at("backup"));
    take(&data, &to).unwrap();
    for path in files_below(&to) {
        let name = path.strip_prefix(&to).unwrap().display().to_string();
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        check_refused(&place, &to, &format!("{name} is missing"));
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        check_refused(&place, &to, &format!("{name} is cut"));
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x20;
        fs::write(&path, &changed).unwrap();
        check_refused(&place, &to, &format!("{name} is changed"));
        fs::write(&path, &whole).unwrap();
    }
    // A line that is lost with all that belongs to it.
    let path = to.join(MANIFEST_FILE);
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let whole = fs::read(&path).unwrap();
    manifest.files.remove(2);
    fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    check_refused(&place, &to, "a month is missing in the manifest");
    fs::write(&path, &whole).unwrap();
    backup::verify(&to).unwrap();
}

#[test]
fn a_backup_of_a_newer_version_is_refused_with_the_version_to_use() {
    let place = Place::new();
    let (data, to) = (place.filled(), place.at("backup"));
    let mut manifest = take(&data, &to).unwrap();
    manifest.event_schema += 1;
    fs::write(to.join(MANIFEST_FILE), serde_json::to_vec(&manifest).unwrap()).unwrap();
    let error = backup::verify(&to).unwrap_err().to_string();
    assert!(
        error.contains("newer version 0.0.0") && error.contains("restore it with that version"),
        "{error}"
    );
}

#[test]
fn a_place_that_could_not_hold_a_whole_backup_is_refused() {
    let place = Place::new();
    let data = place.filled();
    let check = |to: &Path, word: &str| {
        let error = take(&data, to).unwrap_err().to_string();
        assert!(error.contains(word), "{}: {error}", to.display());
    };
    fs::create_dir(place.at("full")).unwrap();
    fs::write(place.at("full/other"), "").unwrap();
    check(&place.at("full"), "not empty");
    fs::write(place.at("file"), "").unwrap();
    check(&place.at("file"), "something else than a folder");
    check(&place.at("nowhere/backup"), "make that folder first");
    check(&data.join("backup"), "inside of the data folder");
    fs::create_dir(place.at("again.unfinished")).unwrap();
    check(&place.at("again"), "cut off");
    assert!(!place.at("again").exists());
    // An empty folder is as good as none.
    fs::create_dir(place.at("empty")).unwrap();
    take(&data, &place.at("empty")).unwrap();
    check(&place.at("empty"), "not empty");
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let place = Place::new();
    let data = place.filled();
    let month = data.join(format!("tenants/{}/2017-04.db", tenant()));
    let open = open(&data);
    let control = SqliteControlStore::open(&data).unwrap();
    let (plan, _hold) = backup::begin(&control, open.store.as_ref(), &data, (MAKER.now)()).unwrap();
    drop(open);
    fs::write(
        &month,
        "no database at all, but long enough to look like a file of one",
    )
    .unwrap();
    assert!(backup::write(&data, &plan, &place.at("backup"), MAKER).is_err());
    assert!(!place.at("backup").exists());
    assert!(!place.at("backup.unfinished").exists());
}

#[test]
fn data_that_are_there_stay_or_are_moved_aside() {
    let place = Place::new();
    let (data, to) = (place.filled(), place.at("backup"));
    take(&data, &to).unwrap();
    {
        let open = open(&data);
        append(open.store.as_ref(), &[event("later", "2017-05-10", 1)]);
    }
    let error = restore(&to, &data, Existing::Refuse, "2026-11-21").unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
    assert_eq!(ids(open(&data).store.as_ref()), ["later", "4", "3", "2"]);
    let restored = restore(&to, &data, Existing::MoveAside, "2026-11-21").unwrap();
    assert_eq!(ids(open(&data).store.as_ref()), ["4", "3", "2"]);
    let aside = restored.moved_aside.unwrap();
    assert_eq!(ids(open(&aside).store.as_ref()), ["later", "4", "3", "2"]);
}

#[test]
fn a_folder_that_a_restore_left_half_done_is_opened_by_nothing_but_another_restore() {
    let place = Place::new();
    let (data, to) = (place.filled(), place.at("backup"));
    take(&data, &to).unwrap();
    let half = place.at("half");
    restore(&to, &half, Existing::Refuse, "2026-11-21").unwrap();
    // As a kill leaves it between two renames.
    fs::create_dir(half.join("restoring")).unwrap();
    fs::rename(half.join("control.db"), half.join("restoring/control.db")).unwrap();
    let error = DataFolder::open(&half).unwrap_err();
    assert!(
        matches!(&error, StoreError::Folder { reason, .. } if reason.contains("gatelog restore")),
        "{error}"
    );
    restore(&to, &half, Existing::MoveAside, "2026-11-21").unwrap();
    assert_eq!(ids(open(&half).store.as_ref()), ["4", "3", "2"]);
}

/// Only root can give files away; for everybody else there is nothing to try.
#[test]
fn what_root_restores_belongs_to_the_owner_of_the_data_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    let place = Place::new();
    let (data, to, service) = (place.filled(), place.at("backup"), place.at("service"));
    take(&data, &to).unwrap();
    fs::create_dir(&service).unwrap();
    if chown(&service, Some(12_345), Some(12_346)).is_err() {
        return;
    }
    restore(&to, &service, Existing::Refuse, "2026-11-21").unwrap();
    let files = files_below(&service);
    assert!(files.len() > 5);
    for path in files
        .iter()
        .flat_map(|path| [path.as_path(), path.parent().unwrap()])
    {
        let found = fs::metadata(path).unwrap();
        assert_eq!((found.uid(), found.gid()), (12_345, 12_346), "{}", path.display());
    }
}
