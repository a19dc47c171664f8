//! Judges what comes in, tenant by tenant, a moment after it is stored.

use crate::app::App;
use crate::config::Detection;
use crate::detection::{self, DetectionError, Driver, Grounds, Round};
use crate::run::Stop;
use edge::clock::Stopwatch;
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};
use store::control::DetectionCursor;
use tokio::sync::oneshot;

/// From the end of one round to the next.
const EVERY: Duration = Duration::from_secs(1);
/// The nice value of the thread: Linux gives 110 parts to it where others have 1,024.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Tenants whose engines are kept; the others' are made anew when something comes for them.
const ENGINES_KEPT: usize = 64;
/// A stop waits no longer for what engines remember to be written.
const WRITTEN_AT_A_STOP: Duration = Duration::from_secs(5);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    let (ask, asked) = mpsc::channel::<oneshot::Sender<()>>();
    let (working, stopping) = (app, stop.clone());
    let spawned = thread::Builder::new()
        .name("detection".to_owned())
        .spawn(move || judge_when_asked(&working, &stopping, &asked));
    let thread = match spawned {
        Ok(thread) => thread,
        Err(error) => {
            tracing::error!(
                "no thread can be had to judge sign-ins, and none is judged until the next start: {error}"
            );
            return;
        }
    };
    loop {
        let (done, is_done) = oneshot::channel();
        if ask.send(done).is_err() || is_done.await.is_err() {
            tracing::error!(
                "the thread that judges sign-ins has ended, and none is judged until the next start"
            );
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.asked() => break,
        }
    }
    drop(ask);
    // It waits for nothing but to be asked.
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
}

/// A thread of its own, since its priority is: pages and what comes in go first.
fn judge_when_asked(app: &App, stop: &Stop, asked: &mpsc::Receiver<oneshot::Sender<()>>) {
    step_aside();
    let mut judges = Judges::default();
    while let Ok(done) = asked.recv() {
        let round = panic::catch_unwind(AssertUnwindSafe(|| judges.round(app, &|| !stop.is_asked())));
        if round.is_err() {
            tracing::error!("detection ended in a panic, which the log has, and begins anew");
            judges = Judges::default();
        }
        let _ = done.send(());
    }
    judges.end(app);
}

/// Takes the calling thread down to about a tenth of a processor where others want it; alone it has all of it.
fn step_aside() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!("sign-ins are judged with the priority of everything else: {error}");
    }
}

/// The engines of tenants, and by what they judge.
#[derive(Default)]
struct Judges {
    drivers: HashMap<TenantId, Driver>,
    grounds: Option<Grounds>,
    /// The files that the settings name, as they were when they were read.
    files: [Option<(SystemTime, u64)>; 2],
    /// Other settings than those in effect, of which was told what is wrong with them.
    refused: Option<Detection>,
    others: u64,
    /// In which epoch each tenant was when it was last looked at.
    epochs: HashMap<TenantId, u64>,
}

impl Judges {
    fn round(&mut self, app: &App, goes_on: &dyn Fn() -> bool) {
        let settings = app.config().detection.clone();
        if !settings.enabled {
            self.drivers.clear();
            app.recent.forget_old(Timestamp::MAX);
            return;
        }
        app.recent.forget_old(app.now());
        let (_turn, others) = app.detection.go_on();
        if others != self.others {
            self.drivers.clear();
            self.others = others;
        }
        self.read_again(app, &settings);
        let enrichment = app.enrichment();
        if let Some(grounds) = &mut self.grounds
            && !Arc::ptr_eq(&grounds.enrichment, &enrichment)
        {
            // What was judged stays; what comes is judged by what is known now, from history.
            self.drivers.values_mut().for_each(Driver::forget);
            grounds.enrichment = enrichment;
        }
        let tenants = match app.events.tenants() {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::warn!("the tenants cannot be listed to judge their sign-ins: {error}");
                return;
            }
        };
        self.drivers.retain(|tenant, _| tenants.contains(tenant));
        let mut waiting = 0;
        for tenant in tenants {
            match self.round_of(app, tenant, goes_on) {
                Ok(round) => {
                    app.metrics.count_detection(&round);
                    waiting += round.waiting;
                }
                Err(DetectionError::Stopping) => return,
                Err(error) => {
                    app.metrics.count_detection_failure();
                    tracing::error!(tenant.id = %tenant, "sign-ins could not be judged, and will be: {error}");
                    self.drivers.remove(&tenant);
                }
            }
        }
        app.metrics.note_detection_waiting(waiting);
    }

    fn round_of(
        &mut self,
        app: &App,
        tenant: TenantId,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Round, DetectionError> {
        self.note_epoch(app, tenant)?;
        let Some(grounds) = &self.grounds else {
            return Ok(Round::default());
        };
        let last_commit = app.events.snapshot(tenant)?;
        let mut tools = grounds.tools(app, tenant, goes_on);
        tools.historian.recent = Some(&app.recent);
        if !self.drivers.contains_key(&tenant) {
            let kept = app.control.detection_cursor(tenant)?;
            if kept.is_some_and(|cursor| cursor.commit >= last_commit) {
                return Ok(Round::default());
            }
            if self.drivers.len() >= ENGINES_KEPT {
                let idle = self.drivers.extract_if(|_, driver| driver.is_idle());
                for (tenant, driver) in idle {
                    tell_if_not_kept(tenant, driver.keep(&grounds.tools(app, tenant, goes_on)));
                }
            }
            let driver = Driver::open(tenant, &grounds.rules, &tools)?;
            self.drivers.insert(tenant, driver);
            let engines = self.drivers.len();
            for (tenant, driver) in &mut self.drivers {
                driver.share_memory(engines);
                tell_if_not_kept(*tenant, driver.put_away(&grounds.tools(app, *tenant, goes_on)));
            }
        }
        let Some(driver) = self.drivers.get_mut(&tenant) else {
            return Ok(Round::default());
        };
        if driver.is_at_rest(last_commit) {
            return Ok(Round::default());
        }
        let round = driver.round(&tools)?;
        if round.found + round.retracted > 0 {
            tracing::info!(
                tenant.id = %tenant,
                "detection: {} sign-ins judged, {} findings new or more than before, {} taken back",
                round.judged, round.found, round.retracted
            );
        }
        Ok(round)
    }

    /// Keeps what the engines remember, as far as there is time; who is not kept is judged from their history when next seen.
    fn end(mut self, app: &App) {
        let (_turn, others) = app.detection.go_on();
        let Some(grounds) = self.grounds.take().filter(|_| others == self.others) else {
            return;
        };
        let watch = Stopwatch::start();
        for (tenant, driver) in self.drivers {
            let goes_on = || watch.elapsed() < WRITTEN_AT_A_STOP;
            tell_if_not_kept(tenant, driver.keep(&grounds.tools(app, tenant, &goes_on)));
        }
    }

    /// A restore needs another start of the program; what raises the epoch while it runs (a month is freed, rows are made anew) leaves commits
    /// what they were, so the cursor stays. Judging all again would find less: what was learned from a freed month is gone.
    fn note_epoch(&mut self, app: &App, tenant: TenantId) -> Result<(), DetectionError> {
        let epoch = app.events.epoch(tenant)?;
        let before = self.epochs.get(&tenant).copied();
        if before == Some(epoch) {
            return Ok(());
        }
        let cursor = app.control.detection_cursor(tenant)?;
        if before.or(cursor.map(|cursor| cursor.epoch)) != Some(epoch) {
            // It may know of what was freed, and nobody is sure to come for it.
            app.control.clear_detection_subjects(tenant)?;
        }
        if let Some(cursor) = cursor
            && before == Some(cursor.epoch)
        {
            let commit = cursor.commit;
            app.control
                .put_detection_cursor(tenant, DetectionCursor { epoch, commit })?;
        }
        // At the first look, too: the program may have ended between a purge and this.
        let months = app.events.months(tenant)?;
        let first_days = months.iter().map(|month| month.first.day());
        let first_kept_day = first_days.min().unwrap_or(i64::MAX);
        let is_freed = detection::remove_before(app.control.as_ref(), tenant, first_kept_day)?;
        if let Some(driver) = self.drivers.get_mut(&tenant) {
            driver.adopt(epoch);
            if is_freed {
                driver.forget_before(first_kept_day);
            }
        }
        self.epochs.insert(tenant, epoch);
        Ok(())
    }

    /// Takes over other settings, and files that are not what they were. What is wrong with them is told once, and changes nothing.
    fn read_again(&mut self, app: &App, settings: &Detection) {
        let files = [&settings.rules, &settings.people].map(|path| path.as_deref().and_then(state_of));
        let in_effect = self.grounds.as_ref().map(|grounds| &grounds.settings);
        let is_known = in_effect == Some(settings) || self.refused.as_ref() == Some(settings);
        if is_known && self.files == files {
            return;
        }
        self.files = files;
        match Grounds::read(app) {
            Ok(grounds) => {
                // Engines are made anew with the new rules and names.
                self.drivers.clear();
                self.grounds = Some(grounds);
                self.refused = None;
            }
            Err(error) => {
                let what = match self.grounds {
                    Some(_) => "detection goes on as before",
                    None => "nothing is judged until this is mended",
                };
                tracing::error!("{what}: {error}");
                self.refused = Some(settings.clone());
            }
        }
    }
}

/// Who is not kept is judged from their history when next seen.
fn tell_if_not_kept(tenant: TenantId, kept: Result<(), DetectionError>) {
    if let Err(error) = kept {
        tracing::warn!(tenant.id = %tenant, "what detection remembers could not be kept: {error}");
    }
}

/// What tells that a file was changed.
fn state_of(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

#[cfg(test)]
mod tests;
