//! A load client that is bounded in everything: threads, connections, time and memory. HTTP/1.1, keep-alive, one request
//! at a time on a connection.

use super::histogram::Histogram;
use super::watch::Watch;
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longer answers are a fault of the bench.
const BODY_BYTES_MOST: usize = 64 << 20;
const HEAD_BYTES_MOST: usize = 64 << 10;
/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub(super) struct Connection<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
    /// Where the last answer's body stands.
    body: Range<usize>,
}

/// An answer; its body stays in the connection until the next request.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection<TcpStream> {
    pub(super) fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection::over(stream))
    }
}

impl Connection<UnixStream> {
    /// To a server's socket of administration.
    pub(super) fn to_socket(path: &Path) -> Result<Connection<UnixStream>> {
        let stream = UnixStream::connect(path).with_context(|| format!("connect to {}", path.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection::over(stream))
    }
}

impl<S: Read + Write> Connection<S> {
    fn over(stream: S) -> Connection<S> {
        Connection {
            stream,
            buffer: vec![0; 256 << 10],
            body: 0..0,
        }
    }

    /// Sends a whole request and reads its answer, which must announce its length.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).context("send a request")?;
        let mut filled = 0;
        let body_start = loop {
            if let Some(end) = end_of_head(&self.buffer[..filled]) {
                break end;
            }
            if filled == HEAD_BYTES_MOST.min(self.buffer.len()) {
                bail!("the head of the answer is longer than {filled} bytes");
            }
            filled += self.read_into(filled)?;
        };
        let (status, length) = read_head(&self.buffer[..body_start])?;
        if length > BODY_BYTES_MOST {
            bail!("the answer announces {length} bytes");
        }
        let end = body_start + length;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.read_into(filled)?;
        }
        if filled > end {
            bail!("{} bytes came after the answer", filled - end);
        }
        self.body = body_start..end;
        Ok(Answer {
            status,
            body: self.body(),
        })
    }

    /// The body of the last answer.
    fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    fn read_into(&mut self, filled: usize) -> Result<usize> {
        match self
            .stream
            .read(&mut self.buffer[filled..])
            .context("read an answer")?
        {
            0 => bail!("the server closed the connection"),
            taken => Ok(taken),
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("read the head of an answer")?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    match (status, length) {
        (Some(status), Some(length)) => Ok((status, length)),
        _ => bail!("the answer has no status or no length:\n{head}"),
    }
}

/// How fast requests are sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Each connection asks again as soon as it is answered.
    AsFastAsAnswered,
    /// So many in a second over all connections, whether answers come or not: a request that could not be sent in time
    /// counts as waiting since then.
    PerSecond(f64),
}

/// What a load came to.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Answers.
    pub(super) answers: u64,
    /// Answers in a second.
    pub(super) per_second: f64,
    /// How long answers took.
    pub(super) spans: Histogram,
}

/// Asks for a while with several connections, each beginning at another place of the list. Every answer must be a 200.
pub(super) fn load(
    address: SocketAddr,
    requests: &[Vec<u8>],
    connections: u32,
    span: Duration,
    pace: Pace,
) -> Result<Loaded> {
    let watch = Watch::start();
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|number| scope.spawn(move || one(address, requests, number, connections, span, pace, watch)))
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| bail!("a client thread ended by a panic"))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let seconds = watch.seconds();
    let mut spans = Histogram::new();
    let mut answered: u64 = 0;
    for (count, part) in parts {
        answered += u64::from(count);
        spans.add(&part);
    }
    Ok(Loaded {
        answers: answered,
        per_second: answered as f64 / seconds,
        spans,
    })
}

fn one(
    address: SocketAddr,
    requests: &[Vec<u8>],
    number: u32,
    connections: u32,
    span: Duration,
    pace: Pace,
    watch: Watch,
) -> Result<(u32, Histogram)> {
    let mut connection = Connection::open(address)?;
    let mut spans = Histogram::new();
    let mut answered = 0;
    let first = requests.len() * number as usize / connections as usize;
    for request in requests.iter().cycle().skip(first) {
        let due = match pace {
            Pace::AsFastAsAnswered => watch.elapsed(),
            Pace::PerSecond(rate) => {
                let turn = f64::from(answered) * f64::from(connections) + f64::from(number);
                let due = Duration::from_secs_f64(turn / rate);
                std::thread::sleep(due.saturating_sub(watch.elapsed()));
                due
            }
        };
        if due >= span {
            break;
        }
        let answer = connection.ask(request)?;
        if answer.status != 200 {
            bail!("answered {}: {}", answer.status, shortened(answer.body));
        }
        spans.record(watch.elapsed().saturating_sub(due));
        answered += 1;
    }
    Ok((answered, spans))
}

/// A connection that is opened anew after a fault.
pub(super) struct Line {
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Line {
    pub(super) fn to(address: SocketAddr) -> Line {
        Line {
            address,
            connection: None,
        }
    }

    /// Asks, and takes anything but a 200 for a fault.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        let (status, body) = self.ask_any(request)?;
        if status != 200 {
            bail!("answered {status}: {}", shortened(body));
        }
        Ok(body)
    }

    /// Asks; any answer is one.
    pub(super) fn ask_any(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let status = connection.ask(request)?.status;
        let connection = self.connection.insert(connection);
        Ok((status, connection.body()))
    }
}

/// The beginning of a body, for messages.
pub(super) fn shortened(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned()
}

/// A GET as bytes.
pub(super) fn get(target: &str, address: SocketAddr, token: Option<&str>) -> Vec<u8> {
    let authorization = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{authorization}Accept: application/json\r\n\r\n")
        .into_bytes()
}

/// A POST as bytes.
pub(super) fn post(
    target: &str,
    address: SocketAddr,
    token: Option<&str>,
    content_type: &str,
    body: &[u8],
) -> Vec<u8> {
    let authorization = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: Option<(u16, usize)>) {
        assert_eq!(read_head(head.as_bytes()).ok(), expected, "{head}");
    }

    #[test]
    fn a_head_says_status_and_length() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n", Some((200, 12)));
        check(
            "HTTP/1.1 404 Not Found\r\nContent-Length:0\r\n\r\n",
            Some((404, 0)),
        );
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", None);
        check("nonsense", None);
    }
}
