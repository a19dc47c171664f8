//! The service without listeners: the data folder, its stores and its keys, put together.

use crate::app::App;
use crate::config::Config;
use crate::health::{self, Readiness};
use crate::keyring::Keys;
use crate::layers::{Door, DoorRules, FaultReport, TenantAddresses, origin_of};
use crate::listener::Tls;
use crate::metrics::Metrics;
use crate::run::{self, Doors, Listeners, Stop};
use crate::{legacy, problem, routes, tasks};
use anyhow::Result;
use axum::response::Response;
use issuer::audience::Authority;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::control::{ControlStore, SqliteControlStore};
use store::error::StoreError;
use store::folder::DataFolder;
use store::sqlite::Options;

/// The socket in the data folder through which commands reach a running server.
pub const ADMIN_SOCKET: &str = "admin.sock";

/// How often and how long apart a taken data folder is tried again: commands hold it for less than two seconds.
pub(crate) const FOLDER_TRIES: u32 = 40;
pub(crate) const FOLDER_PAUSE: Duration = Duration::from_millis(50);

/// An open data folder and the service over it. The folder is free again when this is dropped.
pub struct Service {
    /// What the routes share.
    pub app: Arc<App>,
    /// Held until everything else is closed.
    _folder: DataFolder,
}

impl Service {
    /// Opens a data folder that is held already. `origin` is the public address, for `iss` and audiences.
    pub fn over(folder: DataFolder, config: Config, origin: &str) -> Result<Service> {
        let events = store::open(&folder, Options::default())?;
        let control: Arc<dyn ControlStore> = Arc::new(SqliteControlStore::open(folder.path())?);
        let authority = Authority::new(origin, &[]);
        let keys = Keys::open(control.as_ref(), folder.path(), &authority)?;
        for tenant in control.tenants()? {
            // One that was deleted and made again may have been cut off before its events were welcome.
            events.admit_tenant(tenant.id)?;
        }
        let app = App::new(events, control, config, authority, keys, Metrics::new());
        Ok(Service {
            app: Arc::new(app),
            _folder: folder,
        })
    }

    /// Opens the data folder of the settings without listening: for commands while no server runs.
    pub fn apart(config: Config) -> Result<Service> {
        let folder = DataFolder::open(&config.data.folder)?;
        let origin = origin_of(&config.server, config.server.listen).to_string();
        Service::over(folder, config, &origin)
    }
}

/// A server that has its addresses and its data and serves nothing yet.
pub struct Server {
    listeners: Listeners,
    service: Service,
    config: Config,
}

impl Server {
    /// Takes the data folder, then the addresses; fails before it harms anything if one of them is taken.
    ///
    /// A command that holds the folder for a moment is waited for.
    pub async fn prepare(config: Config) -> Result<Server> {
        let mut tries = 0;
        let folder = loop {
            match DataFolder::open(&config.data.folder) {
                Err(StoreError::InUse { .. }) if tries < FOLDER_TRIES => {
                    tries += 1;
                    tokio::time::sleep(FOLDER_PAUSE).await;
                }
                opened => break opened?,
            }
        };
        let listeners = Listeners::bind(&config, Some(&folder.path().join(ADMIN_SOCKET))).await?;
        let origin = listeners.origin().to_string();
        let service = Service::over(folder, config.clone(), &origin)?;
        Ok(Server {
            listeners,
            service,
            config,
        })
    }

    /// What the routes share.
    pub fn app(&self) -> &Arc<App> {
        &self.service.app
    }

    /// The certificate, if it speaks TLS itself.
    pub fn tls(&self) -> Option<&Tls> {
        self.listeners.tls()
    }

    /// The service's own address.
    pub fn origin(&self) -> String {
        self.listeners.origin().to_string()
    }

    /// Its addresses, for the log: the service's, then that of metrics and health.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.listeners.main_address(), self.listeners.admin_address())
    }

    /// Serves until it is asked to stop; returns when everything in flight has ended and all is stored.
    pub async fn run(self, stop: &Stop) {
        let Server {
            listeners,
            service,
            config,
        } = self;
        let app = &service.app;
        let metrics = &app.metrics;
        metrics.note_start(app.now());
        let readiness = Readiness::new();
        readiness.check("store").passes();
        let door = |router, tenants, faults| {
            Door::new(
                router,
                DoorRules { tenants, faults },
                &config.server,
                Arc::clone(metrics),
            )
        };
        let operations = crate::metrics::routes(Arc::clone(metrics)).merge(health::routes(readiness.clone()));
        let doors = Doors {
            main: door(routes::public(app), TenantAddresses::Yes, render_fault),
            admin: door(operations, TenantAddresses::No, problem::render_fault),
            socket: door(
                routes::admin::routes(app),
                TenantAddresses::No,
                problem::render_fault,
            ),
        };
        let mut tasks = tasks::start(app, &readiness, stop);
        run::run(listeners, doors, &readiness, stop, config.server.drain).await;
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!("a background task ended in a panic: {error}");
            }
        }
        app.background.close();
        app.background.wait().await;
    }
}

/// Faults of the shell are spelled for the one who asked: programs that bring records, or old clients.
fn render_fault(report: &FaultReport<'_>) -> Response {
    let second = report
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .nth(1);
    if matches!(second, Some("ingest" | "admin")) {
        problem::render_fault(report)
    } else {
        legacy::render_fault(report)
    }
}
