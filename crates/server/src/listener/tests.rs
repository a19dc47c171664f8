//! Real connections to a listener on a free port of the loopback.

use super::*;
use crate::config::TlsFiles;
use crate::testing::{answer_ending_with, door, exchange, rest, soon};
use axum::Router;
use axum::routing::get;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

const GET: &str = "GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n";
const GET_AND_CLOSE: &str = "GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

const PATIENT: ListenerLimits = ListenerLimits {
    connections: 16,
    header_bytes: 8_192,
    header_wait: Duration::from_secs(300),
    stall: Duration::from_secs(300),
};

const HASTY: ListenerLimits = ListenerLimits {
    header_wait: Duration::from_millis(50),
    ..PATIENT
};

struct Running {
    address: SocketAddr,
    stopping: Stopping,
    served: JoinHandle<usize>,
}

fn hello() -> Router {
    Router::new().route("/hello", get(|| async { "hello" }))
}

/// A route that says when a request is in its hands, and answers when it is let go.
fn held() -> (Router, mpsc::Receiver<oneshot::Sender<()>>) {
    let (sender, receiver) = mpsc::channel(8);
    let handler = async move || {
        let (let_go, wait) = oneshot::channel();
        sender.send(let_go).await.unwrap();
        let _ = wait.await;
        "held"
    };
    (hello().route("/held", get(handler)), receiver)
}

fn start_with(listener: Listener, routes: Router) -> Running {
    let address = listener
        .address()
        .unwrap_or_else(|| "127.0.0.1:0".parse().unwrap());
    let stopping = Stopping {
        asked: CancellationToken::new(),
        at_once: CancellationToken::new(),
        drain: Duration::from_secs(300),
    };
    let served = tokio::spawn(listener.serve(Arc::new(door(routes)), stopping.clone()));
    Running {
        address,
        stopping,
        served,
    }
}

async fn start(limits: ListenerLimits, routes: Router) -> Running {
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), None, limits)
        .await
        .unwrap();
    start_with(listener, routes)
}

impl Running {
    /// Stops; answers how many connections were cut.
    async fn stop(self) -> usize {
        self.stopping.asked.cancel();
        soon(self.served).await.unwrap()
    }
}

#[tokio::test]
async fn a_request_is_answered_and_port_0_is_told() {
    let running = start(PATIENT, hello()).await;
    assert_ne!(running.address.port(), 0);
    let answer = exchange(running.address, GET_AND_CLOSE).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"),
        "{answer}"
    );
    assert!(!answer.to_lowercase().contains("\r\nserver:"), "{answer}");
    assert_eq!(running.stop().await, 0);
}

#[tokio::test]
async fn a_client_that_is_slow_or_silent_or_idle_is_cut() {
    let running = start(HASTY, hello()).await;
    assert_eq!(
        exchange(running.address, "GET /hel").await,
        "",
        "half a request line"
    );
    assert_eq!(
        exchange(running.address, "GET /hello HTTP/1.1\r\nhost: loc").await,
        "",
        "half a head"
    );
    assert_eq!(exchange(running.address, "").await, "", "nothing");
    assert_eq!(
        exchange(running.address, "PRI * HTTP/2.0").await,
        "",
        "half of the greeting of HTTP/2"
    );
    assert!(
        exchange(running.address, GET).await.ends_with("hello"),
        "idle after an answer"
    );
    assert_eq!(running.stop().await, 0);
}

#[tokio::test]
async fn a_request_in_flight_is_not_idle() {
    let (routes, mut requests) = held();
    let running = start(HASTY, routes).await;
    let asking = tokio::spawn(exchange(running.address, "GET /held HTTP/1.1\r\nhost: a\r\n\r\n"));
    let let_go = soon(requests.recv()).await.unwrap();
    sleep(HASTY.header_wait * 4).await;
    let_go.send(()).unwrap();
    assert!(asking.await.unwrap().ends_with("held"));
    running.stop().await;
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    let running = start(HASTY, hello()).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get(format!("http://{}/hello", running.address))
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = soon(sender.send_request(request)).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(
        soon(response.into_body().collect()).await.unwrap().to_bytes(),
        "hello"
    );
    let _ = soon(connection).await.unwrap();
    assert_eq!(running.stop().await, 0);
}

#[tokio::test]
async fn oversized_heads_are_answered_with_431() {
    let running = start(PATIENT, hello()).await;
    let long = format!(
        "GET /hello HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "y".repeat(10_000)
    );
    let many = format!("GET /hello HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(200));
    for head in [long, many] {
        let answer = exchange(running.address, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_their_turn() {
    let running = start(
        ListenerLimits {
            connections: 1,
            ..PATIENT
        },
        hello(),
    )
    .await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    first.write_all(GET.as_bytes()).await.unwrap();
    answer_ending_with(&mut first, "hello").await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(GET_AND_CLOSE.as_bytes()).await.unwrap();
    for _ in 0..20 {
        first.write_all(GET.as_bytes()).await.unwrap();
        answer_ending_with(&mut first, "hello").await;
        let mut byte = [0];
        assert!(
            second.try_read(&mut byte).is_err(),
            "the second connection was answered beside the first"
        );
    }
    drop(first);
    assert!(rest(&mut second).await.ends_with("hello"));
    running.stop().await;
}

#[tokio::test]
async fn stopping_lets_a_request_in_flight_end_and_takes_no_new_connection() {
    let (routes, mut requests) = held();
    // A socket's file is nobody else's; a free port may be another test's a moment later.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let running = start_with(Listener::unix(&path, PATIENT).unwrap(), routes);
    let mut idle = UnixStream::connect(&path).await.unwrap();
    idle.write_all(GET.as_bytes()).await.unwrap();
    answer_ending_with(&mut idle, "hello").await;
    let mut busy = UnixStream::connect(&path).await.unwrap();
    busy.write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let let_go = soon(requests.recv()).await.unwrap();
    running.stopping.asked.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    assert!(UnixStream::connect(&path).await.is_err(), "nobody listens");
    assert!(!running.served.is_finished());
    let_go.send(()).unwrap();
    let answer = rest(&mut busy).await;
    assert!(
        answer.contains("connection: close\r\n") && answer.ends_with("held"),
        "{answer}"
    );
    assert_eq!(soon(running.served).await.unwrap(), 0);
}

#[tokio::test]
async fn a_request_that_does_not_end_in_time_is_cut_and_counted() {
    let (routes, mut requests) = held();
    let running = start(PATIENT, routes).await;
    let asking = tokio::spawn(exchange(running.address, "GET /held HTTP/1.1\r\nhost: a\r\n\r\n"));
    let _kept = soon(requests.recv()).await.unwrap();
    running.stopping.at_once.cancel();
    assert_eq!(running.stop().await, 1);
    assert_eq!(asking.await.unwrap(), "");
}

/// A certificate for `localhost`, in files.
fn certificate(folder: &std::path::Path) -> (TlsFiles, rustls::pki_types::CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    };
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().clone())
}

async fn over_tls(
    address: SocketAddr,
    root: rustls::pki_types::CertificateDer<'static>,
    protocol: &[u8],
) -> String {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(client))
        .connect(name, stream)
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    let io = TokioIo::new(stream);
    let request = hyper::Request::get(format!("https://localhost:{}/hello", address.port()));
    let request = request
        .header("host", "localhost")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = if protocol == b"h2" {
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
        tokio::spawn(connection);
        soon(sender.send_request(request)).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        soon(sender.send_request(request)).await.unwrap()
    };
    let strict = response.headers()["strict-transport-security"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = soon(response.into_body().collect()).await.unwrap().to_bytes();
    format!("{strict} {}", String::from_utf8_lossy(&body))
}

#[tokio::test]
async fn tls_serves_http2_and_http1_and_says_that_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (files, root) = certificate(folder.path());
    let tls = Tls::load(&files).unwrap();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), Some(tls), PATIENT)
        .await
        .unwrap();
    let running = start_with(listener, hello());
    assert_eq!(
        over_tls(running.address, root.clone(), b"h2").await,
        "max-age=31536000 hello"
    );
    assert_eq!(
        over_tls(running.address, root, b"http/1.1").await,
        "max-age=31536000 hello"
    );
    let in_clear = exchange(running.address, GET_AND_CLOSE).await;
    assert!(!in_clear.contains("hello"), "{in_clear}");
    running.stop().await;
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let tls = Tls::load(&files).unwrap();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), Some(tls), HASTY)
        .await
        .unwrap();
    let running = start_with(listener, hello());
    assert_eq!(exchange(running.address, "").await, "");
    running.stop().await;
}

#[test]
fn certificate_files_that_do_not_work_are_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let other = tempfile::tempdir().unwrap();
    let (others, _) = certificate(other.path());
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "nothing here\n").unwrap();
    let cases = [
        (&files.certificate, &others.key, "do not go together"),
        (&empty, &files.key, "cannot read the certificate in"),
        (&files.certificate, &empty, "it takes PEM"),
        (
            &files.certificate,
            &files.certificate,
            "cannot read the private key in",
        ),
        (&folder.path().join("absent.pem"), &files.key, "No such file"),
    ];
    for (certificate, key, expected) in cases {
        let files = TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        };
        let error = Tls::load(&files).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(".pem"), "{error}");
    }
}

#[tokio::test]
async fn the_socket_of_administration_is_its_owners_alone_and_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let running = start_with(Listener::unix(&path, PATIENT).unwrap(), hello());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(GET_AND_CLOSE.as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
    let error = Listener::unix(&path, PATIENT).unwrap_err().to_string();
    assert!(error.contains("another server answers"), "{error}");
    running.stop().await;
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_is_replaced_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(Listener::unix(&path, PATIENT).unwrap());
    assert!(!path.exists());
    fs::write(&path, "precious").unwrap();
    let error = Listener::unix(&path, PATIENT).unwrap_err().to_string();
    assert!(error.contains("is not a socket; move it away"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn an_older_server_does_not_remove_the_socket_of_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let older = Listener::unix(&path, PATIENT).unwrap();
    fs::remove_file(&path).unwrap();
    let newer = Listener::unix(&path, PATIENT).unwrap();
    drop(older);
    assert!(path.exists());
    drop(newer);
    assert!(!path.exists());
}

#[tokio::test]
async fn addresses_that_cannot_be_taken_are_named_with_advice() {
    let taken = Listener::tcp("127.0.0.1:0".parse().unwrap(), None, PATIENT)
        .await
        .unwrap();
    let address = taken.address().unwrap();
    let error = Listener::tcp(address, None, PATIENT)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("cannot listen on {address}: ")) && error.contains("another port"),
        "{error}"
    );
    let error = Listener::tcp("192.0.2.1:0".parse().unwrap(), None, PATIENT)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no network interface of this machine"), "{error}");
    let long = std::env::temp_dir().join("x".repeat(120)).join("admin.sock");
    let error = Listener::unix(&long, PATIENT).unwrap_err().to_string();
    assert!(error.contains("too long for a socket"), "{error}");
}

#[test]
fn errors_of_one_connection_do_not_slow_the_others() {
    assert!(is_of_one_connection(&io::Error::from(
        io::ErrorKind::ConnectionAborted
    )));
    let too_many_files = io::Error::from_raw_os_error(24);
    assert!(!is_of_one_connection(&too_many_files));
}
