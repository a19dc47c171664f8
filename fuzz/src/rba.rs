//! Any bytes as the RBA data set's file: a reason that names a line that the file has, or rows that say the same again.

use world::rba::{RbaColumns, RbaError, RbaRow, read_all};

/// Takes the bytes for a file, and for rows below a sound heading.
pub fn check(bytes: &[u8]) {
    check_file(bytes);
    let mut file = HEADING.as_bytes().to_vec();
    file.push(b'\n');
    file.extend_from_slice(bytes);
    check_file(&file);
}

const HEADING: &str = "index,Login Timestamp,User ID,IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Login Successful,Is Attack IP,Is Account Takeover";

fn check_file(file: &[u8]) {
    let lines: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
    let all: Vec<Result<RbaRow, RbaError>> = read_all(file).collect();
    assert!(all.len() <= lines.len());
    for error in all.iter().filter_map(|row| row.as_ref().err()) {
        let text = error.to_string();
        assert!(!text.contains('\n') && text.len() < 512, "{text:?}");
        if let Some(line) = line_of(error) {
            assert!((1..=lines.len() as u64).contains(&line), "{text}");
        }
    }
    // Line by line, as a caller with a file of nine gigabytes reads it, the same comes out.
    let one_by_one: Vec<Result<RbaRow, RbaError>> = match RbaColumns::of(lines[0]) {
        Err(error) => vec![Err(error)],
        Ok(columns) => (2_u64..)
            .zip(&lines[1..])
            .filter_map(|(number, line)| columns.read(line, number).transpose())
            .collect(),
    };
    assert_eq!(all, one_by_one);
}

fn line_of(error: &RbaError) -> Option<u64> {
    match error {
        RbaError::NoColumn(_) | RbaError::TwiceColumn(_) => None,
        RbaError::LongLine { line }
        | RbaError::NotText { line }
        | RbaError::Quote { line }
        | RbaError::Cells { line, .. }
        | RbaError::Cell { line, .. } => Some(*line),
    }
}
