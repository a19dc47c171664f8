//! A steady load: threads that act at moments fixed beforehand, whatever the answers take, until the run ends.

use super::samples::Sample;
use super::watch::Watch;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Faults that are told one by one.
const FAULTS_TOLD: usize = 10;
/// A thread looks this often whether the run has ended.
const LOOK: Duration = Duration::from_millis(50);
/// After a fault a thread waits this long, so that a server that is gone is not asked a million times.
const AFTER_FAULT: Duration = Duration::from_millis(200);

/// What the threads of a run share.
#[derive(Debug)]
pub(super) struct Steady {
    pub(super) watch: Watch,
    ended: AtomicBool,
    faults: AtomicU64,
    told: Mutex<Vec<String>>,
    /// What was answered since somebody last looked.
    recent: Mutex<Vec<Sample>>,
}

impl Steady {
    /// Begins a run.
    pub(super) fn begin() -> Steady {
        Steady {
            watch: Watch::start(),
            ended: AtomicBool::new(false),
            faults: AtomicU64::new(0),
            told: Mutex::new(Vec::new()),
            recent: Mutex::new(Vec::new()),
        }
    }

    /// Acts so many times a second, the first time at `first` seconds, until the run ends. `act` answers which kind of
    /// thing it did; its errors are faults of the run, which goes on.
    pub(super) fn work(
        &self,
        first: f64,
        per_second: f64,
        mut act: impl FnMut() -> Result<usize>,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut turn = 0_u64;
        loop {
            let due = first + turn as f64 / per_second;
            turn += 1;
            if !self.wait_until(due) {
                return samples;
            }
            match act() {
                Ok(kind) => {
                    let sample = Sample {
                        kind,
                        due,
                        took: (self.watch.seconds() - due).max(0.0),
                    };
                    samples.push(sample);
                    lock(&self.recent).push(sample);
                }
                Err(error) => {
                    self.fault(&format!("{error:#}"));
                    std::thread::sleep(AFTER_FAULT);
                }
            }
        }
    }

    /// What was answered since the last call.
    pub(super) fn take_recent(&self) -> Vec<Sample> {
        std::mem::take(&mut *lock(&self.recent))
    }

    /// Waits for a moment of the run; `false` if the run ended before.
    pub(super) fn wait_until(&self, moment: f64) -> bool {
        loop {
            if self.has_ended() {
                return false;
            }
            let left = moment - self.watch.seconds();
            if left <= 0.0 {
                return true;
            }
            std::thread::sleep(LOOK.min(Duration::from_secs_f64(left)));
        }
    }

    /// Ends the run.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Notes a fault, and says the first ones.
    pub(super) fn fault(&self, words: &str) {
        self.faults.fetch_add(1, Ordering::SeqCst);
        let mut told = lock(&self.told);
        if told.len() < FAULTS_TOLD {
            println!("FAULT at {:.1} s: {words}", self.watch.seconds());
            told.push(words.to_owned());
        }
    }

    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::SeqCst)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_acts_until_the_end_and_faults_do_not_stop_it() {
        let steady = Steady::begin();
        let mut acts = 0;
        let samples = steady.work(0.0, 1_000.0, || {
            acts += 1;
            if acts == 4 {
                steady.end();
            }
            anyhow::ensure!(acts != 2, "no");
            Ok(acts)
        });
        let kinds: Vec<usize> = samples.iter().map(|sample| sample.kind).collect();
        assert_eq!(kinds, [1, 3, 4]);
        assert_eq!(steady.faults(), 1);
        assert_eq!((steady.take_recent().len(), steady.take_recent().len()), (3, 0));
    }
}
