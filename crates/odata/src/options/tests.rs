//! Request lines as real clients send them, and what each means.

use super::*;
use proptest::prelude::*;

fn options(filter: Option<&str>, top: Option<u64>) -> Options {
    Options {
        filter: filter.map(str::to_owned),
        top,
        ..Options::default()
    }
}

#[track_caller]
fn check(query: &str, expected: Options) {
    assert_eq!(parse(Some(query)), Ok(expected), "{query}");
}

#[track_caller]
fn check_refused(query: &str, code: &str, message: &str) {
    let error = parse(Some(query)).expect_err(query);
    assert_eq!((error.status, error.code), (400, code), "{query}: {error}");
    assert!(error.message.contains(message), "{query}: {error}");
}

/// Wire contract 5.3, line by line.
#[test]
fn the_request_lines_of_real_clients_mean_what_they_did() {
    let since = Some("eventTime gt 2017-01-01");
    check(
        "api-version=beta&$filter=eventTime%20gt%202017-01-01",
        options(since, None),
    );
    check(
        "api-version=beta&$filter=eventTime+gt+2017-01-01",
        options(since, None),
    );
    check(
        "api-version=beta&%24filter=eventTime+gt+2017-01-01T00%3A00%3A00Z&%24top=5",
        options(Some("eventTime gt 2017-01-01T00:00:00Z"), Some(5)),
    );
    check(
        "api-version=beta&$filter=(category%20eq%20'Sync'%20and%20activityDate%20gt%202017-01-01T00:00:00Z)",
        options(
            Some("(category eq 'Sync' and activityDate gt 2017-01-01T00:00:00Z)"),
            None,
        ),
    );
    check(
        "api-version=beta&$filter=b%20eq%20'y'%20and%20a%20eq%20%27x%27",
        options(Some("b eq 'y' and a eq 'x'"), None),
    );
    check(
        "%24skiptoken=-1339686058&api-version=beta",
        Options {
            skip_token: Some("-1339686058".to_owned()),
            ..Options::default()
        },
    );
    check(
        "api-version=beta&%60$filter=eventTime%20gt%202017-01-01",
        options(None, None),
    );
    check(
        "api-version=beta&=eventTime%20gt%202026-11-20",
        options(None, None),
    );
    check("api-version=beta", options(None, None));
    check(
        "api-version=beta&%5C$filter=eventTime%20gt%202017-01-01",
        options(None, None),
    );
    check(
        "api-version=beta$filter=eventTime%20gt%202017-01-01",
        options(since, None),
    );
    check("api-version=beta&$Top=10", options(None, Some(10)));
    check(
        "api-version=beta&$filter=eventTime%20gt%202017-01-01&$filter=eventTime%20gt%202017-01-01&$top=5&$top=5",
        options(since, Some(5)),
    );
    check(
        "%24filter=ApplicationId+eq+ada78934-a6da-4e69-b816-10de0d79db1d&api-version=beta",
        options(
            Some("ApplicationId eq ada78934-a6da-4e69-b816-10de0d79db1d"),
            None,
        ),
    );
    check(
        "api-version=beta&$filter=userId+eq+%E2%80%99x%E2%80%99",
        options(Some("userId eq ’x’"), None),
    );
}

#[test]
fn an_option_glued_to_the_version_counts_like_any_other() {
    check("api-version=beta$top=5", options(None, Some(5)));
    check("api-version=beta%24Top=5", options(None, Some(5)));
    check("api-version=beta$top=5&$top=6", options(None, Some(6)));
    check("$top=6&api-version=beta$top=5", options(None, Some(5)));
    check_refused(
        "api-version=beta$select=id",
        "Request_UnsupportedQuery",
        "`$select` is not supported",
    );
    check_refused(
        "api-version=$top=5",
        "Headers_ApiVersionMissing",
        "Add `api-version=beta`",
    );
}

#[test]
fn the_last_of_repeated_options_counts_whatever_its_case() {
    check("api-version=beta&$top=5&$TOP=6", options(None, Some(6)));
    check(
        "api-version=beta&$filter=a&$Filter=b&%24FILTER=c",
        options(Some("c"), None),
    );
    check("api-version=1.6&API-Version=Beta", options(None, None));
    check("api-version=beta&$top=none&$top=3", options(None, Some(3)));
}

#[test]
fn decoding_happens_once() {
    check(
        "api-version=beta&$filter=a%2Bb%2520c%26d",
        options(Some("a+b%20c&d"), None),
    );
    check("api-version=beta&$filter=a=b", options(Some("a=b"), None));
    check("api-version=beta&$filter=ü", options(Some("ü"), None));
}

#[test]
fn what_is_no_option_of_odata_is_passed_over() {
    check(
        "api-version=beta&&x=1&top=5&filter=a&client-request-id=7&novalue",
        options(None, None),
    );
    check("api-version=beta&x=%zz", options(None, None));
}

#[test]
fn the_version_is_demanded() {
    assert_eq!(parse(None).unwrap_err().code, "Headers_ApiVersionMissing");
    check_refused("", "Headers_ApiVersionMissing", "Add `api-version=beta`");
    check_refused("$top=5", "Headers_ApiVersionMissing", "Add `api-version=beta`");
    check_refused(
        "api-version=1.6",
        "Headers_InvalidApiVersion",
        "`1.6` is not an `api-version`",
    );
    check_refused(
        "api-version=beta&api-version=1.6",
        "Headers_InvalidApiVersion",
        "Use `api-version=beta`",
    );
}

#[test]
fn what_odata_knows_and_we_do_not_is_refused_with_the_reason() {
    let unsupported = "Request_UnsupportedQuery";
    check_refused(
        "api-version=beta&$select=id",
        unsupported,
        "`$select` is not supported: every row is served",
    );
    check_refused(
        "api-version=beta&$OrderBy=id",
        unsupported,
        "`$orderby` is not supported: rows are always",
    );
    check_refused(
        "api-version=beta&%24expand=x",
        unsupported,
        "`$expand` is not supported",
    );
    check_refused(
        "api-version=beta&$count=true",
        unsupported,
        "`$count` is not supported",
    );
    check_refused(
        "api-version=beta&$inlinecount=allpages",
        unsupported,
        "`$inlinecount` is not supported",
    );
    check_refused(
        "api-version=beta&$search=x",
        unsupported,
        "`$search` is not supported",
    );
    check_refused(
        "api-version=beta&$apply=x",
        unsupported,
        "`$apply` is not supported",
    );
    check_refused(
        "api-version=beta&$compute=x",
        unsupported,
        "`$compute` is not supported",
    );
    check_refused(
        "api-version=beta&$format=atom",
        unsupported,
        "`$format=atom` is not supported",
    );
}

#[test]
fn an_unknown_option_with_a_dollar_is_an_error() {
    check_refused(
        "api-version=beta&$fliter=x",
        "Request_BadRequest",
        "Did you mean `$filter`?",
    );
    check_refused(
        "api-version=beta&$=x",
        "Request_BadRequest",
        "`$` is not a query option. The options are $filter",
    );
    check_refused(
        "api-version=beta&$ filter=x",
        "Request_BadRequest",
        "Did you mean `$filter`?",
    );
}

#[test]
fn numbers_are_whole_and_have_limits() {
    check(
        "api-version=beta&$skip=0&$top=4294967295",
        Options {
            skip: Some(0),
            ..options(None, Some(4_294_967_295))
        },
    );
    check("api-version=beta&$top=+7+", options(None, Some(7)));
    check_refused(
        "api-version=beta&$top=0",
        "Request_BadRequest",
        "`$top=0` asks for no rows",
    );
    for value in [
        "",
        "five",
        "-1",
        "1.5",
        "1e3",
        "4294967296",
        "99999999999999999999999",
        "%2B5",
        "٣",
    ] {
        check_refused(
            &format!("api-version=beta&$top={value}"),
            "Request_BadRequest",
            "whole number from 0 to",
        );
        check_refused(
            &format!("api-version=beta&$skip={value}"),
            "Request_BadRequest",
            "whole number from 0 to",
        );
    }
}

#[test]
fn an_option_without_a_value_is_an_error() {
    check_refused(
        "api-version=beta&$filter=",
        "Request_BadRequest",
        "`$filter` is empty",
    );
    check_refused(
        "api-version=beta&$filter=+",
        "Request_BadRequest",
        "`$filter` is empty",
    );
    check_refused(
        "api-version=beta&$skiptoken",
        "Request_BadRequest",
        "`$skiptoken` is empty",
    );
}

#[test]
fn broken_encoding_is_refused_with_its_place() {
    let cases = [
        ("api-version=beta&$filter=a%2", 27),
        ("%zz=1", 1),
        ("$filter=100%", 12),
        ("$filter=%C3%28", 9),
    ];
    for (query, position) in cases {
        let error = parse(Some(query)).unwrap_err();
        assert_eq!(error.details, [("position", position.into())], "{query}: {error}");
        assert!(
            error.message.contains(&format!("(at byte {position})")),
            "{query}: {error}"
        );
    }
}

#[test]
fn there_are_limits_on_length_and_number() {
    let long = format!("api-version=beta&$filter={}", "a".repeat(16 * 1024));
    check_refused(&long, "Request_BadRequest", "at most 16384 are read");
    let padded = |length: usize| format!("api-version=beta&{}", "x".repeat(length - 17));
    check(&padded(16 * 1024), options(None, None));
    check_refused(
        &padded(16 * 1024 + 1),
        "Request_BadRequest",
        "has 16385 bytes; at most 16384 are read",
    );
    check_refused(
        &format!("api-version=beta{}", "&$top=1".repeat(65)),
        "Request_BadRequest",
        "more than 64 options",
    );
    check(
        &format!("api-version=beta{}", "&$top=1".repeat(64)),
        options(None, Some(1)),
    );
}

#[test]
fn formats_are_read_and_checked_where_they_matter() {
    for json in [
        "json",
        "JSON",
        "application/json",
        "application/json;odata.metadata=minimal",
    ] {
        let options = parse(Some(&format!("api-version=beta&$format={json}"))).unwrap();
        assert_eq!(options.format, Some(Format::Json), "{json}");
        assert!(options.check_for_report_list().is_ok());
        assert!(options.check_for_metadata().is_err());
    }
    let xml = parse(Some("api-version=beta&$format=application/xml")).unwrap();
    assert!(xml.check_for_metadata().is_ok());
    assert!(xml.check_for_report_list().is_err());
}

#[test]
fn options_about_rows_are_refused_where_there_are_none() {
    for option in ["$filter=a", "$top=1", "$skip=1", "$skiptoken=a"] {
        let options = parse(Some(&format!("api-version=beta&{option}"))).unwrap();
        let name = option.split('=').next().unwrap();
        for error in [
            options.check_for_metadata().unwrap_err(),
            options.check_for_report_list().unwrap_err(),
        ] {
            assert!(
                error.message.contains(&format!("`{name}` cannot be used on")),
                "{error}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_query_makes_the_reader_panic(query in any::<String>()) {
        let _ = parse(Some(&query));
        let _ = parse(Some(&format!("api-version=beta{query}")));
    }

    #[test]
    fn a_filter_comes_through_encoding_unchanged(filter in "[^ \t\r\n]\\PC{0,60}") {
        prop_assume!(!filter.trim().is_empty());
        let encoded: Vec<String> = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let encoded = encoded.concat();
        prop_assert_eq!(parse(Some(&format!("api-version=beta&$filter={encoded}"))).unwrap().filter.unwrap(), filter);
    }
}
