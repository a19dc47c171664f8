//! The generator: plans day by day and hands out one record after the other, oldest first.

use crate::Told;
use crate::apps::{APPS, App, SERVICES};
use crate::audit_record::{self, Actor, Audit, Target};
use crate::chance::Chance;
use crate::changes::{self, Change, Scene, group_id};
use crate::days::{self, Attempt, Moment, With};
use crate::devices::{BROWSER, MODERN_CLIENT, Machine, STRANGERS};
use crate::elsewhere::{self, Source};
use crate::names::GROUPS;
use crate::outcomes::{Outcome, SecondFactor};
use crate::people::{Cast, Person};
use crate::places::{CITIES, GREATEST_OFFSET_HOURS, Network, address};
use crate::provisioning;
use crate::scenes::{self, Origin, Part, Tool};
use crate::self_service::{Step, StepActor, StepTarget};
use crate::sign_in_record::{self, SignIn, Subject};
use crate::verdicts::{self, Noticed};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::BTreeMap;

/// What to make up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The same seed (and the same rest of the plan) gives the same bytes.
    pub seed: u64,
    /// How many people the directory has. A person causes about seven events on a working day.
    pub users: u32,
    /// How many days before `end` the first event may lie.
    pub days: u32,
    /// No event is later than this.
    pub end: Timestamp,
    /// The directory that sign-ins name as their home.
    pub tenant: TenantId,
    /// The domain of the people's addresses.
    pub domain: String,
}

/// Makes up the events of a plan, in time order, oldest first.
///
/// Memory holds the directory and about two days of plans (some 200 bytes an event), never the records.
#[derive(Debug)]
pub struct Generator {
    plan: Plan,
    start: Timestamp,
    cast: Cast,
    /// The next day that was not yet planned, counted from 1970-01-01.
    next_day: i64,
    /// What is planned and not yet handed out; the number keeps apart what happens at the same tick.
    planned: BTreeMap<(Timestamp, u64), Moment>,
    planned_count: u64,
    /// The same for what is numbered apart, see [`BESIDE`].
    beside_count: u64,
    /// The same for what happens beside Entra, see [`ELSEWHERE`].
    elsewhere_count: u64,
}

impl Generator {
    /// Starts at the beginning of the plan.
    pub fn new(plan: Plan) -> Generator {
        let start = plan.end.plus_days(-i64::from(plan.days));
        let cast = Cast::new(plan.seed, plan.users, &plan.domain);
        let planned = (SCENES..)
            .zip(scenes::before(plan.seed, &cast, plan.end))
            .filter(|(_, (time, _))| *time >= start && *time <= plan.end)
            .map(|(number, (time, part))| ((time, number), Moment::Scene(part)))
            .collect();
        Generator {
            start,
            cast,
            next_day: start.day() - 1,
            planned,
            planned_count: 0,
            beside_count: 0,
            elsewhere_count: 0,
            plan,
        }
    }

    /// Plans ahead until nothing can come any more before the first planned event.
    fn plan_ahead(&mut self) {
        loop {
            // Where clocks are furthest ahead, a day begins so long before it does in UTC.
            let day_begins =
                Timestamp::from_unix_seconds(self.next_day * 86_400 - GREATEST_OFFSET_HOURS * 3600);
            let enough = self
                .planned
                .first_key_value()
                .is_some_and(|((time, _), _)| *time < day_begins);
            if enough || day_begins > self.plan.end {
                return;
            }
            let seed = self.plan.seed;
            let mut beside = verdicts::of_day(seed, &self.cast, self.next_day);
            beside.extend(provisioning::of_day(seed, &self.cast, self.next_day));
            for (time, moment) in days::plan(seed, &self.cast, self.next_day) {
                if time >= self.start && time <= self.plan.end {
                    self.planned.insert((time, self.planned_count), moment);
                    beside.extend(verdicts::about(seed, time, self.planned_count, moment));
                }
                self.planned_count += 1;
            }
            for (time, moment) in beside {
                if time >= self.start && time <= self.plan.end {
                    self.planned.insert((time, BESIDE + self.beside_count), moment);
                }
                self.beside_count += 1;
            }
            for (time, moment) in elsewhere::of_day(seed, &self.cast, self.next_day) {
                if time >= self.start && time <= self.plan.end {
                    let number = ELSEWHERE + self.elsewhere_count;
                    self.planned.insert((time, number), Moment::Elsewhere(moment));
                }
                self.elsewhere_count += 1;
            }
            self.next_day += 1;
        }
    }

    fn write(&self, time: Timestamp, number: u64, moment: Moment) -> Vec<u8> {
        let chance = &mut Chance::of(self.plan.seed, &[KEY_RECORD, time.ticks() as u64, number]);
        match moment {
            Moment::SignIn(attempt) => self.sign_in(time, attempt, chance),
            Moment::Scene(part) => self.scene(time, part, chance),
            Moment::Service {
                service,
                instance,
                outcome,
            } => self.service_sign_in(time, service, instance, outcome, chance),
            Moment::Change {
                kind,
                person,
                administrator,
            } => self.change(time, kind, person, administrator, chance),
            Moment::SelfService {
                step,
                person,
                owner,
                story,
            } => self.self_service(time, step, person, owner, story, chance),
            Moment::Provisioned { person, app, act } => {
                let scene = provisioning::Scene {
                    seed: self.plan.seed,
                    tenant: self.plan.tenant,
                    time,
                    person: self.person(person),
                    app,
                    act,
                };
                provisioning::write(&scene, chance)
            }
            Moment::Noticed(noticed) => self.noticed(time, &noticed, chance),
            Moment::Leaked { person } => verdicts::leaked(self.person(person), time, chance),
            Moment::LeakedByService { service } => {
                verdicts::leaked_by_service(self.plan.seed, service, time, chance)
            }
            Moment::AtRisk { person } => verdicts::at_risk(self.person(person), time),
            Moment::Elsewhere(moment) => {
                let scene = elsewhere::Scene {
                    seed: self.plan.seed,
                    domain: &self.plan.domain,
                    cast: &self.cast,
                    time,
                };
                elsewhere::write(&scene, moment, chance)
            }
        }
    }

    /// A verdict names the id and the address of its sign-in: they are drawn once more, in the order of its record.
    fn noticed(&self, time: Timestamp, noticed: &Noticed, chance: &mut Chance) -> Vec<u8> {
        let of_sign_in = &mut Chance::of(
            self.plan.seed,
            &[KEY_RECORD, time.ticks() as u64, noticed.sign_in],
        );
        let attempt = &noticed.attempt;
        let request = of_sign_in.guid();
        let scene = verdicts::Scene {
            person: self.person(attempt.person),
            time,
            request,
            correlation: Chance::new(attempt.visit).guid(),
            address: &address(attempt.network, attempt.city, attempt.person, of_sign_in),
            city: &CITIES[attempt.city],
        };
        verdicts::noticed(noticed, &scene, chance)
    }

    fn sign_in(&self, time: Timestamp, attempt: Attempt, chance: &mut Chance) -> Vec<u8> {
        let person = self.person(attempt.person);
        let (client, machine): (&str, Option<&Machine>) = match attempt.with {
            With::Browser => (BROWSER, Some(person.desktop)),
            With::DesktopClient => (MODERN_CLIENT, Some(person.desktop)),
            With::PhoneClient => (MODERN_CLIENT, Some(person.phone)),
            With::LegacyClient => (person.legacy_client.unwrap_or("Other clients"), None),
            With::StrangersMachine(machine) => ("Authenticated SMTP", Some(&STRANGERS[machine])),
        };
        let subject = match attempt.with {
            With::DesktopClient | With::PhoneClient => Subject::NonInteractive(person),
            With::Browser | With::LegacyClient | With::StrangersMachine(_) => Subject::Interactive(person),
        };
        let stranger_is_in = attempt.network == Network::Stranger && attempt.outcome == Outcome::Success;
        let record = SignIn {
            id: chance.guid(),
            time,
            tenant: self.plan.tenant,
            subject,
            app: &APPS[attempt.app],
            client,
            machine,
            address: &address(attempt.network, attempt.city, attempt.person, chance),
            city: &CITIES[attempt.city],
            outcome: attempt.outcome,
            second_factor: attempt.second_factor,
            risk: if stranger_is_in { "medium" } else { "none" },
            correlation: Chance::new(attempt.visit).guid(),
            policies: chance.between(1, 5) as usize,
        };
        sign_in_record::whole(&record, chance, "")
    }

    fn scene(&self, time: Timestamp, part: Part, chance: &mut Chance) -> Vec<u8> {
        let person = self.person(part.person);
        let address = match part.from {
            Origin::Address(address) => address.to_owned(),
            Origin::Network(network) => address(network, part.city, part.person, chance),
        };
        let record = SignIn {
            id: chance.guid(),
            time,
            tenant: self.plan.tenant,
            subject: Subject::Interactive(person),
            app: &APPS[part.app],
            client: part.client,
            machine: Some(match part.with {
                Tool::Own => person.desktop,
                Tool::Strange(machine) => machine,
            }),
            address: &address,
            city: &CITIES[part.city],
            outcome: part.outcome,
            second_factor: SecondFactor::NotAsked,
            risk: "none",
            correlation: chance.guid(),
            policies: chance.between(1, 5) as usize,
        };
        sign_in_record::whole(&record, chance, "")
    }

    fn service_sign_in(
        &self,
        time: Timestamp,
        service: usize,
        instance: u32,
        outcome: Outcome,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let app: &App = &SERVICES[service];
        let id = changes::object_id(self.plan.seed, 1000 + u64::from(instance));
        let city = self.cast.head_office;
        let subject = if instance % 4 == 3 && outcome == Outcome::Success {
            Subject::Managed { id, name: app.name }
        } else {
            Subject::Service { id, name: app.name }
        };
        let record = SignIn {
            id: chance.guid(),
            time,
            tenant: self.plan.tenant,
            subject,
            app,
            client: "",
            machine: None,
            address: &address(Network::Cloud, city, instance, chance),
            city: &CITIES[city],
            outcome,
            second_factor: SecondFactor::NotAsked,
            risk: "none",
            correlation: chance.guid(),
            policies: 0,
        };
        sign_in_record::whole(&record, chance, "")
    }

    fn change(
        &self,
        time: Timestamp,
        kind: Change,
        person: u32,
        administrator: u32,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let actor = if kind == Change::Consent {
            person
        } else {
            administrator
        };
        let administrator_address = self.desk_address(actor, chance);
        let scene = Scene {
            seed: self.plan.seed,
            domain: &self.plan.domain,
            time,
            person: self.person(person),
            administrator: self.person(administrator),
            administrator_address: &administrator_address,
        };
        audit_record::write(&changes::audit(kind, scene, chance), chance)
    }

    fn self_service(
        &self,
        time: Timestamp,
        step: Step,
        person: u32,
        owner: u32,
        story: u64,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let actor = if step.actor == StepActor::Owner {
            owner
        } else {
            person
        };
        let mut targets = vec![Target::person(self.person(person))];
        if let StepTarget::Group(group) = step.target {
            targets.insert(0, Target::group(&GROUPS[group], group_id(self.plan.seed, group)));
        }
        let record = Audit {
            time,
            correlation: Chance::new(story).guid(),
            service: step.service,
            category: step.category,
            activity: step.activity,
            operation: step.operation,
            succeeded: step.succeeded,
            reason: step.reason,
            // One story, one address: the same chance for each of its steps.
            actor: Actor::Person(
                self.person(actor),
                self.desk_address(actor, &mut Chance::new(story)),
            ),
            targets,
            details: step
                .proof
                .map(|proof| ("MethodsUsedForValidation", proof.to_owned()))
                .into_iter()
                .collect(),
        };
        audit_record::write(&record, chance)
    }

    fn desk_address(&self, person: u32, chance: &mut Chance) -> String {
        address(Network::Office, self.person(person).city, person, chance)
    }

    fn person(&self, number: u32) -> &Person {
        &self.cast.people[number as usize]
    }
}

impl Iterator for Generator {
    type Item = Told;

    fn next(&mut self) -> Option<Told> {
        self.plan_ahead();
        let ((time, number), moment) = self.planned.pop_first()?;
        let source = match moment {
            Moment::Elsewhere(moment) => moment.source(),
            _ => Source::Entra,
        };
        let record = String::from_utf8_lossy(&self.write(time, number, moment)).into_owned();
        Some(Told { time, source, record })
    }
}

const KEY_RECORD: u64 = 20;

/// What came later than the first version is numbered from here, so that the records of before stay as they were.
const BESIDE: u64 = 1 << 48;
/// What happens beside Entra came later still.
const ELSEWHERE: u64 = 1 << 49;
/// And the scenes of the last days.
const SCENES: u64 = 1 << 50;
