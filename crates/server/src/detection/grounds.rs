//! By what sign-ins are judged: thresholds, who has which names, and what is known of addresses.

use super::driver::{JUDGED_AT_ONCE, READ_AT_ONCE};
use super::history::HISTORY_MAX;
use super::kept::KEPT_FROM;
use super::settings::{people, rules};
use super::{Historian, SettingsError, Tools};
use crate::app::App;
use crate::config::Detection;
use detect::{People, Rules};
use enrich::Enrichment;
use model::tenant::TenantId;
use std::sync::Arc;

/// By what sign-ins are judged.
pub(crate) struct Grounds {
    /// What the settings say.
    pub(crate) settings: Detection,
    /// The thresholds.
    pub(crate) rules: Rules,
    /// Who has which names.
    pub(crate) people: People,
    /// What is known of addresses.
    pub(crate) enrichment: Arc<Enrichment>,
}

impl Grounds {
    /// As the settings and their files say now.
    pub(crate) fn read(app: &App) -> Result<Grounds, SettingsError> {
        let settings = app.config().detection.clone();
        Ok(Grounds {
            rules: rules(&settings)?,
            people: people(&settings)?,
            enrichment: app.enrichment(),
            settings,
        })
    }

    /// What a judgement of a tenant needs, now.
    pub(crate) fn tools<'a>(
        &'a self,
        app: &'a App,
        tenant: TenantId,
        goes_on: &'a dyn Fn() -> bool,
    ) -> Tools<'a> {
        Tools {
            historian: Historian {
                store: app.events.as_ref(),
                tenant,
                enrichment: &self.enrichment,
                people: &self.people,
                recent: None,
                history_max: HISTORY_MAX,
            },
            control: app.control.as_ref(),
            lateness_ticks: (self.settings.allowed_lateness.as_nanos() / 100) as i64,
            read_at_once: READ_AT_ONCE,
            judged_at_once: JUDGED_AT_ONCE,
            kept_from: KEPT_FROM,
            now: app.now(),
            goes_on,
        }
    }
}
