//! A whole server from binding to its end.

use super::*;
use crate::health;
use crate::testing::{RULES, answer_ending_with, config, exchange, soon};
use axum::Router;
use axum::routing::get;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

fn doors(config: &Config, main: Router, readiness: &Readiness) -> Doors {
    let metrics = crate::metrics::Metrics::new();
    let door = |routes| Door::new(routes, RULES, &config.server, metrics.clone());
    let health = health::routes(readiness.clone());
    Doors {
        main: door(main),
        admin: door(health.merge(crate::metrics::routes(metrics.clone()))),
        socket: door(Router::new()),
    }
}

const READYZ: &str = "GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn while_requests_end_the_server_says_that_it_is_not_ready_and_then_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[]);
    let listeners = Listeners::bind(&config, Some(&folder.path().join("admin.sock")))
        .await
        .unwrap();
    let (main, admin) = (listeners.main_address(), listeners.admin_address());
    assert_eq!(listeners.origin().to_string(), format!("http://{main}"));
    let (sender, mut requests) = mpsc::channel(1);
    let held = async move || {
        let (let_go, wait) = oneshot::channel::<()>();
        sender.send(let_go).await.unwrap();
        let _ = wait.await;
        "held"
    };
    let (readiness, stop) = (Readiness::new(), Stop::new());
    let doors = doors(&config, Router::new().route("/held", get(held)), &readiness);
    let running = {
        let stop = stop.clone();
        tokio::spawn(async move { run(listeners, doors, &readiness, &stop, Duration::from_secs(300)).await })
    };
    assert!(exchange(admin, READYZ).await.starts_with("HTTP/1.1 200 "));
    let mut client = TcpStream::connect(main).await.unwrap();
    client
        .write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let let_go = soon(requests.recv()).await.unwrap();
    stop.ask();
    while !exchange(admin, READYZ).await.starts_with("HTTP/1.1 503 ") {
        assert!(!running.is_finished(), "a request is still in flight");
    }
    let_go.send(()).unwrap();
    answer_ending_with(&mut client, "held").await;
    soon(running).await.unwrap();
}

#[tokio::test]
async fn a_signal_asks_and_the_second_insists() {
    let stop = Stop::new();
    let watching = tokio::spawn(stop.watch_signals().unwrap());
    let kill = || {
        std::process::Command::new("kill")
            .args(["-TERM", &std::process::id().to_string()])
            .status()
            .unwrap()
    };
    assert!(kill().success());
    soon(stop.asked()).await;
    assert!(!stop.at_once.is_cancelled());
    assert!(kill().success());
    soon(watching).await.unwrap();
    assert!(stop.at_once.is_cancelled());
}

#[tokio::test]
async fn the_public_address_is_the_servers_own_where_it_is_configured() {
    let config = config(&[("server.public_url", "https://reports.contoso.com")]);
    let listeners = Listeners::bind(&config, None).await.unwrap();
    assert_eq!(listeners.origin().to_string(), "https://reports.contoso.com");
}

#[tokio::test]
async fn certificates_that_are_not_there_stop_the_start() {
    let files = [
        ("server.tls_certificate_file", "/nowhere/c.pem"),
        ("server.tls_key_file", "/nowhere/k.pem"),
    ];
    let error = Listeners::bind(&config(&files), None)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cannot read the certificate in /nowhere/c.pem"),
        "{error}"
    );
}
