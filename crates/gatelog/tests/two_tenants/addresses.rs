//! Every address of the router, as the server lists it.

use crate::cases::{CASES, CODE, CREDENTIALS};
use crate::support::http::Request;
use crate::{ADDRESSES, says, site};
use std::collections::BTreeSet;

#[test]
fn every_address_of_the_router_has_its_case() {
    let known: BTreeSet<&str> = CASES.iter().map(|case| case.address).collect();
    let addresses = server::routes::addresses();
    let served: BTreeSet<&str> = addresses.iter().map(String::as_str).collect();
    let unknown: Vec<_> = served.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "addresses of the router without a case here: {unknown:#?}"
    );
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(
        gone.is_empty(),
        "cases of addresses that the router has not: {gone:#?}"
    );
}

#[test]
fn no_address_tells_one_tenant_anything_of_the_other() {
    let site = site();
    let mut faults = Vec::new();
    for (own, other) in [(0, 1), (1, 0)].map(|(own, other)| (&site.tenants[own], &site.tenants[other])) {
        for case in CASES {
            for (word, expected) in [
                (own.name, case.at_own),
                (own.id, case.at_own),
                (other.name, case.at_other),
                (other.id, case.at_other),
            ] {
                let fill = |text: &str| {
                    text.replace("{code}", CODE)
                        .replace("{credentials}", CREDENTIALS)
                        .replace("{t}", word)
                        .replace("{o}", other.name)
                        .replace("{c}", &other.application.client_id)
                        .replace("{u}", &other.person_id)
                        .replace("{token}", &other.person)
                        .replace("{own}", &own.application.proof())
                };
                let target = fill(case.target);
                let request = Request::new(case.method, &target);
                // Forms say by themselves who sends them; everything else is sent with the person's token.
                let request = match case.body.map(fill) {
                    Some(body) if body.contains('=') => request.form(&body),
                    Some(body) => request.bearer(&own.person).body(body),
                    None => request.bearer(&own.person),
                };
                let answer = site.server.send(&request);
                let mut fault = |what: &str| {
                    let asked = format!("{} {target} by {}", case.method, own.name);
                    faults.push(format!("{asked}: {what}: {} {}", answer.status, answer.text()));
                };
                if !expected.contains(&answer.status) {
                    fault(&format!("not one of {expected:?}"));
                }
                if says(&answer, other.mark) {
                    fault("it tells of the other's people or events");
                }
                let is_own = word == own.name || word == own.id;
                if is_own && answer.status == 200 && says(&answer, other.id) {
                    fault("it names the other tenant");
                }
                if answer.text().contains(r#""active":true"#) {
                    fault("the other's token is none here");
                }
            }
        }
        // Nothing of it changed anything of the other, or took a token from it.
        let target = format!("/{}/admin/users/{}", other.name, other.person_id);
        let person = site.server.get(&other.person, &target);
        assert_eq!(person.status, 200, "{}", person.text());
        assert!(person.json()["disabled"].is_null() && person.text().contains(other.mark));
        let application = format!("/{}/admin/apps/{}", other.name, other.application.client_id);
        assert!(says(
            &site.server.get(&other.person, &application),
            &other.application.client_id
        ));
        assert_eq!(
            site.server
                .get(&other.token, &ADDRESSES[0].0.replace("{t}", other.name))
                .status,
            200
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
