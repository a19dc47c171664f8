//! The `Prefer` header: wishes of the client, never demands, so nothing in it is an error.

/// What a client asked for by `Prefer` (RFC 7240, OData 4.01 part 1 §8.2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// `odata.maxpagesize` or `maxpagesize`: how many rows a page may have.
    pub max_page_size: Option<usize>,
    /// Whether the report list is to say more than the old service did.
    pub annotations: Annotations,
}

/// Whether annotations were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Annotations {
    /// The answer is exactly the old service's.
    #[default]
    None,
    /// `include-annotations="*"`
    All,
}

impl Preferences {
    /// The value of `Preference-Applied`, if anything was asked for that is honoured.
    pub fn applied(&self) -> Option<String> {
        let mut applied = Vec::new();
        if let Some(rows) = self.max_page_size {
            applied.push(format!("maxpagesize={rows}"));
        }
        if self.annotations == Annotations::All {
            applied.push(r#"include-annotations="*""#.to_owned());
        }
        (!applied.is_empty()).then(|| applied.join(","))
    }
}

/// Reads the `Prefer` headers of a request, in order. What is unknown or malformed is passed over; of a repeated
/// preference the first counts (RFC 7240 §2).
pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Preferences {
    let mut preferences = Preferences::default();
    for preference in headers.into_iter().flat_map(|header| header.split(',')) {
        // Parameters of a preference follow a semicolon; ours have none.
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_matches('"');
        match name.strip_prefix("odata.").unwrap_or(&name) {
            "maxpagesize" if preferences.max_page_size.is_none() => {
                preferences.max_page_size = value.parse().ok().filter(|rows| *rows > 0);
            }
            "include-annotations" if value == "*" => preferences.annotations = Annotations::All,
            _ => {}
        }
    }
    preferences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&str], max_page_size: Option<usize>, annotations: Annotations) {
        assert_eq!(
            parse(headers.iter().copied()),
            Preferences {
                max_page_size,
                annotations
            },
            "{headers:?}"
        );
    }

    #[test]
    fn both_spellings_of_the_page_size_are_read() {
        check(&["odata.maxpagesize=50"], Some(50), Annotations::None);
        check(&["MaxPageSize = \"50\""], Some(50), Annotations::None);
        check(
            &["return=minimal, odata.maxpagesize=7;x=1"],
            Some(7),
            Annotations::None,
        );
        check(&["maxpagesize=7", "maxpagesize=8"], Some(7), Annotations::None);
    }

    #[test]
    fn annotations_are_all_or_none() {
        check(&["include-annotations=\"*\""], None, Annotations::All);
        check(&["odata.include-annotations=*"], None, Annotations::All);
        check(
            &["odata.include-annotations=\"display.*\""],
            None,
            Annotations::None,
        );
        check(
            &["maxpagesize=3,include-annotations=\"*\""],
            Some(3),
            Annotations::All,
        );
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        check(&[], None, Annotations::None);
        check(
            &["", ",,;=", "maxpagesize", "maxpagesize=0", "maxpagesize=-1"],
            None,
            Annotations::None,
        );
        check(
            &["maxpagesize=99999999999999999999999999"],
            None,
            Annotations::None,
        );
    }

    #[test]
    fn what_was_honoured_is_said() {
        assert_eq!(parse([]).applied(), None);
        let all = parse(["odata.maxpagesize=5, include-annotations=\"*\""]);
        assert_eq!(all.applied().unwrap(), "maxpagesize=5,include-annotations=\"*\"");
    }
}
