//! The agent at work: its inputs, its sender and its face, until it is asked to stop.

use super::config::{Config, Input, Kind};
use super::counters::Counters;
use super::documents::Documents;
use super::event_log::EventLog;
use super::face::{self, Face};
use super::gather::Intake;
use super::journald;
use super::link::Link;
use super::sender::{Sender, Turn};
use super::spool::{Spool, SpoolError};
use super::stdin::Pipe;
use super::syslog::Bound;
use super::tail::{Step, Tail};
use crate::platform::{self, Asked, Signals};
use anyhow::{Context, Result};
use edge::clock;
use model::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// The sender looks for work so often.
const SENDER_POLL: Duration = Duration::from_millis(100);
/// After a fault of the own disk.
const AGAIN: Duration = Duration::from_secs(1);

/// Why the agent ended.
pub(crate) enum Ended {
    /// It was asked to, or everything that it read has come to an end and is sent.
    Stopped,
    /// It is to go on with this configuration.
    Reloaded(Box<Config>),
}

/// Works until a signal. At SIGHUP, `again` reads the configuration; one that is not sound changes nothing.
pub(crate) async fn run(
    config: &Config,
    signals: &mut SignalsOf,
    pipe: &Arc<Pipe>,
    again: &dyn Fn() -> Result<Config, String>,
) -> Result<Ended> {
    let spool = Arc::new(Spool::open(&config.state, config.spool_bytes)?);
    let counters = Arc::new(Counters::default());
    let is_alive = Arc::new(AtomicBool::new(true));
    let reading = CancellationToken::new();
    let sending = CancellationToken::new();
    let mut helpers = JoinSet::new();
    let mut health = "nowhere".to_owned();
    if let Some(address) = config.listen {
        let listener = face::bind(address).await?;
        if let Ok(address) = listener.local_addr() {
            health = format!("http://{address}");
        }
        let face = Face {
            spool: Arc::clone(&spool),
            counters: Arc::clone(&counters),
            is_alive: Arc::clone(&is_alive),
        };
        helpers.spawn(face::serve(listener, face, sending.clone()));
    }
    let mut inputs = JoinSet::new();
    for input in &config.inputs {
        counters.of(&input.name, |_| {});
        let parts = Parts {
            poll: config.poll,
            spool: &spool,
            counters: &counters,
            pipe,
            stop: &reading,
        };
        parts.start(input, &mut inputs).await?;
    }
    let link = Link::new(config.service.clone())?;
    let sender = Sender::new(link, Arc::clone(&spool), Arc::clone(&counters), config.formats());
    let mut sender = tokio::spawn(send(sender, sending.clone()));
    tracing::info!(
        "agent: {} inputs to {} (tenant {}), state in {} (metrics and health on {health})",
        config.inputs.len(),
        config.service.host.origin(),
        config.service.tenant,
        config.state.display()
    );
    platform::tell("READY=1");
    let mut fault = None;
    let ended = loop {
        tokio::select! {
            asked = signals.0.next() => match asked {
                Asked::Stop => break Ended::Stopped,
                Asked::Reload => match again() {
                    Ok(config) => break Ended::Reloaded(Box::new(config)),
                    Err(mistakes) => tracing::error!("the configuration stays as it was: {mistakes}"),
                },
            },
            ended = inputs.join_next() => match ended {
                // Nothing is left to read, for example at the end of standard input.
                None => break Ended::Stopped,
                Some(Ok(())) => {}
                Some(Err(panic)) => {
                    is_alive.store(false, Ordering::Relaxed);
                    fault = Some(told(&panic));
                }
            },
            done = &mut sender => {
                is_alive.store(false, Ordering::Relaxed);
                anyhow::bail!("the sender ended by a fault of ours: {done:?}");
            }
        }
    };
    // A reload goes on: whoever watches it must not wait for an end.
    platform::tell(match ended {
        Ended::Stopped => "STOPPING=1",
        Ended::Reloaded(_) => "RELOADING=1",
    });
    let has_all = inputs.is_empty();
    reading.cancel();
    while let Some(ended) = inputs.join_next().await {
        if let Err(panic) = ended {
            fault = Some(told(&panic));
        }
    }
    if matches!(ended, Ended::Stopped) {
        // What was read is on the disk; what can be sent at once need not wait for the next start.
        let patience = if has_all && fault.is_none() {
            Duration::MAX
        } else {
            config.stop
        };
        tokio::select! {
            () = drained(&spool) => {}
            () = tokio::time::sleep(patience) => {}
            _ = signals.0.next() => {}
        }
    }
    sending.cancel();
    let _ = sender.await;
    helpers.shutdown().await;
    let left = spool.queued().map_or(0, |queued| {
        queued.values().map(|queued| queued.pieces).sum::<u64>()
    });
    tracing::info!("agent: stopped; {left} pieces wait for the next start");
    closed(spool).await;
    outcome(ended, fault)
}

/// Waits until nobody else has the spool any more, and closes it: work on the disk that was under way when its task ended goes on to its end, and with
/// it the lock of the folder, which a reload takes again.
async fn closed(mut spool: Arc<Spool>) {
    let last = loop {
        match Arc::try_unwrap(spool) {
            Ok(last) => break last,
            Err(held) => spool = held,
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    let closed = tokio::task::spawn_blocking(move || drop(last)).await;
    if let Err(panic) = closed {
        tracing::error!("the spool could not be closed: {panic}");
    }
}

/// Tells that an input panicked, and gives the reason.
fn told(panic: &JoinError) -> String {
    tracing::error!("an input ended by a fault of ours: {panic}");
    panic.to_string()
}

/// An agent that stops after a fault of an input has failed: whoever watches it is to start it again.
fn outcome(ended: Ended, fault: Option<String>) -> Result<Ended> {
    match (ended, fault) {
        (Ended::Stopped, Some(fault)) => anyhow::bail!("an input ended by a fault of ours: {fault}"),
        // A reload starts all inputs anew.
        (ended, _) => Ok(ended),
    }
}

/// The signals of the process, taken over once.
pub(crate) struct SignalsOf(Signals);

impl SignalsOf {
    /// Takes them over.
    pub(crate) fn take() -> Result<SignalsOf> {
        Ok(SignalsOf(Signals::take().context("watch for signals")?))
    }
}

/// What inputs are started with.
struct Parts<'a> {
    poll: Duration,
    spool: &'a Arc<Spool>,
    counters: &'a Arc<Counters>,
    pipe: &'a Arc<Pipe>,
    stop: &'a CancellationToken,
}

impl Parts<'_> {
    async fn start(&self, input: &Input, inputs: &mut JoinSet<()>) -> Result<()> {
        let now = clock::now();
        let Parts {
            poll,
            spool,
            counters,
            pipe,
            stop,
        } = *self;
        match &input.kind {
            Kind::Files(plan) => {
                let mut tail = Tail::open(plan.clone(), spool, Arc::clone(counters), now)?;
                let spool = Arc::clone(spool);
                let follow = Follow::new(input, poll, stop);
                inputs.spawn_blocking(move || {
                    follow.run(|now| tail_once(&mut tail, &spool, now));
                });
            }
            Kind::Documents(plan) => {
                let mut documents = Documents::open(plan.clone(), spool, Arc::clone(counters), now)?;
                let spool = Arc::clone(spool);
                let follow = Follow::new(input, poll.max(Duration::from_secs(1)), stop);
                inputs.spawn_blocking(move || {
                    follow.run(|now| {
                        documents.look(now);
                        until_idle(|| documents.read(&spool, now))
                    });
                });
            }
            Kind::EventLog(plan) => {
                let mut log = EventLog::open(plan.clone(), spool, counters, stop);
                let follow = Follow::new(input, plan.poll, stop);
                inputs.spawn_blocking(move || follow.run(|now| log.read(now)));
            }
            Kind::Stdin(gathering) => {
                let gatherer = gathering.gatherer(input, "standard input", spool, counters);
                let (pipe, stop) = (Arc::clone(pipe), stop.clone());
                inputs.spawn(async move {
                    let (mut lines, lost) = pipe.take(|| std::io::stdin().lock());
                    gatherer.run(&mut lines, &lost, stop).await;
                    pipe.give_back((lines, lost));
                });
            }
            Kind::Journald(journal, gathering) => {
                let (intake, mut lines) = Intake::new();
                let lost = intake.lost();
                let gatherer = gathering.gatherer(input, "the journal", spool, counters);
                let stopped = stop.clone();
                inputs.spawn(async move { gatherer.run(&mut lines, &lost, stopped).await });
                inputs.spawn(journald::follow(
                    journal.clone(),
                    input.name.clone(),
                    Arc::clone(spool),
                    intake,
                    stop.clone(),
                ));
            }
            Kind::Syslog(listen, gathering) => {
                let bound = Bound::take(listen).await?;
                tracing::info!(input = %input.name, "`{}` listens for syslog: {}", input.name, bound.told());
                let (intake, mut lines) = Intake::new();
                let lost = intake.lost();
                let gatherer = gathering.gatherer(input, "syslog", spool, counters);
                let stopped = stop.clone();
                inputs.spawn(async move { gatherer.run(&mut lines, &lost, stopped).await });
                inputs.spawn(bound.serve(intake, stop.clone()));
            }
        }
        Ok(())
    }
}

/// Follows files on a thread of its own.
struct Follow {
    input: String,
    poll: Duration,
    stop: CancellationToken,
    handle: Handle,
}

impl Follow {
    fn new(input: &Input, poll: Duration, stop: &CancellationToken) -> Follow {
        Follow {
            input: input.name.clone(),
            poll,
            stop: stop.clone(),
            handle: Handle::current(),
        }
    }

    /// Does it again and again. A fault of the disk is told once, and everything is tried again: nothing was moved on.
    fn run(self, mut once: impl FnMut(Timestamp) -> Result<Step, SpoolError>) {
        let mut told = String::new();
        loop {
            let mut pause = self.poll;
            match once(clock::now()) {
                // More may be there: only the stop is looked at in between.
                Ok(Step::Read) => pause = Duration::ZERO,
                Ok(Step::Idle) => told.clear(),
                Ok(Step::Blocked) => {
                    if told.is_empty() {
                        "full".clone_into(&mut told);
                        tracing::warn!(
                            input = %self.input,
                            "the spool is full: `{}` waits where it is until something is sent",
                            self.input
                        );
                    }
                }
                Err(error) => {
                    pause = AGAIN;
                    if told != error.to_string() {
                        told = error.to_string();
                        tracing::error!(input = %self.input, "`{}` waits: {error}", self.input);
                    }
                }
            }
            let is_stopped = self
                .handle
                .block_on(async { tokio::time::timeout(pause, self.stop.cancelled()).await })
                .is_ok();
            if is_stopped || self.stop.is_cancelled() {
                return;
            }
        }
    }
}

/// Pieces that are read before the folders are looked at again.
const PIECES_A_LOOK: usize = 16;

fn tail_once(tail: &mut Tail, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
    tail.look(spool, now)?;
    until_idle(|| tail.read(spool, now))
}

fn until_idle(mut read: impl FnMut() -> Result<Step, SpoolError>) -> Result<Step, SpoolError> {
    for _ in 0..PIECES_A_LOOK {
        let step = read()?;
        if step != Step::Read {
            return Ok(step);
        }
    }
    Ok(Step::Read)
}

async fn send(mut sender: Sender, stop: CancellationToken) {
    let mut told = String::new();
    loop {
        let pause = tokio::select! {
            turn = sender.turn(clock::now()) => match turn {
                Ok(Turn::Did) => {
                    told.clear();
                    Duration::ZERO
                }
                Ok(Turn::Nothing) => SENDER_POLL,
                Ok(Turn::Until(time)) => {
                    let ticks = (time.ticks() - clock::now().ticks()).max(0);
                    Duration::from_nanos(ticks as u64 * 100).min(SENDER_POLL)
                }
                Err(error) => {
                    if told != error.to_string() {
                        told = error.to_string();
                        tracing::error!("the sender waits: {error}");
                    }
                    AGAIN
                }
            },
            // A request that is cut here is one whose answer was lost: the piece is there at the next start.
            () = stop.cancelled() => return,
        };
        if pause > Duration::ZERO {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// Ends when nothing waits.
async fn drained(spool: &Arc<Spool>) {
    loop {
        let spool = Arc::clone(spool);
        let is_empty = tokio::task::spawn_blocking(move || {
            let has_pieces = spool.waiting().is_ok_and(|waiting| !waiting.is_empty());
            !has_pieces
        });
        if is_empty.await.unwrap_or(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_of_which_an_input_panicked_has_failed() {
        let check = |fault: Option<&str>, expected: Option<&str>| {
            let told = outcome(Ended::Stopped, fault.map(str::to_owned)).err();
            assert_eq!(told.map(|error| error.to_string()).as_deref(), expected);
        };
        check(None, None);
        check(
            Some("task 7 panicked"),
            Some("an input ended by a fault of ours: task 7 panicked"),
        );
    }
}
