//! A small HTTP/1.1 client: it sends exactly the bytes that a test says, which no library's client would.

use super::secrets;
use super::tls::Trust;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer takes, so that a server that hangs fails a test instead of stopping it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, of which every byte can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Body>,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A connection on which a test says and hears what it likes.
pub(crate) struct Connection(BufReader<Box<dyn Wire>>);

/// Bytes both ways, in clear or over TLS.
pub(crate) trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            host: None,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    pub(crate) fn post(target: &str) -> Request {
        Request::new("POST", target)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another `Host` than the address that is connected to.
    pub(crate) fn host(mut self, host: &str) -> Request {
        self.host = Some(host.to_owned());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Request {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = Some(Body::Whole(body.into()));
        self
    }

    /// A form, as the token endpoint reads it.
    pub(crate) fn form(self, body: &str) -> Request {
        self.header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// A body of which nobody knows the length before.
    pub(crate) fn chunks(mut self, chunks: &[&[u8]]) -> Request {
        self.body = Some(Body::Chunked(chunks.iter().map(|chunk| chunk.to_vec()).collect()));
        self
    }

    /// Sends it to `127.0.0.1:port` and reads the answer.
    pub(crate) fn send(&self, address: &str) -> Answer {
        self.send_on(Connection::open(address), address)
    }

    /// The same over TLS, if the server's certificate is of the trusted authority.
    pub(crate) fn send_trusting(&self, address: &str, trust: &Trust) -> Answer {
        self.send_on(Connection::open_trusting(address, trust), address)
    }

    fn send_on(&self, mut connection: Connection, address: &str) -> Answer {
        secrets::hear_request(self);
        connection.say(&self.bytes(address));
        let answer = connection.answer(&self.method);
        secrets::hear_answer(&answer);
        answer
    }

    /// The values of a header, by its name in small letters.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self
            .headers
            .iter()
            .filter(move |(its_name, _)| its_name.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The body, if it is a form.
    pub(super) fn form_text(&self) -> Option<&str> {
        self.values("content-type")
            .find(|value| value.contains("form-urlencoded"))?;
        match &self.body {
            Some(Body::Whole(body)) => std::str::from_utf8(body).ok(),
            _ => None,
        }
    }

    fn bytes(&self, address: &str) -> Vec<u8> {
        let host = self.host.as_deref().unwrap_or(address);
        let mut bytes = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        match &self.body {
            None => bytes.extend(b"\r\n"),
            Some(Body::Whole(body)) => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
                bytes.extend(body);
            }
            Some(Body::Chunked(chunks)) => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for part in chunks {
                    bytes.extend(chunk(part));
                }
                bytes.extend(LAST_CHUNK);
            }
        }
        bytes
    }
}

/// What ends a chunked body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A piece of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend(bytes);
    chunk.extend(b"\r\n");
    chunk
}

impl Connection {
    pub(crate) fn open(address: &str) -> Connection {
        Connection(BufReader::new(Box::new(stream(address))))
    }

    pub(crate) fn open_trusting(address: &str, trust: &Trust) -> Connection {
        Connection(BufReader::new(Box::new(trust.over(stream(address)))))
    }

    /// A server that has answered already may not listen to the end; its answer counts.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write_all(bytes);
    }

    /// The next answer; `method` is what was asked with, for HEAD has no body.
    pub(crate) fn answer(&mut self, method: &str) -> Answer {
        let line = self.line();
        let status = line
            .strip_prefix("HTTP/1.1 ")
            // What a library listens with while it waits for a browser.
            .or_else(|| line.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3))
            .unwrap_or_else(|| panic!("no status line: {line:?}"))
            .parse()
            .unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("no header: {line:?}"));
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if method != "HEAD" && status >= 200 && status != 204 {
            answer.body = self.body(&answer);
        }
        answer
    }

    /// All that still comes until the other side closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A connection that was cut has ended, too; one that stays open runs out of patience.
        if let Err(error) = self.0.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn body(&mut self, answer: &Answer) -> Vec<u8> {
        let mut body = Vec::new();
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let length = usize::from_str_radix(&self.line(), 16).unwrap();
                let start = body.len();
                body.resize(start + length, 0);
                self.0.read_exact(&mut body[start..]).unwrap();
                assert_eq!(self.line(), "");
                if length == 0 {
                    return body;
                }
            }
        }
        let length = answer
            .header("content-length")
            .map(|length| length.parse().unwrap());
        match length {
            Some(length) => {
                body.resize(length, 0);
                self.0.read_exact(&mut body).unwrap();
            }
            None => {
                self.0.read_to_end(&mut body).unwrap();
            }
        }
        body
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\r\n"), "the answer broke off: {line:?}");
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }
}

fn stream(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("connect {address}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

impl Answer {
    /// The one value of a header; a header that comes twice fails the test.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} comes twice: {:?}", self.headers);
        Some(&value.1)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The ids of a page's rows, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let json = self.json();
        let rows = json["value"]
            .as_array()
            .unwrap_or_else(|| panic!("no rows: {} {}", self.status, self.text()));
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The address of the next page.
    pub(crate) fn next_link(&self) -> Option<String> {
        let json = self.json();
        let link = json.get("@odata.nextLink")?;
        Some(link.as_str().unwrap().to_owned())
    }

    /// `odata.error.code`.
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        json["odata.error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no odata.error: {}", self.text()))
            .to_owned()
    }

    /// `odata.error.message.value`.
    pub(crate) fn error_message(&self) -> String {
        self.json()["odata.error"]["message"]["value"]
            .as_str()
            .unwrap_or_else(|| panic!("no odata.error: {}", self.text()))
            .to_owned()
    }
}
