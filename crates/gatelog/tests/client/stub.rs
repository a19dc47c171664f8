//! A made-up server: a thread that answers as a test says, and remembers what it was asked.

use crate::support::http::Request;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// 1 for the first request.
    pub(crate) number: usize,
}

/// What goes out.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// The connection is cut without a word.
    Nothing,
    /// The connection stays open without a word, for as long as the test lives.
    Silence,
}

pub(crate) struct Stub {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Answer = dyn FnMut(&Asked) -> Says + Send;

impl Says {
    pub(crate) fn json(status: u16, body: &str) -> Says {
        let kind = ("Content-Type".to_owned(), "application/json".to_owned());
        Says::Answer(status, vec![kind], body.as_bytes().to_vec())
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Says {
        match self {
            Says::Answer(status, mut headers, body) => {
                headers.push((name.to_owned(), value.to_owned()));
                Says::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A field of the form that came, decoded.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        field(&self.body, name)
    }
}

/// A parameter of a query or form.
pub(crate) fn field(query: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
    let found = url.query_pairs().find(|(other, _)| other == name);
    found.map(|(_, value)| value.into_owned())
}

impl Stub {
    pub(crate) fn start(answer: impl FnMut(&Asked) -> Says + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Mutex<Box<Answer>>> = Arc::new(Mutex::new(Box::new(answer)));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || converse(stream, &all, &answer));
            }
        });
        Stub { address, asked }
    }

    /// Passes everything on to a server, with a header more, except what `meddle` answers itself.
    pub(crate) fn in_front_of(
        address: &str,
        more: (&'static str, String),
        mut meddle: impl FnMut(&Asked) -> Option<Says> + Send + 'static,
    ) -> Stub {
        let address = address.to_owned();
        Stub::start(move |asked| {
            if let Some(says) = meddle(asked) {
                return says;
            }
            let mut request = Request::new(&asked.method, &asked.target).header(more.0, &more.1);
            for (name, value) in &asked.headers {
                match name.as_str() {
                    // The server makes its links of it.
                    "host" => request = request.host(value),
                    "content-length" | "connection" | "accept-encoding" => {}
                    _ => request = request.header(name, value),
                }
            }
            if !asked.body.is_empty() {
                request = request.body(asked.body.clone());
            }
            let answer = request.send(&address);
            let headers = answer
                .headers
                .iter()
                .filter(|(name, _)| {
                    !matches!(
                        name.as_str(),
                        "content-length" | "transfer-encoding" | "connection"
                    )
                })
                .cloned()
                .collect();
            Says::Answer(answer.status, headers, answer.body)
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn converse(stream: TcpStream, all: &Mutex<Vec<Asked>>, answer: &Mutex<Box<Answer>>) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut first = lines[0].split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut asked = Asked {
        method,
        target,
        headers,
        body: String::from_utf8(body).unwrap(),
        number: 0,
    };
    {
        let mut all = all.lock().unwrap();
        asked.number = all.len() + 1;
        all.push(asked.clone());
    }
    let says = (answer.lock().unwrap())(&asked);
    let mut stream = reader.into_inner();
    match says {
        Says::Nothing => {}
        Says::Silence => {
            // Until the other side gives up.
            let _ = stream.set_read_timeout(None);
            let _ = stream.read(&mut [0; 1]);
        }
        Says::Answer(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
            }
            head.push_str("\r\n");
            // Whoever asked may have gone.
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&body);
        }
    }
}
