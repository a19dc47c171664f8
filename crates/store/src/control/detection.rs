//! How far detection has come with a tenant, and what it keeps between starts.

use super::ControlError;
use model::tenant::TenantId;
use model::time::Timestamp;

/// Keeps what detection needs to go on where it was. Nothing in it is needed to be right: without it, a tenant is judged again
/// from its first commit, which finds what was found before.
pub trait DetectionStore {
    /// How far detection has read the tenant's change log.
    fn detection_cursor(&self, tenant: TenantId) -> Result<Option<DetectionCursor>, ControlError>;

    /// Remembers how far detection has read. Call it after its findings are on disk. It may move back: a repair reads again.
    fn put_detection_cursor(&self, tenant: TenantId, cursor: DetectionCursor) -> Result<(), ControlError>;

    /// A snapshot of a name: of this version, or the newest.
    fn detection_snapshot(
        &self,
        tenant: TenantId,
        name: &str,
        version: Option<u32>,
    ) -> Result<Option<DetectionSnapshot>, ControlError>;

    /// Keeps a snapshot; the same name and version again replaces what was kept.
    fn put_detection_snapshot(
        &self,
        tenant: TenantId,
        snapshot: &DetectionSnapshot,
    ) -> Result<(), ControlError>;

    /// Removes the snapshots of a name with a version below this; answers how many.
    fn remove_detection_snapshots(
        &self,
        tenant: TenantId,
        name: &str,
        below: u32,
    ) -> Result<u64, ControlError>;

    /// The state of one subject of the tenant, a person or an address, as it was kept.
    fn detection_subject(&self, tenant: TenantId, name: &str) -> Result<Option<Vec<u8>>, ControlError>;

    /// Keeps and removes states, all or nothing. It is on disk when this returns: a state must be gone before its subject is judged by
    /// something else. Of all tenants together only so many are kept; those that were kept longest ago go for newer ones.
    fn put_detection_subjects(
        &self,
        tenant: TenantId,
        grounds: DetectionGrounds,
        now: Timestamp,
        subjects: &[KeptSubject],
    ) -> Result<(), ControlError>;

    /// Removes the tenant's states that rest on other grounds than these, or know of later commits.
    fn retain_detection_subjects(
        &self,
        tenant: TenantId,
        grounds: DetectionGrounds,
    ) -> Result<(), ControlError>;

    /// Removes all states of the tenant.
    fn clear_detection_subjects(&self, tenant: TenantId) -> Result<(), ControlError>;
}

/// On what states of subjects rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionGrounds {
    /// Says by what they were judged: another number is something else.
    pub number: u64,
    /// The last commit that they may know of.
    pub last_commit: u64,
}

/// The state of a person or an address, in detection's own words.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSubject {
    /// Whose.
    pub name: String,
    /// What is kept; nothing if what was kept is to be removed.
    pub state: Option<Vec<u8>>,
}

impl std::fmt::Debug for KeptSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.state.as_ref().map(Vec::len);
        write!(f, "KeptSubject({:?}, {bytes:?} bytes)", self.name)
    }
}

/// A place in a tenant's change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionCursor {
    /// The epoch in which the commit was read: a commit of another is not the same, whatever its number.
    pub epoch: u64,
    /// The last commit whose changes were judged and whose findings are on disk.
    pub commit: u64,
}

impl DetectionCursor {
    /// The commit after which a tenant of this epoch, whose last commit this is, is read on; 0 is from the start. From the start
    /// is also a tenant that was restored, rebuilt or purged since (its epoch is another), and one that has fewer commits than were
    /// read: findings have derived ids, so that nothing is found twice.
    pub fn resume(kept: Option<DetectionCursor>, epoch: u64, last_commit: u64) -> u64 {
        kept.filter(|cursor| cursor.epoch == epoch && cursor.commit <= last_commit)
            .map_or(0, |cursor| cursor.commit)
    }
}

/// Something that detection worked out and keeps, in its own words.
#[derive(Clone, PartialEq, Eq)]
pub struct DetectionSnapshot {
    /// What it is: an engine's state, a model of everybody's habits.
    pub name: String,
    /// The day of a model, or the version of a form; larger is newer.
    pub version: u32,
    /// The time up to which events went into it.
    pub as_of: Timestamp,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for DetectionSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let DetectionSnapshot {
            name, version, as_of, ..
        } = self;
        let bytes = self.bytes.len();
        write!(
            f,
            "DetectionSnapshot({name} {version}, as of {as_of}, {bytes} bytes)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kept: Option<(u64, u64)>, expected: u64) {
        let cursor = kept.map(|(epoch, commit)| DetectionCursor { epoch, commit });
        assert_eq!(DetectionCursor::resume(cursor, 7, 100), expected, "{kept:?}");
    }

    #[test]
    fn a_tenant_is_read_on_where_it_was_left() {
        check(Some((7, 99)), 99);
        check(Some((7, 100)), 100);
    }

    #[test]
    fn one_of_another_epoch_or_with_fewer_commits_or_never_read_is_read_from_the_start() {
        check(None, 0);
        check(Some((6, 99)), 0);
        check(Some((8, 99)), 0);
        check(Some((7, 101)), 0);
    }
}
