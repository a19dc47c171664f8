//! "Did you mean": the nearest of the known names.

/// What stands beyond this in a name is not compared: the work grows with the length.
const LONGEST_NAME: usize = 100;

/// The known name that was probably meant: one with the same last part, else the nearest by edit distance.
pub(super) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let written: String = written.to_ascii_lowercase().chars().take(LONGEST_NAME).collect();
    let last_part = written.rsplit('.').next().unwrap_or_default();
    let mut best: Option<(usize, &str)> = None;
    for name in known.iter().copied() {
        let distance = strsim::osa_distance(&written, &name.to_ascii_lowercase());
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    let (distance, name) = best?;
    if distance <= (written.len() / 4).clamp(1, 4) {
        return Some(name);
    }
    known
        .iter()
        .copied()
        .find(|name| name.rsplit('.').next() == Some(last_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<&str>) {
        let known = [
            "server.listen",
            "server.admin_listen",
            "limits.body_bytes",
            "log.level",
        ];
        assert_eq!(nearest(written, &known), expected, "{written}");
    }

    #[test]
    fn a_slip_of_the_fingers_finds_the_name() {
        check("server.lisen", Some("server.listen"));
        check("server.lsiten", Some("server.listen"));
        check("Server.Listen", Some("server.listen"));
        check("sever.listen", Some("server.listen"));
        check("limits.body_byte", Some("limits.body_bytes"));
    }

    #[test]
    fn the_right_name_in_the_wrong_section_is_found() {
        check("listen", Some("server.listen"));
        check("logging.level", Some("log.level"));
    }

    #[test]
    fn a_strange_name_suggests_nothing() {
        check("database.password", None);
        check("", None);
    }
}
