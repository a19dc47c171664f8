//! Any text as what MIM writes into its log: a request or a part, or refused. A request cut anywhere is the same request again, and
//! any parts together are a request or a reason.

use crate::Chance;
use crate::tables::{check_again, check_part};
use serde_json::json;
use sources::{Choice, Limits, Understanding, assemble, open};

/// Takes the bytes as the text of an event, and as what a request says and where it is cut.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for id in [4121, 4137] {
        check_text(&event(id, &text));
    }
    check_cuts(&text, Chance::of(bytes));
    // Whatever the chunks are: no panic, and a reason.
    let chunks: Vec<Vec<u8>> = text
        .split('\n')
        .map(|chunk| part(1, 2, chunk).into_bytes())
        .collect();
    if let Some(Understanding::Rejected { reason, .. }) = assemble("mim", &chunks) {
        assert!(!reason.is_empty());
    }
}

fn check_text(record: &str) {
    match one(record) {
        Understanding::Fragment(part) => check_part(&part),
        other => check_again(other),
    }
}

fn check_cuts(said: &str, chance: Chance) {
    let request = json!({
        "HybridObjectID": "0d1f0000-0000-4000-8000-0000000000ff", "ObjectType": "Request", "Operation": "Put",
        "RequestStatus": "Completed", "CommittedTime": "2024-05-04 10:20:30.417", "Justification": said,
    });
    let text: Vec<char> = request.to_string().chars().collect();
    let mut cuts: Vec<usize> = (3..7)
        .map(|place| usize::from(chance.one_of(place, &[1_u16, 7, 60, 150, 300, 900])))
        .collect();
    cuts.iter_mut().for_each(|cut| *cut = (*cut).min(text.len()));
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    let count = cuts.len() - 1;
    let parts: Vec<Vec<u8>> = cuts
        .windows(2)
        .enumerate()
        .map(|(number, range)| {
            let chunk: String = text[range[0]..range[1]].iter().collect();
            part(number + 1, count, &chunk).into_bytes()
        })
        .collect();
    let Some(Understanding::Event(assembled)) = assemble("mim", &parts) else {
        panic!("the parts of a request are no request: {said:?} cut at {cuts:?}");
    };
    let Understanding::Event(whole) = one(&json!({"EventID": 4121, "Message": request}).to_string()) else {
        panic!("a request is none: {said:?}");
    };
    assert_eq!(
        (assembled.key, assembled.rank, &assembled.event),
        (whole.key, whole.rank, &whole.event)
    );
}

fn part(number: usize, count: usize, chunk: &str) -> String {
    let id = "0d1f0000-0000-4000-8000-0000000000ff";
    event(
        4137,
        &format!("Request '{id}', message {number} out of {count}: \n{chunk}"),
    )
}

fn event(id: i64, text: &str) -> String {
    json!({"EventID": id, "Message": text}).to_string()
}

fn one(record: &str) -> Understanding {
    let mut records = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    parser.push(record.as_bytes(), &mut records);
    parser.finish(&mut records);
    assert_eq!(records.len(), 1, "{record}");
    records.swap_remove(0).understanding
}
