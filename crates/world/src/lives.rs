//! What honest people do all day: when they sign in, with what, how it ends.

use crate::act::{Act, End};
use crate::connection::{Connection, Hand, Scene, Setting, connect};
use crate::exits::{self, TrueListing};
use crate::geo::Position;
use crate::itinerary::{self, Place};
use crate::people::Person;
use crate::truth::{Actor, HardCase, HardCases, Truth};
use generator::chance::Chance;
use model::event::SignInKind;
use model::time::{TICKS_PER_DAY, Timestamp};

const KEY_DAY: u64 = 10;
const KEY_SHARED_DAY: u64 = 11;
const KEY_DESK: u64 = 12;

/// Between coming to the desk and leaving it.
const MINUTES_AT_DESK: f64 = 510.0;
const TICKS_PER_MINUTE: f64 = 600_000_000.0;

/// How many of a thousand interactive sign-ins begin with a wrong password.
const MISTYPED: u64 = 45;
/// How many of a thousand have a step in between that is no failure.
const INTERRUPTED: u64 = 150;
/// How many of a thousand records come twice.
const DOUBLED: u64 = 15;

/// Everything that one person's lives need.
pub(crate) struct Author<'a> {
    pub(crate) setting: Setting<'a>,
    pub(crate) botnet: &'a [TrueListing],
    pub(crate) tools: &'a ToolNumbers,
    pub(crate) acts: Vec<Act>,
}

/// The numbers of each person's machines in the world's list.
#[derive(Debug, Default)]
pub(crate) struct ToolNumbers {
    /// Of each person laptop, phone and own machine: from which day of the plan it is which, the first from 0.
    pub(crate) of_person: Vec<[Vec<(u32, u32)>; 3]>,
    pub(crate) tor_browser: u32,
}

impl ToolNumbers {
    pub(crate) fn of(&self, person: u32, hand: Hand, day: u32) -> u32 {
        let [laptop, phone, own] = &self.of_person[person as usize];
        let versions = match hand {
            Hand::Laptop => laptop,
            Hand::Phone => phone,
            Hand::Own => own,
            Hand::Tor => return self.tor_browser,
        };
        let after = versions.partition_point(|(from, _)| *from <= day);
        versions[after.saturating_sub(1)].1
    }
}

/// One wish to sign in: when, with what, and whether a person sits there.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// The minute of the local day.
    minute: i64,
    hand: Hand,
    kind: SignInKind,
}

/// A day of one person by the clock of where they are at noon of UTC.
struct Day {
    midnight: Timestamp,
    /// The number of the day in the plan.
    number: u32,
}

impl Author<'_> {
    /// Lives one person's days.
    pub(crate) fn live(&mut self, number: u32) {
        let plan = self.setting.plan;
        for day in 0..plan.days {
            let chance = &mut Chance::of(plan.seed, &[KEY_DAY, u64::from(number), u64::from(day)]);
            self.live_day(number, day, chance);
        }
    }

    /// Lives the days of an account that several people share.
    pub(crate) fn share(&mut self, account: u32, members: &[u32]) {
        let plan = self.setting.plan;
        for day in 0..plan.days {
            for member in members {
                let keys = [
                    KEY_SHARED_DAY,
                    u64::from(account),
                    u64::from(day),
                    u64::from(*member),
                ];
                let chance = &mut Chance::of(plan.seed, &keys);
                if !chance.in_thousand(300) {
                    continue;
                }
                let Some(today) = self.day(*member, day) else {
                    continue;
                };
                let wish = Wish {
                    minute: chance.around(12 * 60, 5 * 60),
                    hand: Hand::Laptop,
                    kind: SignInKind::Interactive,
                };
                let hard = HardCases::NONE.with(HardCase::SharedAccount);
                self.grant(account, *member, &today, wish, hard, chance);
            }
        }
    }

    fn day(&self, number: u32, day: u32) -> Option<Day> {
        let setting = self.setting;
        let person = &setting.cast.people[number as usize];
        let begins = setting.plan.start.plus_days(i64::from(day));
        let stay = itinerary::at(&person.stays, begins.plus_seconds(43_200))?;
        let position = match stay.at {
            Place::Home => person.home,
            Place::Away(journey) => journey.position,
        };
        Some(Day {
            midnight: begins.plus_seconds(-position.clock_ahead_seconds()),
            number: day,
        })
    }

    /// Whether somebody goes to the desk on a day of the clock at home. The same answer whoever asks, and for what.
    fn goes_to_desk(&self, number: u32, day: i64) -> bool {
        let plan = self.setting.plan;
        let person = &self.setting.cast.people[number as usize];
        let chance = &mut Chance::of(plan.seed, &[KEY_DESK, u64::from(number), day as u64]);
        person.desk.is_some()
            && !is_weekend(plan.start.plus_days(day).plus_seconds(43_200))
            && !chance.in_thousand(person.habits.days_at_home)
    }

    /// How much of the way from home to the desk lies behind somebody who is not on a journey: 0 at home, 1 at the desk.
    fn share_of_way(&self, number: u32, time: Timestamp) -> f64 {
        let person = &self.setting.cast.people[number as usize];
        let Some(desk) = person.desk else { return 0.0 };
        let local = time.plus_seconds(person.home.clock_ahead_seconds());
        let ticks = local.ticks() - self.setting.plan.start.ticks();
        let today = ticks.div_euclid(TICKS_PER_DAY);
        let commute = desk.commute_minutes as f64;
        let starts = person.habits.starts_at_minute as f64;
        let mut share: f64 = 0.0;
        // Who works late comes home after midnight.
        for day in [today - 1, today] {
            if !self.goes_to_desk(number, day) {
                continue;
            }
            let minute = (ticks - day * TICKS_PER_DAY) as f64 / TICKS_PER_MINUTE;
            let out = (minute - (starts - commute)) / commute;
            let back = (starts + MINUTES_AT_DESK + commute - minute) / commute;
            share = share.max(out.min(back).clamp(0.0, 1.0));
        }
        share
    }

    /// Where somebody is; nothing while under way between two stays. Depends on nothing but the person and the time.
    fn whereabouts(&self, number: u32, time: Timestamp) -> Option<(Scene, Position)> {
        let person = &self.setting.cast.people[number as usize];
        let stay = itinerary::at(&person.stays, time)?;
        match stay.at {
            Place::Away(journey) => Some((Scene::Away(journey), journey.position)),
            Place::Home => {
                let share = self.share_of_way(number, time);
                let Some(desk) = person.desk.filter(|_| share > 0.0) else {
                    return Some((Scene::Home, person.home));
                };
                let office = self.setting.cast.offices[desk.office as usize].position;
                let scene = if share >= 1.0 {
                    Scene::Desk
                } else {
                    Scene::UnderWay
                };
                Some((scene, person.home.towards(office, share)))
            }
        }
    }

    /// Whether everybody at the person's office has a new password that day.
    fn is_password_day(&self, number: u32, today: &Day) -> bool {
        let Some(desk) = self.setting.cast.people[number as usize].desk else {
            return false;
        };
        self.setting.cast.offices[desk.office as usize].password_day == today.number
            && self.goes_to_desk(number, i64::from(today.number))
    }

    fn live_day(&mut self, number: u32, day: u32, chance: &mut Chance) {
        let Some(today) = self.day(number, day) else {
            return;
        };
        let person = &self.setting.cast.people[number as usize];
        let noon = today.midnight.plus_seconds(43_200);
        let works = !is_weekend(noon)
            && match itinerary::at(&person.stays, noon).map(|stay| stay.at) {
                Some(Place::Away(journey)) => journey.is_work,
                Some(Place::Home) => chance.in_thousand(940),
                None => false,
            };
        let has_tor = person.habits.has_tor;
        let is_stale = person.habits.stale_client_day == Some(day);
        for wish in wishes(person, works, has_tor, chance) {
            self.grant(number, number, &today, wish, HardCases::NONE, chance);
        }
        if is_stale {
            self.go_on_with_old_password(number, &today, chance);
        }
    }

    /// Signs in, as well as it goes.
    fn grant(
        &mut self,
        account: u32,
        number: u32,
        today: &Day,
        wish: Wish,
        hard: HardCases,
        chance: &mut Chance,
    ) {
        let seconds = wish.minute * 60 + chance.between(0, 59);
        let time = today
            .midnight
            .plus_seconds(seconds)
            .plus_ticks(chance.between(0, 9_999_999));
        let Some((body, mut connection)) = self.reach(number, wish.hand, time, chance) else {
            return;
        };
        let person = &self.setting.cast.people[number as usize];
        let mut hard = connection.hard.and(person.hard).and(hard);
        if let Some(stay) = itinerary::at(&person.stays, time)
            && stay.at != Place::Home
        {
            hard = hard.with(HardCase::Away);
        }
        let tool = self.tools.of(number, wish.hand, today.number);
        connection.hard = hard;
        let mut act = self.act(account, number, time, body, &connection, tool);
        act.kind = wish.kind;
        if wish.kind != SignInKind::Interactive {
            self.push(act, chance);
            return;
        }
        let is_password_day = self.is_password_day(number, today);
        let mistakes = mistakes(is_password_day, chance);
        if is_password_day {
            act.truth.hard = act.truth.hard.with(HardCase::PasswordDay);
        }
        for left in (1..=mistakes).rev() {
            let mut mistake = act;
            mistake.end = End::WrongPassword;
            self.push_before(mistake, number, 30 + left * 14, chance);
        }
        if chance.in_thousand(INTERRUPTED) {
            let mut interrupt = act;
            interrupt.end = *chance.pick(End::INTERRUPTS);
            interrupt.truth.hard = interrupt.truth.hard.with(HardCase::Interrupt);
            self.push_before(interrupt, number, chance.between(4, 25), chance);
        }
        act.end = match chance.below(1000) {
            0..8 => End::StrongAuthenticationDenied,
            8..12 => End::BlockedByPolicy,
            _ => End::Success,
        };
        self.push(act, chance);
    }

    /// A client on the phone tries the old password for hours, until somebody types in the new one.
    fn go_on_with_old_password(&mut self, number: u32, today: &Day, chance: &mut Chance) {
        let tries = chance.between(8, 45);
        let mut minute = chance.between(9 * 60, 12 * 60);
        let hard = HardCases::NONE.with(HardCase::StaleClient);
        for attempt in 0..=tries {
            minute += chance.between(1, 9);
            let wish = Wish {
                minute,
                hand: Hand::Phone,
                kind: SignInKind::Interactive,
            };
            let time = today.midnight.plus_seconds(minute * 60 + chance.between(0, 59));
            let Some((body, mut connection)) = self.reach(number, wish.hand, time, chance) else {
                continue;
            };
            let person = &self.setting.cast.people[number as usize];
            connection.hard = hard.and(connection.hard).and(person.hard);
            let tool = self.tools.of(number, Hand::Phone, today.number);
            let mut act = self.act(number, number, time, body, &connection, tool);
            if attempt < tries {
                act.end = End::WrongPassword;
            }
            self.push(act, chance);
        }
    }

    /// Where the person is at that time and by which address they get out; nothing while under way between two stays.
    fn reach(
        &self,
        number: u32,
        hand: Hand,
        time: Timestamp,
        chance: &mut Chance,
    ) -> Option<(Position, Connection)> {
        let (scene, body) = self.whereabouts(number, time)?;
        let connection = connect(self.setting, number, time, scene, body, hand, chance);
        Some((body, connection))
    }

    fn act(
        &self,
        account: u32,
        number: u32,
        time: Timestamp,
        body: Position,
        connection: &Connection,
        tool: u32,
    ) -> Act {
        let block = self.setting.atlas.block(connection.block);
        Act {
            time,
            account,
            kind: SignInKind::Interactive,
            end: End::Success,
            address: connection.address,
            tool,
            truth: Truth {
                actor: Actor::Owner(number),
                body,
                exit: block.position,
                used_for: block.used_for,
                is_infected: exits::is_in(self.botnet, connection.address, time),
                hard: connection.hard,
            },
        }
    }

    /// The same some seconds earlier, from where the person was then.
    fn push_before(&mut self, mut act: Act, number: u32, seconds: i64, chance: &mut Chance) {
        act.time = act.time.plus_seconds(-seconds);
        if let Some((_, body)) = self.whereabouts(number, act.time) {
            act.truth.body = body;
            self.push(act, chance);
        }
    }

    fn push(&mut self, mut act: Act, chance: &mut Chance) {
        if chance.in_thousand(DOUBLED) {
            act.truth.hard = act.truth.hard.with(HardCase::Duplicate);
        }
        let plan = self.setting.plan;
        if act.time >= plan.start && act.time < plan.end() {
            self.acts.push(act);
        }
    }
}

/// How often somebody mistypes before a sign-in.
fn mistakes(is_password_day: bool, chance: &mut Chance) -> i64 {
    if is_password_day && chance.in_thousand(600) {
        return chance.between(1, 3);
    }
    if !chance.in_thousand(MISTYPED) {
        return 0;
    }
    match chance.below(100) {
        0..75 => 1,
        75..93 => 2,
        93..99 => chance.between(3, 6),
        _ => chance.between(7, 12),
    }
}

fn wishes(person: &Person, works: bool, has_tor: bool, chance: &mut Chance) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut wish = |minute: i64, hand: Hand, kind: SignInKind| wishes.push(Wish { minute, hand, kind });
    let start = person.habits.starts_at_minute;
    let interactive = SignInKind::Interactive;
    if works {
        // Some look at their mail before they go.
        if chance.in_thousand(250) {
            wish(start - chance.between(60, 110), Hand::Phone, interactive);
        }
        wish(start + chance.between(2, 40), Hand::Laptop, interactive);
        for _ in 0..chance.below(4) {
            wish(start + chance.between(60, 500), Hand::Laptop, interactive);
        }
        for _ in 0..chance.between(2, 4) {
            wish(
                start + chance.between(30, 510),
                Hand::Laptop,
                SignInKind::NonInteractive,
            );
        }
        if chance.in_thousand(450) {
            wish(start + chance.between(-50, 560), Hand::Phone, interactive);
        }
        for _ in 0..chance.between(1, 3) {
            wish(
                chance.between(6 * 60 + 30, 23 * 60),
                Hand::Phone,
                SignInKind::NonInteractive,
            );
        }
        if chance.in_thousand(200) {
            wish(start + chance.between(600, 780), Hand::Laptop, interactive);
        }
    } else {
        for _ in 0..chance.below(3) {
            wish(chance.between(8 * 60, 23 * 60), Hand::Phone, interactive);
        }
        if chance.in_thousand(300) {
            wish(
                chance.between(8 * 60, 23 * 60),
                Hand::Phone,
                SignInKind::NonInteractive,
            );
        }
    }
    if person.own.is_some() && chance.in_thousand(150) {
        wish(chance.between(18 * 60 + 30, 22 * 60 + 30), Hand::Own, interactive);
    }
    if has_tor && chance.in_thousand(250) {
        wish(chance.between(19 * 60, 22 * 60), Hand::Tor, interactive);
    }
    wishes
}

/// Saturday or Sunday, by UTC.
fn is_weekend(time: Timestamp) -> bool {
    // 1970-01-01 was a Thursday.
    (time.day() + 3).rem_euclid(7) >= 5
}
