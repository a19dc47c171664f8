//! The keys that sign tokens and those that still verify them: made, kept in files (0600), and changed while it runs.

use crate::app::App;
use anyhow::{Context, Result, bail};
use edge::clock;
use issuer::audience::Authority;
use issuer::keys::{self, PublicKey, SigningKey};
use issuer::verify::Verifier;
use model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use store::control::{ControlStore, SigningKeyRecord};
use store::folder::{make_private_folder, sync_folder};

/// An old key is good for as long as a token that it signed can live: the longest `tokens.lifetime_seconds` that the
/// configuration takes, and the five minutes by which tokens begin and end apart from it (wire contract 4.2).
const OLD_KEY_SECONDS: i64 = 86_400 + 300;

/// The keys as they are at one moment. Ask [`App::keys`] anew for each request.
pub struct Keys {
    /// What signs tokens.
    pub signing: SigningKey,
    /// What checks them: the signing key, and old ones.
    pub verifier: Verifier,
    published: Vec<Published>,
}

struct Published {
    key: PublicKey,
    not_after: Option<Timestamp>,
}

/// Whether tokens that were signed before a change of keys stay good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldTokens {
    /// Until they end.
    Kept,
    /// They are refused from now on: the key may be in other hands.
    Refused,
}

impl Keys {
    /// The public keys whose tokens have not ended, the one in use first: what `/discovery/keys` publishes.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> {
        self.published
            .iter()
            .filter(move |published| published.not_after.is_none_or(|end| end > now))
            .map(|published| &published.key)
    }

    /// Reads the keys of a data folder; makes the first one. Files of keys that have ended are removed.
    pub fn open(control: &dyn ControlStore, folder: &Path, authority: &Authority) -> Result<Keys> {
        let now = clock::now();
        let mut records = control.signing_keys()?;
        let is_in_use = |record: &SigningKeyRecord| record.not_after.is_none();
        if !records.iter().any(is_in_use) {
            records.insert(0, make(control, folder, now)?);
        }
        let mut signing: Option<SigningKey> = None;
        let mut published = Vec::new();
        for record in &records {
            let path = keys_folder(folder).join(&record.file_name);
            if record.not_after.is_some_and(|end| end <= now) {
                remove(&path)?;
                continue;
            }
            let key = read(&path, &record.kid)?;
            let public = Published {
                key: key.public().clone(),
                not_after: record.not_after,
            };
            if signing.is_none() && is_in_use(record) {
                signing = Some(key);
                published.insert(0, public);
            } else {
                published.push(public);
            }
        }
        let signing = signing.context("find the signing key that was just made")?;
        let verifying = published.iter().map(|published| published.key.clone()).collect();
        Ok(Keys {
            signing,
            verifier: Verifier::new(authority.clone(), verifying),
            published,
        })
    }
}

/// Makes another signing key and uses it from now on; answers its record. It waits for the disk, and making a key takes
/// its time.
pub fn rotate(app: &App, old_tokens: OldTokens) -> Result<SigningKeyRecord> {
    let _alone = app.changing_keys();
    let control = app.control.as_ref();
    let now = app.now();
    let before = control.signing_keys()?;
    let record = make(control, &app.config().data.folder, now)?;
    let end = match old_tokens {
        OldTokens::Kept => now.plus_seconds(OLD_KEY_SECONDS),
        OldTokens::Refused => now,
    };
    for old in before {
        if old.not_after.is_none_or(|not_after| not_after > end) {
            control.put_signing_key(&SigningKeyRecord {
                not_after: Some(end),
                ..old
            })?;
        }
    }
    let keys = Keys::open(control, &app.config().data.folder, &app.authority)?;
    app.use_keys(keys);
    tracing::info!(
        key.id = %record.kid,
        "tokens are signed with another key from now on; {}",
        match old_tokens {
            OldTokens::Kept => "those before it stay good until they end",
            OldTokens::Refused => "those before it are refused",
        }
    );
    Ok(record)
}

fn keys_folder(folder: &Path) -> PathBuf {
    folder.join("keys")
}

/// Makes a key: its file first, then what is known of it.
fn make(control: &dyn ControlStore, folder: &Path, now: Timestamp) -> Result<SigningKeyRecord> {
    let keys_folder = keys_folder(folder);
    make_private_folder(&keys_folder)?;
    let pem = keys::generate().context("make a signing key")?;
    let key = SigningKey::from_pem(&pem).context("use the signing key just made")?;
    let file_name = format!("signing-{}.pem", key.kid());
    let path = keys_folder.join(&file_name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("write the signing key {}", path.display()))?;
    file.write_all(pem.expose_secret().as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write the signing key {}", path.display()))?;
    sync_folder(&keys_folder)?;
    let record = SigningKeyRecord {
        kid: key.kid().to_owned(),
        created: now,
        not_after: None,
        file_name,
    };
    control.put_signing_key(&record)?;
    Ok(record)
}

fn read(path: &Path, kid: &str) -> Result<SigningKey> {
    let pem = fs::read_to_string(path).with_context(|| {
        format!(
            "read the signing key {}; restore it from the backup of this data folder",
            path.display()
        )
    })?;
    let key = SigningKey::from_pem(&SecretString::from(pem))
        .with_context(|| format!("use the signing key {}", path.display()))?;
    if key.kid() != kid {
        bail!(
            "{} is not the key {kid} that the control store names",
            path.display()
        );
    }
    Ok(key)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove the ended signing key {}", path.display()))
        }
        _ => Ok(()),
    }
}
