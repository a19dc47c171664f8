//! Where the next page of findings begins, as text that says nothing to anybody else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::identity::EventKey;
use model::time::Timestamp;

/// Bytes of the place: ticks and key.
const PLACE_BYTES: usize = 8 + 16;
/// Bytes that tell whether the token is whole and of this very question.
const CHECK_BYTES: usize = 8;

/// The last finding that was looked at. The token is checked against damage and mix-ups, not against forgery: whoever makes one up
/// could ask the same by `since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// Its time.
    pub time: Timestamp,
    /// Its identity.
    pub key: EventKey,
}

impl PageToken {
    /// As text; `question` is whatever must be the same for the next page.
    pub fn encode(&self, question: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(PLACE_BYTES + CHECK_BYTES);
        bytes.extend(self.time.ticks().to_be_bytes());
        bytes.extend(self.key.0);
        let check = check(&bytes, question);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// From text; `None` if it is damaged or of another question.
    pub fn decode(text: &str, question: &[u8]) -> Option<PageToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (place, found) = bytes.split_at_checked(PLACE_BYTES)?;
        if found != check(place, question) {
            return None;
        }
        let (ticks, key) = place.split_at(8);
        Some(PageToken {
            time: Timestamp::from_ticks(i64::from_be_bytes(ticks.try_into().ok()?)),
            key: EventKey(key.try_into().ok()?),
        })
    }
}

fn check(place: &[u8], question: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"findings/1");
    hasher.update(place);
    hasher.update(question);
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: PageToken = PageToken {
        time: Timestamp::from_ticks(-1),
        key: EventKey([7; 16]),
    };

    #[test]
    fn a_token_comes_back_as_it_was_and_only_to_its_question() {
        let text = PLACE.encode(b"one");
        assert_eq!(PageToken::decode(&text, b"one"), Some(PLACE));
        assert_eq!(PageToken::decode(&text, b"other"), None);
    }

    #[test]
    fn a_damaged_token_is_none() {
        let text = PLACE.encode(b"");
        for damaged in [
            "",
            "!",
            &text[1..],
            &format!("{text}AAAA"),
            &text.replacen("__", "_-", 1),
        ] {
            assert_eq!(PageToken::decode(damaged, b""), None, "{damaged}");
        }
    }
}
