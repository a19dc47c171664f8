//! SIGHUP: certificate and settings read anew, without cutting a connection. What is wrong changes nothing.

use crate::app::App;
use crate::config::{self, Change, ConfigErrors, Effect, Loaded};
use crate::listener::Tls;
use crate::run::{StartError, Stop};
use edge::clock;
use edge::logging::LogLevel;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Reads the configuration as it was read at the start: the same file, variables and flags.
pub type ReadAgain = Box<dyn Fn() -> Result<Loaded, ConfigErrors> + Send + Sync>;

/// All that a reload touches.
pub struct Reload {
    app: Arc<App>,
    tls: Option<Tls>,
    log: LogLevel,
    /// The configuration that was read last; for what waits for a restart, what the file said then.
    last: Loaded,
    read: ReadAgain,
}

impl Reload {
    /// Of a server whose configuration is `loaded`.
    pub fn new(app: Arc<App>, tls: Option<Tls>, log: LogLevel, loaded: Loaded, read: ReadAgain) -> Reload {
        Reload {
            app,
            tls,
            log,
            last: loaded,
            read,
        }
    }

    /// Reloads at each SIGHUP until the server stops.
    pub fn watch(mut self, stop: &Stop) -> Result<impl Future<Output = ()> + Send + 'static, StartError> {
        let mut hang_up = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
        let stop = stop.clone();
        Ok(async move {
            loop {
                tokio::select! {
                    _ = hang_up.recv() => {}
                    () = stop.asked() => return,
                }
                let reloading = tokio::task::spawn_blocking(move || {
                    self.reload();
                    self
                });
                self = match reloading.await {
                    Ok(same) => same,
                    Err(panic) => {
                        tracing::error!("a reload ended in a panic: {panic}");
                        return;
                    }
                };
            }
        })
    }

    fn reload(&mut self) {
        tracing::info!("SIGHUP: reading the configuration and the certificate anew");
        match self.try_reload() {
            Ok(()) => {
                self.app.metrics.note_reload(clock::now());
                tracing::info!("reloaded");
            }
            Err(reason) => {
                self.app.metrics.note_refused_reload();
                tracing::error!("not reloaded, everything stays as it was: {reason}");
            }
        }
    }

    /// All or nothing: the certificate is the last thing that can be refused.
    fn try_reload(&mut self) -> Result<(), String> {
        let new = (self.read)().map_err(|errors| errors.to_string())?;
        let running = self.app.config();
        let config = config::in_effect(&running, &new.config);
        if let (Some(tls), Some(files)) = (&self.tls, &config.server.tls) {
            tls.reload(files).map_err(|error| error.to_string())?;
            tracing::info!(
                "new connections get the certificate in {}",
                files.certificate.display()
            );
        }
        self.log.set(config.log.level.clone());
        for change in config::changes(&self.last, &new) {
            tracing::info!("{}", told(&change));
        }
        self.app.configure(config);
        // A file of enrichment that cannot be read stays as it was and says so; the settings are sound all the same.
        self.app.enriching.renew(&self.app.config());
        self.last = new;
        Ok(())
    }
}

fn told(change: &Change) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
    let when = match change.effect {
        Effect::AtOnce => "counts from now on",
        Effect::AtRestart => "counts after the next restart",
    };
    format!(
        "{} was {} and is {}: it {when}",
        change.key,
        value(&change.before),
        value(&change.after)
    )
}
