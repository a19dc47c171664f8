//! As much of an HTTP client as killing a server needs: one request on one connection of the loopback.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer of a loopback server takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    /// Path and query, escaped.
    pub(super) target: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What of the body came before the connection ended.
    pub(super) body: Vec<u8>,
    /// Whether all of it came.
    pub(super) is_whole: bool,
}

/// Sends a request and reads the answer. An answer that is cut off after its status line is an answer: the server has
/// said what it did.
pub(super) fn send(address: SocketAddr, ask: &Ask<'_>) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).context("connect")?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .context("set a time-out")?;
    stream
        .set_write_timeout(Some(PATIENCE))
        .context("set a time-out")?;
    stream.set_nodelay(true).context("send at once")?;
    let authorization = ask
        .token
        .map(|token| format!("Authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n{authorization}\r\n",
        ask.method,
        ask.target,
        ask.content_type,
        ask.body.len()
    );
    stream.write_all(head.as_bytes()).context("send the head")?;
    stream.write_all(ask.body).context("send the body")?;
    let mut bytes = Vec::new();
    // A reset after the status line has still brought the status line.
    let ended = stream.read_to_end(&mut bytes);
    match read_answer(&bytes)? {
        Some(answer) => Ok(answer),
        None => match ended {
            Err(error) => Err(error).context("read the answer"),
            Ok(_) => bail!("the connection ended before an answer"),
        },
    }
}

/// The answer in the bytes of a connection that has ended; `None` if not even its status line came.
fn read_answer(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let status = std::str::from_utf8(&bytes[..line])
        .ok()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .context("the answer is not HTTP/1.1")?;
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(Some(Answer {
            status,
            body: Vec::new(),
            is_whole: false,
        }));
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end + 4..];
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    let (body, is_whole) = if header("transfer-encoding").as_deref() == Some("chunked") {
        unchunked(body)
    } else {
        let length: usize = header("content-length")
            .and_then(|length| length.parse().ok())
            .context("the answer does not tell its length")?;
        (body.to_vec(), body.len() == length)
    };
    Ok(Some(Answer {
        status,
        body,
        is_whole,
    }))
}

/// The content of chunks, and whether the last of them came.
fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&bytes[..line])
            .ok()
            .and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size else { return (body, false) };
        bytes = &bytes[line + 2..];
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = bytes.get(..size) else {
            return (body, false);
        };
        body.extend_from_slice(chunk);
        bytes = bytes.get(size + 2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: Option<(u16, &str, bool)>) {
        let got = read_answer(bytes.as_bytes()).unwrap();
        let got = got.map(|answer| {
            (
                answer.status,
                String::from_utf8(answer.body).unwrap(),
                answer.is_whole,
            )
        });
        let expected = expected.map(|(status, body, is_whole)| (status, body.to_owned(), is_whole));
        assert_eq!(got, expected, "{bytes}");
    }

    #[test]
    fn an_answer_counts_from_its_status_line_on() {
        check("", None);
        check("HTTP/1.1 2", None);
        check("HTTP/1.1 200 OK\r\n", Some((200, "", false)));
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            Some((200, "ab", false)),
        );
        check(
            "HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc",
            Some((503, "abc", true)),
        );
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(
            &format!("{head}2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n"),
            Some((200, "ab0123456789", true)),
        );
        check(&format!("{head}2\r\nab\r\nA\r\n01234"), Some((200, "ab", false)));
    }
}
