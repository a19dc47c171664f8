//! Whether a password is made of what everybody tries first. The words are our own choice, not a list of leaked
//! passwords: words of sign-in pages, seasons, months, names that people give their pets and passwords, rows of keys.

/// What a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeOf {
    /// The user's own words.
    OwnWords,
    /// Words and sequences that everybody tries first.
    CommonWords,
}

/// From that many words on, a text is a phrase: common words alone do not make it common.
const WORDS_OF_A_PHRASE: usize = 4;

/// Sequences of which any part of at least four characters counts, forwards and backwards.
const SEQUENCES: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6zhn7ujm8ik",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// The fewest characters of a part of a sequence that count.
const SEQUENCE_CHARACTERS: usize = 4;

const WORDS: &[&str] = &[
    "access",
    "account",
    "admin",
    "administrator",
    "adobe",
    "amanda",
    "andrea",
    "andrew",
    "angel",
    "anthony",
    "apple",
    "april",
    "ashley",
    "august",
    "autumn",
    "azure",
    "backup",
    "banana",
    "baseball",
    "batman",
    "biteme",
    "buster",
    "butterfly",
    "changeit",
    "changeme",
    "charlie",
    "cheese",
    "chelsea",
    "chocolate",
    "cisco",
    "company",
    "computer",
    "cookie",
    "corp",
    "daniel",
    "database",
    "december",
    "default",
    "demo",
    "directory",
    "donald",
    "dragon",
    "eagle",
    "entra",
    "events",
    "fall",
    "family",
    "february",
    "flower",
    "football",
    "forever",
    "freedom",
    "friday",
    "friend",
    "fuckyou",
    "gatelog",
    "george",
    "ginger",
    "google",
    "guest",
    "hallo",
    "hannah",
    "harley",
    "heaven",
    "hello",
    "herbst",
    "hockey",
    "hunter",
    "iloveyou",
    "internet",
    "january",
    "jennifer",
    "jessica",
    "jesus",
    "jordan",
    "joshua",
    "july",
    "june",
    "justin",
    "kennwort",
    "killer",
    "letmein",
    "login",
    "love",
    "lovely",
    "maggie",
    "manager",
    "march",
    "martin",
    "master",
    "matrix",
    "matthew",
    "may",
    "merlin",
    "michael",
    "michelle",
    "microsoft",
    "mobile",
    "monday",
    "money",
    "monkey",
    "mustang",
    "nicole",
    "november",
    "ninja",
    "october",
    "office",
    "oracle",
    "pass",
    "passphrase",
    "passw",
    "passwd",
    "password",
    "passwort",
    "pepper",
    "please",
    "portal",
    "princess",
    "private",
    "public",
    "purple",
    "qwerty",
    "qwertz",
    "rainbow",
    "report",
    "reporting",
    "reports",
    "robert",
    "root",
    "samsung",
    "saturday",
    "secret",
    "security",
    "september",
    "server",
    "service",
    "shadow",
    "silver",
    "snoopy",
    "soccer",
    "sommer",
    "spring",
    "starwars",
    "start",
    "summer",
    "sunday",
    "sunshine",
    "superman",
    "superuser",
    "support",
    "system",
    "temp",
    "temporary",
    "test",
    "tester",
    "testing",
    "thomas",
    "thursday",
    "tigger",
    "trustno",
    "tuesday",
    "user",
    "username",
    "wednesday",
    "welcome",
    "whatever",
    "william",
    "windows",
    "winter",
    "work",
    "yellow",
    "zaq",
];

/// What a text is made of, if it is made of nothing else than common words and sequences, the user's own words,
/// digits and signs; upper case and the usual replacements (`0` for `o`, `@` for `a`, …) hide nothing.
pub(crate) fn made_of(text: &str, own: &[String]) -> Option<MadeOf> {
    let lower: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    split(&lower, own)
}

/// Cuts a text into pieces, the longest first; `None` if something is left that is no piece.
fn split(text: &[char], own: &[String]) -> Option<MadeOf> {
    let mut words: Vec<&[char]> = Vec::new();
    let mut has_own = false;
    let mut rest = text;
    while let Some(first) = rest.first() {
        let own_length = longest(rest, own.iter().map(String::as_str));
        let length = own_length
            .max(longest(rest, WORDS.iter().copied()))
            .max(sequence_length(rest))
            .max(repeated_length(rest));
        if length > 0 {
            has_own |= own_length == length;
            if !words.contains(&&rest[..length]) {
                words.push(&rest[..length]);
            }
            rest = &rest[length..];
        } else if first.is_alphabetic() {
            return None;
        } else {
            rest = &rest[1..];
        }
    }
    if words.len() >= WORDS_OF_A_PHRASE {
        return None;
    }
    Some(if has_own {
        MadeOf::OwnWords
    } else {
        MadeOf::CommonWords
    })
}

fn longest<'a>(text: &[char], words: impl Iterator<Item = &'a str>) -> usize {
    words
        .filter(|word| starts_with(text, word.chars()))
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
}

fn starts_with(text: &[char], word: impl Iterator<Item = char>) -> bool {
    let mut rest = text.iter();
    for wanted in word {
        match rest.next() {
            Some(given) if *given == wanted || disguises(*given).contains(wanted) => {}
            _ => return false,
        }
    }
    true
}

/// The length of the longest part of a known sequence at the start of a text.
fn sequence_length(text: &[char]) -> usize {
    let mut longest = 0;
    for sequence in SEQUENCES {
        let forwards: Vec<char> = sequence.chars().collect();
        let backwards: Vec<char> = sequence.chars().rev().collect();
        for row in [forwards, backwards] {
            for start in 0..row.len() {
                let same = row[start..]
                    .iter()
                    .zip(text)
                    .take_while(|(wanted, given)| wanted == given)
                    .count();
                longest = longest.max(same);
            }
        }
    }
    if longest >= SEQUENCE_CHARACTERS {
        longest
    } else {
        0
    }
}

/// The length of the run of one character at the start of a text, from three on.
fn repeated_length(text: &[char]) -> usize {
    let run = text
        .iter()
        .take_while(|character| Some(*character) == text.first())
        .count();
    if run >= 3 { run } else { 0 }
}

/// The letters for which a digit or sign usually stands.
fn disguises(character: char) -> &'static str {
    match character {
        '0' => "o",
        '1' | '!' | '|' => "il",
        '3' | '€' => "e",
        '4' | '@' => "a",
        '5' | '$' => "s",
        '7' | '+' => "t",
        '8' => "b",
        '9' => "g",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<MadeOf>) {
        let own = ["alice".to_owned(), "contoso".to_owned()];
        assert_eq!(made_of(text, &own), expected, "{text}");
    }

    #[test]
    fn common_words_with_digits_and_signs_are_common() {
        for text in [
            "password",
            "Password 1!",
            "p@$$w0rd",
            "welcome-2026",
            "LetMeIn!!",
            "summerwinter",
            "qwertz12345",
            "7654321 9",
            "zyxwvuts",
            "1qaz2wsx",
            "kkkkkkkkk",
            "monkeymonkeymonkeymonkey",
        ] {
            check(text, Some(MadeOf::CommonWords));
        }
    }

    #[test]
    fn own_words_are_own_even_beside_common_ones() {
        for text in [
            "alice",
            "Alice2026",
            "4l1c3",
            "contoso-password",
            "alicealicealice",
        ] {
            check(text, Some(MadeOf::OwnWords));
        }
    }

    #[test]
    fn what_has_other_letters_or_many_words_is_not_common() {
        for text in [
            "passwordx",
            "monkey dragon winter sunshine",
            "plum harbour",
            "alice in wonderland",
            "ünter",
        ] {
            check(text, None);
        }
    }
}
