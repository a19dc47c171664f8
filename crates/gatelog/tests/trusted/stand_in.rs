//! An outside issuer that does whatever a test says: plain HTTP on loopback, and a key of its own.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where an issuer's documents stand.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/keys";
pub(crate) const TOKEN: &str = "/token";

/// What it answers at one address.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

/// An issuer; its thread ends with the process.
pub(crate) struct StandIn {
    pub(crate) issuer: String,
    says: Arc<Mutex<HashMap<String, Said>>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

/// A key that signs, and its name.
pub(crate) struct Key {
    pair: RsaKeyPair,
    pub(crate) kid: &'static str,
}

impl Said {
    pub(crate) fn json(body: &Value) -> Said {
        Said {
            status: 200,
            headers: String::new(),
            body: body.to_string(),
            after: Duration::ZERO,
        }
    }

    pub(crate) fn redirect(to: &str) -> Said {
        Said {
            status: 302,
            headers: format!("Location: {to}\r\n"),
            ..Said::json(&json!({}))
        }
    }
}

impl StandIn {
    /// An issuer with these keys, which does everything right.
    pub(crate) fn start(keys: &[&Key]) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let stand_in = StandIn {
            issuer,
            says: Arc::default(),
            asked: Arc::default(),
        };
        stand_in.say(DISCOVERY, Said::json(&stand_in.document()));
        stand_in.publish(keys);
        let (says, asked) = (Arc::clone(&stand_in.says), Arc::clone(&stand_in.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (says, asked) = (Arc::clone(&says), Arc::clone(&asked));
                std::thread::spawn(move || answer(&stream.unwrap(), &says, &asked));
            }
        });
        stand_in
    }

    pub(crate) fn document(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer, "jwks_uri": format!("{issuer}{KEYS}"),
            "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}{TOKEN}"),
        })
    }

    /// What it answers from now on.
    pub(crate) fn say(&self, path: &str, said: Said) {
        self.says.lock().unwrap().insert(path.to_owned(), said);
    }

    pub(crate) fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.say(KEYS, Said::json(&json!({ "keys": keys })));
    }

    /// How often an address was asked.
    pub(crate) fn times(&self, path: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|(asked, _)| asked == path)
            .count()
    }

    /// The body with which an address was asked last.
    pub(crate) fn last_body(&self, path: &str) -> String {
        let asked = self.asked.lock().unwrap();
        let (_, body) = asked.iter().rev().find(|(asked, _)| asked == path).unwrap();
        body.clone()
    }
}

fn answer(stream: &TcpStream, says: &Mutex<HashMap<String, Said>>, asked: &Mutex<Vec<(String, String)>>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked
        .lock()
        .unwrap()
        .push((path.clone(), String::from_utf8(body).unwrap()));
    let said = says.lock().unwrap().get(&path).cloned();
    let said = said.unwrap_or_else(|| Said {
        status: 404,
        ..Said::json(&json!({}))
    });
    std::thread::sleep(said.after);
    let answer = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{}",
        said.status,
        said.headers,
        said.body.len(),
        said.body
    );
    // Who was tired of waiting is gone.
    let _ = (&*stream).write_all(answer.as_bytes());
}

impl Key {
    pub(crate) fn new(kid: &'static str) -> Key {
        Key {
            pair: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            kid,
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(self.pair.public_key());
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(public.n),
            "e": URL_SAFE_NO_PAD.encode(public.e),
        })
    }

    /// The public key in DER, which everybody can have.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// A signed token; the header says what it likes, the signature is RS256.
    pub(crate) fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" }), claims)
    }
}

/// The first two parts of a token.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// A token whose "secret" is a public key.
pub(crate) fn hmac_under(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}
