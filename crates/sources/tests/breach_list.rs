//! Breach lists: who is listed for what, by whatever table or file; and that nothing of a password is kept, wherever it stands.
//!
//! Expected values were written by hand from the fixtures.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod common;

use common::{read, read_as};
use model::reports;
use serde_json::Value;
use sources::{ALL, Choice, Understanding, Understood, understand};
use std::fmt::Write;

const HAVE_I_BEEN_PWNED: &str = include_str!("../../../fuzz/seeds/breach-list/have_i_been_pwned.json");

/// Stands wherever a list has a password or what was made of one.
const SECRET: &str = "correct-horse-7";

fn events(input: &str) -> Vec<Understood> {
    read(input.as_bytes())
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Event(understood) => Some(*understood),
            _ => None,
        })
        .collect()
}

/// Each row as `report: eventTime, userName, credentialType, reason`.
fn rows(input: &str) -> Vec<String> {
    let rows = events(input).into_iter().flat_map(|event| event.draft().rows);
    rows.map(|row| {
        let members: Value = serde_json::from_slice(&row.json).unwrap();
        let text = |name: &str| members[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{}: {}, {}, {}, {}",
            reports::by_number(row.report).unwrap().name,
            text("eventTime"),
            text("userName"),
            text("credentialType"),
            text("reason")
        )
    })
    .collect()
}

const WITH_PASSWORDS: &str = "compromisedCredentials: 2012-05-05T00:00:00Z, ann@contoso.example, Password, Account in a data breach with passwords (imported breach list: breachedPassword, detail Northwind of 2012-05-05)";
const WITHOUT: &str = "compromisedCredentials: 2012-05-05T00:00:00Z, ann@contoso.example, -, Account in a data breach (imported breach list: breachedAccount, detail Northwind of 2012-05-05)";

fn check(input: &str, expected: &[&str]) {
    assert_eq!(rows(input), expected, "{input}");
}

#[test]
fn a_table_is_a_list_whatever_the_order_and_case_of_its_headings() {
    check(
        "account,breach,date\nann@contoso.example,Northwind,2012-05-05\n",
        &[WITHOUT],
    );
    check(
        "DATE;Breach;ACCOUNT\n2012-05-05;Northwind;ann@contoso.example\n",
        &[WITHOUT],
    );
    check(
        "Domain Email\tBreach Name\tBreach Date\nann@contoso.example\tNorthwind\t2012-05-05\n",
        &[WITHOUT],
    );
    check(
        "sep=,\nemail,breach_name,BreachDate\nann@contoso.example,Northwind,2012-05-05T23:59:59Z\n",
        &[WITHOUT],
    );
    check(
        "{\"email\":\"ann@contoso.example\",\"breach\":\"Northwind\",\"date\":\"2012-05-05\"}\n",
        &[WITHOUT],
    );
    check(
        "{\"log\":{\"account\":\"ann@contoso.example\",\"breach\":\"Northwind\",\"date\":\"2012-05-05\"}}\n",
        &[WITHOUT],
    );
}

#[test]
fn a_credential_is_a_password_only_where_the_list_says_so() {
    let with = |classes: &str| {
        format!("account,breach,date,data classes\nann@contoso.example,Northwind,2012-05-05,\"{classes}\"\n")
    };
    check(&with("Email addresses, Passwords"), &[WITH_PASSWORDS]);
    check(&with("email addresses;PASSWORD HASHES"), &[WITH_PASSWORDS]);
    check(&with("Email addresses, Password hints"), &[WITHOUT]);
    check(&with("Password strengths|Names"), &[WITHOUT]);
    check(&with(""), &[WITHOUT]);
}

#[test]
fn have_i_been_pwneds_answer_is_an_entry_for_each_account_and_breach() {
    let fabrikam = |user: &str| {
        format!(
            "compromisedCredentials: 2019-01-07T00:00:00Z, {user}@contoso.example, -, Account in a data breach (imported breach list: breachedAccount, detail Fabrikam of 2019-01-07)"
        )
    };
    check(
        HAVE_I_BEEN_PWNED,
        &[WITH_PASSWORDS, &fabrikam("ann"), &fabrikam("bob")],
    );
    let told: Vec<String> = read(HAVE_I_BEEN_PWNED.as_bytes())
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Ignored { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["it is an account in a paste, which is no breach"]);
    check("{\"BreachSearchResults\":[],\"PasteSearchResults\":[]}", &[]);
    check(
        "{\"Alias\":\"ann\",\"DomainName\":\"contoso.example\",\"Breaches\":[{\"Name\":\"Northwind\",\"BreachDate\":\"2012-05-05\"}]}",
        &[WITHOUT],
    );
}

#[test]
fn it_is_one_event_by_whatever_file_and_two_breaches_are_two() {
    let keys = |input: &str| -> Vec<String> {
        events(input)
            .iter()
            .map(|event| format!("{:?}", event.key))
            .collect()
    };
    let table = keys(
        "account,breach,date\nann@contoso.example,Northwind,2012-05-05\nann@contoso.example,Fabrikam,2019-01-07\nbob@contoso.example,Fabrikam,2019-01-07\n",
    );
    assert_eq!(keys(HAVE_I_BEEN_PWNED), table);
    assert_eq!(
        keys("account,breach,date\nANN@Contoso.example,Northwind,2012-05-05\n"),
        table[..1]
    );
    for other in [
        "bob@contoso.example,Northwind,2012-05-05",
        "ann@contoso.example,Northwind,2012-05-06",
    ] {
        assert_ne!(
            keys(&format!("account,breach,date\n{other}\n")),
            table[..1],
            "{other}"
        );
    }
    // Made once with Python: uuid.uuid5(ns, b"".join(len(p).to_bytes(8, "big") + p for p in parts)).
    assert_eq!(table[0], "da93fd0f-1808-5dd8-a8dc-bca265f53413");
    let ids: Vec<Value> = events(HAVE_I_BEEN_PWNED)
        .into_iter()
        .flat_map(|event| event.draft().rows)
        .map(|row| serde_json::from_slice::<Value>(&row.json).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1], "the id names the user");
    assert_ne!(ids[0], ids[2]);
}

/// Every byte that comes out of an input, whatever became of its records.
fn kept(choice: Choice, input: &str) -> String {
    let mut kept = String::new();
    for record in read_as(choice, input.as_bytes()) {
        match record.understanding {
            Understanding::Event(event) => {
                let _ = write!(kept, "{:?}", event.event);
                kept.push_str(&String::from_utf8_lossy(&event.original));
                for row in event.draft().rows {
                    kept.push_str(&String::from_utf8_lossy(&row.json));
                    kept.push_str(&String::from_utf8_lossy(&row.particulars));
                }
            }
            Understanding::Rejected { reason, original } => {
                kept.push_str(&reason);
                kept.push_str(&String::from_utf8_lossy(&original));
            }
            Understanding::Ignored { reason } => kept.push_str(&reason),
            Understanding::Fragment(part) => panic!("{part:?}"),
        }
    }
    kept
}

#[test]
fn nothing_of_a_password_comes_out_whatever_its_column_is_called() {
    for input in [
        "account,breach,date,password\nann@contoso.example,Northwind,2012-05-05,correct-horse-7\n",
        "account,breach,date,Passwort (Klartext)\nann@contoso.example,Northwind,2012-05-05,correct-horse-7\n",
        "account,breach,date,whatever\nann@contoso.example,Northwind,2012-05-05,correct-horse-7\n",
        "account,breach,date,\nann@contoso.example,Northwind,2012-05-05,correct-horse-7\n",
        // Rows that are refused: no date, no account, too few cells, too many, a quote that is not closed, text after one.
        "account,breach,date,password\nann@contoso.example,Northwind,,correct-horse-7\n",
        "account,breach,date,password\n,Northwind,2012-05-05,correct-horse-7\n",
        "account,breach,date,password\nann@contoso.example,correct-horse-7\n",
        "account,breach,date,password\nann@contoso.example,Northwind,2012-05-05,a,correct-horse-7\n",
        "account,breach,date,password\nann@contoso.example,Northwind,2012-05-05,\"correct-horse-7\n",
        "account,breach,date,password\nann@contoso.example,Northwind,2012-05-05,\"x\"correct-horse-7\n",
        "account,breach,date\nann@contoso.example:correct-horse-7,Northwind,2012-05-05\n",
        "account,breach,date\nann@contoso.example,Northwind,correct-horse-7\n",
        // A list that nobody knows.
        "user,site,hash\nann,northwind.example,correct-horse-7\n",
        "{\"account\":\"ann@contoso.example\",\"breach\":\"Northwind\",\"date\":\"2012-05-05\",\"password\":\"correct-horse-7\"}",
        "{\"account\":{\"x\":\"correct-horse-7\"},\"breach\":\"Northwind\",\"date\":\"2012-05-05\"}",
        "{\"account\":\"ann@contoso.example\",\"breach\":\"Northwind\",\"date\":\"?\",\"password\":\"correct-horse-7\"}",
        "{\"password\":\"correct-horse-7\",\"log\":{\"account\":\"ann@contoso.example\",\"breach\":\"Northwind\",\"date\":\"2012-05-05\"}}",
        "{\"Alias\":\"ann\",\"DomainName\":\"contoso.example\",\"Password\":\"correct-horse-7\",\"Breaches\":[{\"Name\":\"Northwind\",\"BreachDate\":\"2012-05-05\",\"Password\":\"correct-horse-7\"}]}",
    ] {
        let kept = kept(Choice::Auto, input);
        assert!(!kept.is_empty(), "{input}");
        assert!(!kept.contains(SECRET), "{input}\n{kept}");
    }
}

#[test]
fn what_is_no_list_is_not_taken_for_one() {
    let format = ALL.iter().find(|format| format.id == "breach-list").unwrap();
    for input in [
        "account,breach,when\nann@contoso.example,Northwind,2012-05-05\n",
        "account,date,site\nann@contoso.example,2012-05-05,Northwind\n",
        "Email,Breaches,Domain\nann@contoso.example,2,contoso.example\n",
        "{\"Name\":\"Northwind\",\"BreachDate\":\"2012-05-05\",\"PwnCount\":1}",
        "{\"ann\":[\"Northwind\"]}",
    ] {
        let records = read_as(Choice::Only(format), input.as_bytes());
        let is_event = |understanding: &Understanding| matches!(understanding, Understanding::Event(_));
        assert!(
            !records.is_empty() && !records.iter().any(|record| is_event(&record.understanding)),
            "{input}: {records:?}"
        );
    }
}

#[test]
fn what_is_kept_is_read_again_the_same() {
    for input in [
        HAVE_I_BEEN_PWNED,
        "Domain Email;Breach Name;Breach Date;Password;Added Date\nann@contoso.example;Northwind;2012-05-05;correct-horse-7;2016-05-21\n",
    ] {
        for event in events(input) {
            let Some(Understanding::Event(again)) = understand(&Choice::Auto, event.original.clone()) else {
                panic!("{input}")
            };
            assert_eq!(
                (again.key, again.rank, again.event, again.original),
                (event.key, event.rank, event.event, event.original)
            );
        }
    }
}
