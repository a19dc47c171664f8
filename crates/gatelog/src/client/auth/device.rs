//! Signing in on another device (RFC 8628, and the device code of the old service).

use super::endpoints::Protocol;
use super::grant::Applicant;
use super::tokens::Granted;
use crate::client::error::ClientError;
use crate::client::said::oauth_code;
use crate::output::{printable, say};
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;

/// Between two questions when the issuer does not say (RFC 8628, 3.2).
const DEFAULT_INTERVAL_SECONDS: u64 = 5;
/// What `slow_down` adds (RFC 8628, 3.5).
const SLOW_DOWN_SECONDS: u64 = 5;
/// No issuer has codes that live longer.
const LONGEST_LIFE_SECONDS: u64 = 3_600;

/// What the issuer says to do.
#[derive(Debug, PartialEq, Eq)]
struct Started {
    device_code: String,
    message: String,
    interval_seconds: u64,
    lifetime_seconds: u64,
}

/// Shows the code and waits until somebody has signed in with it.
pub(crate) async fn sign_in(applicant: &Applicant<'_>) -> Result<Granted, ClientError> {
    let secret = |text: &str| SecretString::from(text.to_owned());
    let fields = vec![("client_id", secret(applicant.client_id)), applicant.aim()];
    let answer = applicant.send(&applicant.endpoints.device, &fields).await?;
    if answer.status != 200 {
        // It says why, as a token endpoint would.
        applicant.read(&answer)?;
    }
    let started = read(&answer.body).map_err(|what| ClientError::Strange {
        host: applicant.endpoints.device.clone(),
        what: what.to_owned(),
    })?;
    say(&printable(&started.message));
    let mut interval = started.interval_seconds;
    let mut waited = 0;
    // v1 knows `device_code` alone, and has the code in `code` (wire contract 4.2); v2 is RFC 8628.
    let grant_type = match applicant.endpoints.protocol {
        Protocol::V1 => "device_code",
        Protocol::V2 => "urn:ietf:params:oauth:grant-type:device_code",
    };
    while waited < started.lifetime_seconds {
        tokio::time::sleep(Duration::from_secs(interval)).await;
        waited += interval.max(1);
        let mut fields = vec![
            ("grant_type", secret(grant_type)),
            ("device_code", secret(&started.device_code)),
        ];
        if applicant.endpoints.protocol == Protocol::V1 {
            fields.push(("code", secret(&started.device_code)));
            fields.push(applicant.aim());
        }
        let answer = applicant.ask(fields).await?;
        match oauth_code(&answer.body).as_deref() {
            Some("authorization_pending") => {}
            Some("slow_down") => interval += SLOW_DOWN_SECONDS,
            _ => return applicant.read(&answer),
        }
    }
    Err(ClientError::NotSignedIn(
        "the code has ended before anybody signed in with it".to_owned(),
    ))
}

fn read(body: &[u8]) -> Result<Started, &'static str> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "a device code that is no JSON")?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    // v1 writes numbers as text (wire contract 0.4).
    let number = |name: &str| match &json[name] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let device_code = text("device_code").ok_or("a device code without device_code")?;
    let user_code = text("user_code").ok_or("a device code without user_code")?;
    let place = text("verification_uri")
        .or_else(|| text("verification_url"))
        .ok_or("a device code that does not say where to go")?;
    Ok(Started {
        device_code,
        // Our own words: the issuer's may leave out what matters.
        message: format!("To sign in, open {place} in a browser and enter the code {user_code}"),
        interval_seconds: number("interval").unwrap_or(DEFAULT_INTERVAL_SECONDS).min(60),
        lifetime_seconds: number("expires_in").unwrap_or(900).min(LONGEST_LIFE_SECONDS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let v1 = r#"{"user_code":"U","device_code":"D","verification_url":"https://h/d","expires_in":"900","interval":"7"}"#;
        let v2 = r#"{"user_code":"U","device_code":"D","verification_uri":"https://h/d","expires_in":900,"interval":7}"#;
        let expected = Started {
            device_code: "D".to_owned(),
            message: "To sign in, open https://h/d in a browser and enter the code U".to_owned(),
            interval_seconds: 7,
            lifetime_seconds: 900,
        };
        assert_eq!(read(v1.as_bytes()), Ok(Started { ..expected }));
        assert_eq!(read(v2.as_bytes()).unwrap().lifetime_seconds, 900);
        assert!(read(b"{}").is_err());
        assert!(read(b"no").is_err());
    }
}
