//! The log: one line an event, to standard error or a file, for people or as JSON. What users sent cannot forge a line.

mod gathering;
mod wanted;

use gathering::Gathering;
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use tracing::Metadata;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Registry, reload};
pub use wanted::{Log, LogFormat, format_of, level_of};

/// The target of what is told of every request: its lines are gathered.
pub const ACCESS: &str = "access";

/// Where lines go: whole ones, one at a time.
pub type Sink = Box<dyn Write + Send>;

/// Starts the log of this process, to standard error. Panics go to it, too. Dropping the answer writes what was gathered.
pub fn start(log: &Log) -> Result<LogLevel, TryInitError> {
    start_to(log, Box::new(io::stderr()))
}

/// The same to somewhere else.
pub fn start_to(log: &Log, sink: Sink) -> Result<LogLevel, TryInitError> {
    let lines = Out(Arc::new(Gathering::start(sink)));
    let (level, handle) = reload::Layer::new(log.level.clone());
    let registry = tracing_subscriber::registry().with(level).with(without_wire());
    match log.format {
        LogFormat::Human => registry.with(human(lines.clone())).try_init()?,
        LogFormat::Json => registry.with(json(lines.clone())).try_init()?,
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or(payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic.place = place, "a bug: {}", message.unwrap_or("no message"));
    }));
    Ok(LogLevel { handle, lines })
}

/// What of the log can change while it is written.
#[derive(Debug, Clone)]
pub struct LogLevel {
    handle: reload::Handle<Targets, Registry>,
    lines: Out,
}

impl LogLevel {
    /// Other lines from now on.
    pub fn set(&self, level: Targets) {
        if let Err(error) = self.handle.reload(level) {
            tracing::error!("the log's level could not be changed: {error}");
        }
    }
}

/// Below a warning these libraries may tell what is on the wire, and tokens are: no level of ours turns that on.
fn without_wire() -> Targets {
    let libraries = ["h2", "hyper", "hyper_util", "rustls"];
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(libraries.map(|library| (library, LevelFilter::WARN)))
}

/// Colours are left out, so that no escape sequence has a place in the log at all.
fn human<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(true)
        .with_writer(OneLine(writer))
}

fn json<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(OneLine(writer))
}

impl Drop for LogLevel {
    fn drop(&mut self) {
        // Standard error is where a failure would be told.
        let _ = self.lines.0.flush();
    }
}

/// The way out; lines of the access log are gathered before.
#[derive(Debug, Clone)]
struct Out(Arc<Gathering<Sink>>);

struct Lines<'a> {
    lines: &'a Gathering<Sink>,
    are_gathered: bool,
}

impl<'a> MakeWriter<'a> for Out {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines {
            lines: &self.0,
            are_gathered: false,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Lines<'a> {
        Lines {
            lines: &self.0,
            are_gathered: event.target() == ACCESS,
        }
    }
}

impl Write for Lines<'_> {
    // Whole lines come, one at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.are_gathered {
            self.lines.gather(line)?;
        } else {
            self.lines.write(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

/// Writes each event as one line: whatever would break or disguise the line is escaped.
struct OneLine<W>(W);

struct OneLineWriter<W>(W);

impl<'writer, W: MakeWriter<'writer>> MakeWriter<'writer> for OneLine<W> {
    type Writer = OneLineWriter<W::Writer>;

    fn make_writer(&'writer self) -> Self::Writer {
        OneLineWriter(self.0.make_writer())
    }

    fn make_writer_for(&'writer self, event: &Metadata<'_>) -> Self::Writer {
        OneLineWriter(self.0.make_writer_for(event))
    }
}

impl<W: Write> Write for OneLineWriter<W> {
    // The subscriber hands over a whole event at once, with its line end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // Most lines are good as they are.
        if let Ok(text) = std::str::from_utf8(event)
            && text
                .strip_suffix('\n')
                .is_some_and(|line| !line.contains(misleads))
        {
            self.0.write_all(event)?;
            return Ok(event.len());
        }
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        self.0.write_all(format!("{}\n", escaped(line)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text with control characters, line separators and marks that turn the direction of writing as `\u{…}`.
fn escaped(line: &str) -> Cow<'_, str> {
    if !line.contains(misleads) {
        return Cow::Borrowed(line);
    }
    let mut safe = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        if misleads(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Kept;

        fn make_writer(&self) -> Kept {
            self.clone()
        }
    }

    fn logged(format: LogFormat, text: &str) -> String {
        let kept = Kept::default();
        let write = || tracing::info!(user = text, "asked by {text}");
        match format {
            LogFormat::Human => {
                tracing::subscriber::with_default(
                    tracing_subscriber::registry().with(human(kept.clone())),
                    write,
                );
            }
            LogFormat::Json => {
                tracing::subscriber::with_default(
                    tracing_subscriber::registry().with(json(kept.clone())),
                    write,
                );
            }
        }
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    fn check(text: &str) {
        for format in [LogFormat::Human, LogFormat::Json] {
            let line = logged(format, text);
            assert_eq!(line.matches('\n').count(), 1, "{format:?}: {line:?}");
            assert!(line.ends_with('\n'));
            assert!(
                !line.trim_end_matches('\n').contains(misleads),
                "{format:?}: {line:?}"
            );
        }
    }

    #[test]
    fn what_a_user_sends_cannot_forge_a_second_line() {
        check("ada\n2026-01-01T00:00:00Z INFO all is well");
        check("ada\r\nbob");
        check("ada\u{2028}bob");
    }

    #[test]
    fn escape_sequences_and_turned_writing_are_shown_not_done() {
        check("\u{1b}[2J\u{1b}]0;owned\u{7}");
        check("\u{9b}31m");
        check("\u{202e}exe.txt");
        check("\0");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert_eq!(escaped("Zoë asked for 監査"), "Zoë asked for 監査");
        assert!(logged(LogFormat::Human, "Zoë").contains("asked by Zoë"));
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json, "a\nb")).unwrap();
        assert_eq!(line["user"], "a\nb");
        assert_eq!(line["message"], "asked by a\nb");
    }

    #[test]
    fn what_is_on_the_wire_stays_out_of_the_log_at_any_level() {
        let kept = Kept::default();
        let registry = tracing_subscriber::registry()
            .with(without_wire())
            .with(human(kept.clone()));
        tracing::subscriber::with_default(registry, || {
            tracing::trace!(target: "h2::codec", "authorization: Bearer secret");
            tracing::debug!(target: "hyper::proto::h1", "authorization: Bearer secret");
            tracing::warn!(target: "h2::server", "a client misbehaves");
            tracing::trace!(target: "store", "our own");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("misbehaves") && text.contains("our own"), "{text}");
    }
}
