//! The service without listeners: the data folder, its stores and its keys, put together.

use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::metrics::Metrics;
use anyhow::{Context, Result, bail};
use issuer::audience::Authority;
use issuer::keys::{self, SigningKey};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::control::{ControlStore, SigningKeyRecord, SqliteControlStore};
use store::folder::{DataFolder, make_private_folder, sync_folder};
use store::sqlite::Options;

/// The socket in the data folder through which commands reach a running server.
pub const ADMIN_SOCKET: &str = "admin.sock";

/// An open data folder and the service over it. The folder is free again when this is dropped.
pub struct Service {
    /// What the routes share.
    pub app: Arc<App>,
    /// Held until everything else is closed.
    folder: DataFolder,
}

impl Service {
    /// Opens the data folder of the settings, made at need. `origin` is the public address, for `iss` and audiences.
    pub fn open(config: Config, origin: &str) -> Result<Service> {
        let folder = DataFolder::open(&config.data.folder)?;
        let events = store::open(&folder, Options::default())?;
        let control: Arc<dyn ControlStore> = Arc::new(SqliteControlStore::open(folder.path())?);
        let signing_key = signing_key(control.as_ref(), folder.path())?;
        let authority = Authority::new(origin, &[]);
        let app = App::new(events, control, config, authority, signing_key, Metrics::new());
        Ok(Service { app: Arc::new(app), folder })
    }

    /// Where commands reach this service while it runs.
    pub fn admin_socket(&self) -> PathBuf {
        self.folder.path().join(ADMIN_SOCKET)
    }
}

/// The newest key in use, made at the first start. The key is in a file of its own (0600); the store knows its name.
fn signing_key(control: &dyn ControlStore, folder: &Path) -> Result<SigningKey> {
    let keys_folder = folder.join("keys");
    let now = clock::now();
    let records = control.signing_keys()?;
    if let Some(record) = records.iter().find(|record| record.not_after.is_none_or(|end| end > now)) {
        let path = keys_folder.join(&record.file_name);
        let pem = fs::read_to_string(&path).with_context(|| {
            format!("read the signing key {}; restore it from the backup of this data folder", path.display())
        })?;
        let key = SigningKey::from_pem(&SecretString::from(pem))
            .with_context(|| format!("use the signing key {}", path.display()))?;
        if key.kid() != record.kid {
            bail!("{} is not the key {} that the control store names", path.display(), record.kid);
        }
        return Ok(key);
    }
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
    let kid = key.kid().to_owned();
    control.put_signing_key(&SigningKeyRecord { kid, created: now, not_after: None, file_name })?;
    Ok(key)
}
