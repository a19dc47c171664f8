//! Rust source seen through a veil: what is code, what is a comment or a text, what is only for tests.

/// The same source with its comments, texts and characters blanked, byte for byte.
pub(crate) fn scrub(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = covered(rest, out.chars().next_back());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        for letter in rest[..length].chars() {
            push_blank(&mut out, letter);
        }
        rest = &rest[length..];
    }
    out
}

/// The same source with what is only for tests blanked, line for line: each item after `#[cfg(test)]`.
pub(crate) fn without_tests(source: &str) -> String {
    let code = scrub(source);
    let mut out = source.to_owned();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = start + item_length(&code[start..]);
        out.replace_range(start..end, &blank(&source[start..end]));
        from = end;
    }
    out
}

/// How many bytes of a comment, a text or a character begin here; 0 where code does.
fn covered(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return text(rest);
    }
    let in_name = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if rest.starts_with('r') && !in_name {
        return raw_text(rest);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn text(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"` and `r#"…"#`; 0 for a name that begins with r.
fn raw_text(rest: &str) -> usize {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    rest[body..]
        .find(&close)
        .map_or(rest.len(), |at| body + at + close.len())
}

/// `'x'` and `'\n'`; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    let Some((_, first)) = letters.next() else {
        return 0;
    };
    if first == '\\' {
        // The letter after the backslash is never the closing mark; `\u{1F600}` is the longest form.
        return letters
            .skip(1)
            .take(10)
            .find(|(_, letter)| *letter == '\'')
            .map_or(0, |(at, _)| at + 1);
    }
    match letters.next() {
        Some((at, '\'')) => at + 1,
        _ => 0,
    }
}

/// How long the item is that begins here (with its attributes): up to its `;` or the end of its block.
fn item_length(code: &str) -> usize {
    let mut depth = 0_i32;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        let ends = depth == 0 && matches!(letter, ';' | '}');
        if ends || depth < 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Blanks of as many bytes, so that places stay comparable; line ends stay.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        push_blank(&mut out, letter);
    }
    out
}

fn push_blank(out: &mut String, letter: char) {
    if letter == '\n' {
        out.push('\n');
        return;
    }
    for _ in 0..letter.len_utf8() {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let squeezed: Vec<String> = scrub(source)
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(squeezed.join("|"), expected, "{source}");
    }

    #[test]
    fn comments_texts_and_characters_are_blanked() {
        check("a // b\nc", "a|c");
        check("a /* b /* c */ d\n */ e", "a|e");
        check(r#"a "b \" c" d"#, "a d");
        check("a r\"b\\\" c", "a c");
        check("a r#\"b \" c\"# d", "a d");
        check("for_r\"x\"", "for_r");
        check("let c = '\"'; d", "let c = ; d");
        check(r"let c = '\''; d", "let c = ; d");
        check("fn a<'a>(b: &'a str) { '{' }", "fn a<'a>(b: &'a str) { }");
        check("\"ü\" 'ü' x", "x");
    }

    fn check_tests(source: &str, expected: &str) {
        let kept: Vec<String> = without_tests(source)
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        assert_eq!(kept.join("|"), expected, "{source}");
    }

    #[test]
    fn what_is_for_tests_is_blanked_and_nothing_else() {
        check_tests("a\n#[cfg(test)]\nmod tests {\n    b \"}\" {}\n}\nc", "a|||||c");
        check_tests("#[cfg(test)]\nmod tests;\nc", "||c");
        check_tests("#[cfg(test)]\n#[derive(A)]\nfn a(b: [u8; 3]) {}\nc", "|||c");
        check_tests("// ü\n#[cfg(test)]\nfn ü(b: \"ü\") {}\nc", "// ü|||c");
        check_tests("// #[cfg(test)]\nc", "// #[cfg(test)]|c");
    }

    #[test]
    fn a_source_that_ends_in_the_middle_does_no_harm() {
        for source in [
            "\"a",
            "r#\"a",
            "/* a",
            "'",
            "'\\",
            "'a",
            "#[cfg(test)]",
            "#[cfg(test)]\nmod a {",
            "r",
        ] {
            assert_eq!(scrub(source).len(), source.len());
            without_tests(source);
        }
    }
}
