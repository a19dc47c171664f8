//! What is kept in the corpus, given to each check: a fault once found stays found.

use std::path::Path;

#[test]
fn every_check_holds_for_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in checks::ALL {
        let mut files = 0;
        for entry in std::fs::read_dir(corpus.join(target.name)).expect("every target has a corpus") {
            let path = entry.expect("the folder can be listed").path();
            println!("{} {}", target.name, path.display());
            (target.check)(&std::fs::read(&path).expect("the file can be read"));
            files += 1;
        }
        assert!(files > 0, "the corpus of {} is empty", target.name);
    }
}
