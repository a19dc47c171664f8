//! Files that come, change, break and go, as the server sees them.

use super::*;
use crate::config::{Inputs, load as load_config};
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

const CITY: &[u8] = include_bytes!("../../../enrich/tests/data/nested-city.mmdb");
const COUNTRY_OF_ALL: &[u8] = include_bytes!("../../../enrich/tests/data/ipinfo.mmdb");

fn at(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// A data folder, a file of settings, and files beside it.
struct Operator {
    home: TempDir,
    enriching: Enriching,
    settings: String,
}

impl Operator {
    fn new(settings: &str) -> Operator {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("data")).unwrap();
        Operator {
            home,
            enriching: Enriching::default(),
            settings: settings.to_owned(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file as of a day.
    fn write(&self, name: &str, bytes: &[u8], day: &str) {
        fs::write(self.path(name), bytes).unwrap();
        let seconds = u64::try_from(at(day).unix_seconds()).unwrap();
        let file = fs::File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    }

    fn config(&self) -> Config {
        let folder = self.path("data").to_string_lossy().into_owned();
        let loaded = load_config(&Inputs {
            file: Some((self.path("gatelog.toml"), self.settings.clone())),
            overrides: vec![("data.folder".to_owned(), folder)],
            ..Inputs::default()
        });
        loaded.unwrap().config
    }

    fn renew(&self) -> EnrichmentStatus {
        self.enriching.renew(&self.config()).status(at("2026-06-10"))
    }

    /// Class and note of the lists that named an address.
    fn listed(&self, address: &str, moment: &str) -> Vec<String> {
        let enrichment = self.enriching.current(&self.config());
        let found = enrichment.look_up(address.parse().unwrap(), at(moment));
        let note = |note: Option<Arc<str>>| note.map_or("-".to_owned(), |note| note.to_string());
        found
            .listed
            .into_iter()
            .map(|listing| format!("{} {}", listing.class.as_str(), note(listing.note)))
            .collect()
    }

    fn place(&self, address: &str) -> Option<String> {
        let enrichment = self.enriching.current(&self.config());
        enrichment
            .look_up(address.parse().unwrap(), at("2026-06-10"))
            .place_name()
    }

    fn failure(&self, name: &str) -> Option<String> {
        let status = self.renew();
        let source = status.sources.into_iter().find(|source| source.name == name);
        source.unwrap().failure
    }
}

const A_LIST: &str = "[[enrichment.lists]]\nclass = \"tor\"\nfile = \"exits.txt\"\n";

#[test]
fn without_any_file_there_are_countries() {
    let operator = Operator::new("");
    assert_eq!(operator.place("8.8.8.8").as_deref(), Some("US"));
    let status = operator.renew();
    assert_eq!(status.sources.len(), 1);
    assert_eq!(status.sources[0].as_of.as_deref(), Some("2026-06-17T19:51:40Z"));
    assert_eq!(status.sources[0].entries, 616_929);
}

#[test]
fn a_list_that_changes_counts_at_once_and_an_old_event_by_the_list_of_its_day() {
    let operator = Operator::new(A_LIST);
    operator.write("exits.txt", b"203.0.113.7 old\n", "2026-05-01");
    operator.renew();
    assert_eq!(operator.listed("203.0.113.7", "2026-06-05"), ["tor old"]);
    operator.write("exits.txt", b"203.0.113.8 new\n", "2026-06-01");
    let status = operator.renew();
    assert_eq!(operator.listed("203.0.113.7", "2026-05-31"), ["tor old"]);
    assert_eq!(operator.listed("203.0.113.7", "2026-06-05"), Vec::<String>::new());
    assert_eq!(operator.listed("203.0.113.8", "2026-05-31"), Vec::<String>::new());
    assert_eq!(operator.listed("203.0.113.8", "2026-06-05"), ["tor new"]);
    let list = &status.sources[1];
    assert_eq!(
        (list.name.as_str(), list.entries, list.ended_entries),
        ("exits", 1, 1)
    );
    assert_eq!((list.age_seconds, list.is_stale), (Some(9 * 86_400), false));

    // The server starts anew: what was kept is below the data folder.
    let later = Operator {
        enriching: Enriching::default(),
        ..operator
    };
    assert_eq!(later.listed("203.0.113.7", "2026-05-31"), ["tor old"]);
    assert_eq!(later.listed("203.0.113.7", "2026-06-05"), Vec::<String>::new());
    // And even without the file.
    fs::remove_file(later.path("exits.txt")).unwrap();
    assert!(later.failure("exits").unwrap().contains("cannot read"));
    assert_eq!(later.listed("203.0.113.8", "2026-06-05"), ["tor new"]);
}

#[test]
fn a_bad_list_keeps_the_old_one_and_says_so() {
    let operator = Operator::new(A_LIST);
    operator.write("exits.txt", b"203.0.113.7\n", "2026-05-01");
    operator.renew();
    operator.write("exits.txt", b"203.0.113.8\n<html>\n", "2026-06-01");
    let failure = operator.failure("exits").unwrap();
    assert!(
        failure.contains("exits.txt: line 2 of the list `exits`: `<html>` is no address"),
        "{failure}"
    );
    assert_eq!(operator.listed("203.0.113.7", "2026-06-05"), ["tor -"]);
    assert_eq!(operator.listed("203.0.113.8", "2026-06-05"), Vec::<String>::new());
    // It is mended.
    operator.write("exits.txt", b"203.0.113.8\n", "2026-06-02");
    assert_eq!(operator.failure("exits"), None);
    assert_eq!(operator.listed("203.0.113.8", "2026-06-05"), ["tor -"]);
    // An older one is no successor.
    operator.write("exits.txt", b"203.0.113.9\n", "2026-04-01");
    let failure = operator.failure("exits").unwrap();
    assert!(failure.contains("older than what is in force"), "{failure}");
    assert_eq!(operator.listed("203.0.113.8", "2026-06-05"), ["tor -"]);
}

#[test]
fn a_bad_file_of_places_keeps_the_old_one_and_says_so() {
    let operator = Operator::new("[enrichment]\ndatabases = [\"city.mmdb\"]\n");
    assert!(operator.failure("city.mmdb").unwrap().contains("cannot read"));
    assert_eq!(operator.place("203.0.113.1"), None);
    operator.write("city.mmdb", CITY, "2026-05-01");
    assert_eq!(operator.failure("city.mmdb"), None);
    assert_eq!(operator.place("203.0.113.1").as_deref(), Some("Berlin, DE"));
    // Damaged in its middle: a server that runs reads all of a new file first.
    let mut damaged = CITY.to_vec();
    let place = damaged.windows(6).position(|window| window == b"Berlin").unwrap();
    damaged[place] = 0xff;
    for bad in [&damaged, &CITY[..300]] {
        operator.write("city.mmdb", bad, "2026-06-01");
        let failure = operator.failure("city.mmdb").unwrap();
        assert!(failure.contains("no sound file"), "{failure}");
        assert_eq!(operator.place("203.0.113.1").as_deref(), Some("Berlin, DE"));
    }
}

#[test]
fn what_did_not_change_is_the_same_value() {
    let operator = Operator::new(A_LIST);
    operator.write("exits.txt", b"203.0.113.7\n", "2026-05-01");
    let config = operator.config();
    let first = operator.enriching.current(&config);
    operator.enriching.renew(&config);
    assert!(Arc::ptr_eq(&first, &operator.enriching.current(&config)));
    operator.write("exits.txt", b"203.0.113.7 but why\n", "2026-05-02");
    operator.enriching.renew(&config);
    assert!(!Arc::ptr_eq(&first, &operator.enriching.current(&config)));
}

#[test]
fn a_class_may_be_stale_sooner_or_never() {
    let stale = |settings: &str| {
        let operator = Operator::new(&format!("{settings}\n{A_LIST}"));
        operator.write("exits.txt", b"203.0.113.7\n", "2026-05-01");
        operator.renew().sources[1].is_stale
    };
    assert!(stale(""));
    assert!(!stale("[enrichment.max_age_days]\ntor = 60\n"));
    assert!(!stale("[enrichment.max_age_days]\ntor = 0\n"));
    assert!(stale("[enrichment.max_age_days]\ntor = 7\n"));
}

#[test]
fn files_that_are_put_below_the_data_folder_count() {
    let operator = Operator::new("");
    let data = operator.path("data");
    operator.write("city.mmdb", CITY, "2026-05-01");
    operator.write("exits.txt", b"203.0.113.7 old\n", "2026-05-01");
    operator.renew();
    update(&data, &Update::Places(vec![operator.path("city.mmdb")])).unwrap();
    let list = |file: &str| Update::List {
        class: ListClass::Tor,
        name: "all.exits".to_owned(),
        file: operator.path(file),
    };
    update(&data, &list("exits.txt")).unwrap();
    operator.renew();
    assert_eq!(operator.place("203.0.113.1").as_deref(), Some("Berlin, DE"));
    assert_eq!(operator.listed("203.0.113.7", "2026-06-05"), ["tor old"]);
    operator.write("newer.txt", b"203.0.113.8 new\n", "2026-06-01");
    let updated = update(&data, &list("newer.txt")).unwrap();
    assert_eq!(
        (updated[0].entries, updated[0].as_of.as_str()),
        (1, "2026-06-01T00:00:00Z")
    );
    operator.renew();
    assert_eq!(operator.listed("203.0.113.7", "2026-05-31"), ["tor old"]);
    assert_eq!(operator.listed("203.0.113.7", "2026-06-05"), Vec::<String>::new());
    let refused = update(&data, &list("exits.txt")).unwrap_err().to_string();
    assert!(
        refused.contains("older than the list in force") && refused.ends_with("nothing was changed"),
        "{refused}"
    );
}

#[test]
fn countries_are_replaced_by_newer_ones_alone() {
    let operator = Operator::new("");
    // Built on 1 January 2026 (`maxminddb` for Python), before the table of the program.
    operator.write("country.mmdb", COUNTRY_OF_ALL, "2026-07-01");
    let refused = update(
        &operator.path("data"),
        &Update::Countries(operator.path("country.mmdb")),
    )
    .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("is as of 2026-01-01T00:00:00Z, older"),
        "{refused}"
    );

    let mut builder = enrich::CountryTableBuilder::new(at("2027-01-01"), "made up");
    let address = |text: &str| text.parse().unwrap();
    let country = model::whereabouts::Country::parse("IS").unwrap();
    builder
        .push(address("8.0.0.0"), address("8.255.255.255"), country)
        .unwrap();
    operator.write("newer.table", &builder.finish().to_bytes().unwrap(), "2026-07-01");
    update(
        &operator.path("data"),
        &Update::Countries(operator.path("newer.table")),
    )
    .unwrap();
    let status = operator.renew();
    assert_eq!(operator.place("8.8.8.8").as_deref(), Some("IS"));
    assert_eq!(status.sources[1].about, "made up");
}
