//! What a browser brings: the cookie of its session, and the tokens of its forms that nobody else can make.

use crate::app::App;
use crate::layers::Origin;
use crate::trusted;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::chance;
use http::{HeaderMap, HeaderValue, header};
use issuer::opaque::{MAX_OPAQUE_BYTES, Opaque, hash_of};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use store::control::{ControlError, GrantHash, Session, User};
use uuid::Uuid;

/// What a form is for; a token for one is no good for another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    SignIn,
    Consent,
    DeviceCode,
    DeviceSignIn,
    DeviceConsent,
    Outside,
}

/// A browser and what it brought.
pub(super) struct Browser {
    /// Whether it came by TLS, so that cookies can insist on it.
    secure: bool,
    /// A random text that only this browser has, before and after anybody signed in.
    form: Option<String>,
    session: Option<GrantHash>,
    /// A sign-in elsewhere that is under way, and what proves that we wrote it.
    outside: Option<String>,
    /// Cookies to be set by the answer.
    set: Vec<String>,
}

/// Who signed in with a browser.
pub(super) struct SignedIn {
    pub(super) user: Arc<User>,
    pub(super) session: Session,
}

impl Browser {
    pub(super) fn of(headers: &HeaderMap, origin: &Origin) -> Browser {
        let secure = origin.scheme == "https";
        let sound = |text: &&str| (1..=MAX_OPAQUE_BYTES).contains(&text.len());
        Browser {
            secure,
            form: cookie(headers, &name("form", secure))
                .filter(sound)
                .map(str::to_owned),
            session: cookie(headers, &name("session", secure))
                .filter(sound)
                .map(|text| GrantHash(hash_of(text))),
            outside: cookie(headers, &name("outside", secure)).map(str::to_owned),
            set: Vec::new(),
        }
    }

    /// Who signed in, if the session still holds and the user is still there.
    pub(super) fn signed_in(&self, app: &App) -> Result<Option<SignedIn>, ControlError> {
        let Some(hash) = self.session else { return Ok(None) };
        let Some(session) = app.control.session(hash, app.now())? else {
            return Ok(None);
        };
        let Some(user) = app.control.user(session.user)? else {
            return Ok(None);
        };
        // For somebody from outside somebody else must still vouch.
        Ok(trusted::is_vouched_for(app, &user)?.then_some(SignedIn { user, session }))
    }

    /// Remembers that a user signed in: always under a new name, so that nobody can have chosen it before.
    pub(super) fn sign_in(&mut self, app: &App, user: &Arc<User>) -> Result<SignedIn, ControlError> {
        self.sign_out(app)?;
        let session = Opaque::from_random(&chance::bytes());
        let (now, lifetime) = (app.now(), app.config().tokens.session);
        let expires = now.plus_seconds(lifetime.as_secs() as i64);
        app.control
            .put_session(GrantHash(session.hash), user.object_id, expires, now)?;
        self.session = Some(GrantHash(session.hash));
        let text = session.text.expose_secret().to_owned();
        self.set_cookie("session", &text);
        Ok(SignedIn {
            user: Arc::clone(user),
            session: Session {
                user: user.object_id,
                created: now,
            },
        })
    }

    /// Ends the session, if there is one.
    pub(super) fn sign_out(&mut self, app: &App) -> Result<(), ControlError> {
        if let Some(hash) = self.session.take() {
            app.control.end_session(hash)?;
            let mut cookie = self.cookie_text("session", "");
            cookie.push_str("; Max-Age=0");
            self.set.push(cookie);
        }
        Ok(())
    }

    /// What the application learns of the session: the same for its whole life, and nothing that opens it.
    pub(super) fn session_state(&self) -> Uuid {
        let mut digest = Sha256::new();
        digest.update(b"gatelog session state 1");
        digest.update(self.session.map_or([0; 32], |hash| hash.0));
        let digest = digest.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The token for a form about something. It holds for this browser, this session and this purpose alone.
    pub(super) fn form_token(&mut self, app: &App, purpose: Purpose, about: &str) -> String {
        if self.form.is_none() {
            let text = URL_SAFE_NO_PAD.encode(chance::bytes::<32>());
            self.set_cookie("form", &text);
            self.form = Some(text);
        }
        let form = self.form.as_deref().unwrap_or_default();
        self.mac(app, purpose, form, about).to_hex().to_string()
    }

    /// What we wrote into the cookie of a sign-in elsewhere, for this browser and this session.
    pub(super) fn outside(&self, app: &App) -> Option<String> {
        let (text, mac) = self.outside.as_deref()?.split_once('.')?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        self.made(app, Purpose::Outside, &text, mac).then_some(text)
    }

    /// Writes that cookie. `false` if a cookie does not hold so much.
    pub(super) fn set_outside(&mut self, app: &App, text: &str, most_bytes: usize) -> bool {
        let mac = self.form_token(app, Purpose::Outside, text);
        let sealed = format!("{}.{mac}", URL_SAFE_NO_PAD.encode(text));
        let fits = sealed.len() <= most_bytes;
        if fits {
            self.set_cookie("outside", &sealed);
            self.outside = Some(sealed);
        }
        fits
    }

    /// Takes that cookie away.
    pub(super) fn clear_outside(&mut self) {
        if self.outside.take().is_some() {
            self.set_cookie("outside", "");
            if let Some(cookie) = self.set.last_mut() {
                cookie.push_str("; Max-Age=0");
            }
        }
    }

    /// Whether a form was made for this browser. Without its cookie none was.
    pub(super) fn made(&self, app: &App, purpose: Purpose, about: &str, token: &str) -> bool {
        let Some(form) = self.form.as_deref() else {
            return false;
        };
        // Comparing hashes of blake3 takes the same time whatever they are.
        blake3::Hash::from_hex(token).is_ok_and(|token| token == self.mac(app, purpose, form, about))
    }

    fn mac(&self, app: &App, purpose: Purpose, form: &str, about: &str) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&app.form_key);
        hasher.update(&[purpose as u8]);
        hasher.update(&self.session.map_or([0; 32], |hash| hash.0));
        for part in [form, about] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize()
    }

    /// The headers that set what changed.
    pub(super) fn add_cookies(&self, headers: &mut HeaderMap) {
        for cookie in &self.set {
            if let Ok(value) = HeaderValue::from_str(cookie) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }

    fn set_cookie(&mut self, kind: &str, text: &str) {
        let cookie = self.cookie_text(kind, text);
        // The last word about a cookie counts.
        let start = format!("{}=", name(kind, self.secure));
        self.set.retain(|other| !other.starts_with(&start));
        self.set.push(cookie);
    }

    fn cookie_text(&self, kind: &str, text: &str) -> String {
        let mut cookie = format!(
            "{}={text}; Path=/; HttpOnly; SameSite=Lax",
            name(kind, self.secure)
        );
        if self.secure {
            // Writing into a String cannot fail.
            let _ = write!(cookie, "; Secure");
        }
        cookie
    }
}

/// With TLS the name says that no other host set it (RFC 6265bis, 4.1.3.2).
fn name(kind: &str, secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}gatelog-{kind}")
}

/// A cookie's value, if it comes exactly once.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = None;
    for header in headers.get_all(header::COOKIE) {
        for pair in header.to_str().ok()?.split(';') {
            let Some((its_name, value)) = pair.trim().split_once('=') else {
                continue;
            };
            if its_name != name {
                continue;
            }
            if found.is_some() {
                return None;
            }
            found = Some(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cookies: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(cookie(&headers, "gatelog-form"), expected, "{cookies:?}");
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        check(&["gatelog-form=a"], Some("a"));
        check(&["x=y; gatelog-form=a==; z"], Some("a=="));
        check(&["x=y", "gatelog-form=a"], Some("a"));
    }

    #[test]
    fn a_cookie_that_comes_twice_or_under_another_name_is_none() {
        check(&[], None);
        check(&["gatelog-form=a; gatelog-form=b"], None);
        check(&["gatelog-form=a", "gatelog-form=a"], None);
        check(&["xgatelog-form=a; Gatelog-Form=a; gatelog-form"], None);
    }

    #[test]
    fn only_tls_gives_a_cookie_the_name_that_no_other_host_can_set() {
        assert_eq!(name("session", true), "__Host-gatelog-session");
        assert_eq!(name("session", false), "gatelog-session");
    }
}
