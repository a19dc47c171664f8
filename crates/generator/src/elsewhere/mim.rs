//! Microsoft Identity Manager's request log: passwords that people reset, registrations for it, groups that they join, leave
//! and make. Large requests come in parts.

use super::{Elsewhere, KEY_MIM, Scene, mim_request, working_hour};
use crate::chance::Chance;
use crate::people::Cast;
use model::json::ObjectWriter;
use model::time::Timestamp;

/// One record: a request, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(super) kind: Kind,
    pub(super) person: u32,
    /// The same for all parts of a request.
    pub(super) story: u64,
    /// When the request was committed, whatever part is written.
    pub(super) committed: Timestamp,
    /// Which part, from 1, of how many; a whole request is none.
    part: Option<(usize, usize)>,
}

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ResetPassword,
    /// A reset that was denied.
    ResetDenied,
    RegisterForReset,
    JoinGroup,
    LeaveGroup,
    CreateGroup,
}

const KINDS: &[(u32, Kind)] = &[
    (34, Kind::ResetPassword),
    (8, Kind::ResetDenied),
    (20, Kind::RegisterForReset),
    (20, Kind::JoinGroup),
    (12, Kind::LeaveGroup),
    (6, Kind::CreateGroup),
];

/// Of a hundred people one asks for something on a working day.
const ASKS_PER_THOUSAND: u64 = 11;

pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    for number in 0..cast.people.len() as u32 {
        let chance = &mut Chance::of(seed, &[KEY_MIM, u64::from(number), day as u64]);
        if !chance.in_thousand(ASKS_PER_THOUSAND) {
            continue;
        }
        let Some(time) = working_hour(seed, cast, number, day, chance) else {
            continue;
        };
        let time = super::to_millis(time);
        let mut act = Act {
            kind: *chance.weighted(KINDS),
            person: number,
            story: chance.number(),
            committed: time,
            part: None,
        };
        let parts = if chance.in_thousand(300) {
            chance.between(2, 4) as usize
        } else {
            1
        };
        for part in 1..=parts {
            act.part = (parts > 1).then_some((part, parts));
            moments.push((time, Elsewhere::Mim(act)));
        }
    }
}

/// The record, in the shape of the public samples: the number of the event and its message.
pub(super) fn write(scene: &Scene<'_>, act: Act) -> Vec<u8> {
    let chance = &mut Chance::new(act.story);
    let id = chance.guid().to_string();
    let request = mim_request::write(scene, act, &id, chance);
    let Some((part, parts)) = act.part else {
        return ObjectWriter::new()
            .integer("EventID", Some(4121))
            .raw("Message", &request)
            .finish();
    };
    let request = String::from_utf8_lossy(&request);
    let letters: Vec<char> = request.chars().collect();
    let each = letters.len().div_ceil(parts);
    let chunk: String = letters.into_iter().skip((part - 1) * each).take(each).collect();
    let message = format!("Request '{id}', message {part} out of {parts}: \n{chunk}");
    ObjectWriter::new()
        .integer("EventID", Some(4137))
        .text("Message", Some(&message))
        .finish()
}
