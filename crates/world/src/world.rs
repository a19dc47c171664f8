//! A world made up: everybody's sign-ins and every attack on them, in the order of time.

use crate::Use;
use crate::act::{Act, End};
use crate::atlas::Atlas;
use crate::attacks;
use crate::connection::Setting;
use crate::exits::{self, TrueListing};
use crate::lives::{Author, ToolNumbers};
use crate::people::{Cast, release_at};
use crate::plan::Plan;
use crate::record::Record;
use crate::tools::{Release, TOR_BROWSER, Tool};
use crate::truth::{Attack, HardCase, HardCases, Truth};
use generator::chance::Chance;
use model::event::{Event, Facts, SignIn};
use model::identity::{EventKey, Kind, Vendor};
use std::net::Ipv4Addr;

/// A world made up.
#[derive(Debug)]
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) acts: Vec<Act>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) accounts: Vec<Account>,
    /// Every attack; [`crate::Actor::Attacker`] has its number here.
    pub attacks: Vec<Attack>,
    /// Exits of Tor and machines of botnets, as they truly were.
    pub listings: Vec<TrueListing>,
    /// The organisation's own exits: offices and VPN.
    pub own_exits: Vec<Ipv4Addr>,
}

/// An account of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The sign-in name, in lower case.
    pub name: String,
    /// The object id.
    pub id: String,
    /// The name for people.
    pub display_name: String,
}

/// One sign-in as its source tells it, with what is known of it beyond that.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The event, without any place: that is for enrichment to find.
    pub event: Event,
    /// Its identity; a record that came twice has the same both times.
    pub key: EventKey,
    /// The account by number, as in [`World::account`]; past the last one it is a name that does not exist.
    pub account: u32,
    /// The truth.
    pub truth: Truth,
}

/// Why no world can be made up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWorld {
    /// Nobody can live anywhere.
    #[error("the atlas has no blocks for {0}: give it some")]
    NoBlocks(&'static str),
    /// Nobody lives.
    #[error("a world needs at least one person and one day")]
    Nobody,
}

const KEY_ACCOUNT: u64 = 20;
const KEY_EVENT: u64 = 21;

impl World {
    /// Makes up a world.
    pub fn make_up(plan: &Plan, atlas: &Atlas) -> Result<World, NoWorld> {
        if plan.people == 0 || plan.days == 0 {
            return Err(NoWorld::Nobody);
        }
        if atlas.of(Use::Residential).is_empty() {
            return Err(NoWorld::NoBlocks(Use::Residential.as_str()));
        }
        let cast = Cast::make_up(plan, atlas);
        let tor = exits::tor(plan, atlas);
        let botnet = exits::botnet(plan, atlas, &cast);
        let mut tools = Vec::new();
        let numbers = tool_numbers(&cast, &mut tools);
        let setting = Setting {
            plan,
            atlas,
            cast: &cast,
            tor: &tor,
        };
        let mut author = Author {
            setting,
            botnet: &botnet,
            tools: &numbers,
            acts: Vec::new(),
        };
        for number in 0..plan.people {
            author.live(number);
        }
        for (number, members) in cast.shared.iter().enumerate() {
            author.share(plan.people + number as u32, members);
        }
        let mut acts = author.acts;
        acts.sort_by_key(|act| act.time);
        let attacks = attacks::make_up(setting, &botnet, &numbers, &mut tools, &mut acts);
        acts.sort_by_key(|act| act.time);
        let mut own_exits: Vec<Ipv4Addr> = cast.vpn_exits.iter().map(|(address, _)| *address).collect();
        for office in cast.offices.iter().filter(|office| office.people >= 2) {
            own_exits.extend(&office.addresses);
        }
        let mut listings = tor;
        listings.extend(botnet);
        Ok(World {
            plan: plan.clone(),
            acts,
            tools,
            accounts: (0..cast.accounts()).map(|number| account(plan, number)).collect(),
            attacks,
            listings,
            own_exits,
        })
    }

    /// The sign-ins in the order of time; a record that came twice comes twice.
    pub fn sign_ins(&self) -> impl Iterator<Item = Told> {
        self.acts.iter().enumerate().flat_map(move |(number, act)| {
            let copies = 1 + usize::from(act.truth.hard.has(HardCase::Duplicate));
            std::iter::repeat_n((number, act), copies).map(|(number, act)| self.tell(number, act))
        })
    }

    /// The same in brief.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.len());
        for (number, act) in self.acts.iter().enumerate() {
            let record = Record {
                key: self.key(number).1,
                time: act.time,
                account: act.account,
                address: act.address,
                kind: act.kind,
                code: act.end.code(),
                truth: act.truth,
            };
            let copies = 1 + usize::from(act.truth.hard.has(HardCase::Duplicate));
            records.extend(std::iter::repeat_n(record, copies));
        }
        records
    }

    /// How many records [`World::sign_ins`] gives.
    pub fn len(&self) -> usize {
        let doubled = self
            .acts
            .iter()
            .filter(|act| act.truth.hard.has(HardCase::Duplicate))
            .count();
        self.acts.len() + doubled
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.acts.is_empty()
    }

    /// The accounts of the directory, by number.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The plan that it was made by.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// An account by number, whether it exists or not.
    pub fn account(&self, number: u32) -> Account {
        self.accounts
            .get(number as usize)
            .cloned()
            .unwrap_or_else(|| account(&self.plan, number))
    }

    /// The id that the source gave the record of that number, and the identity that follows from it.
    fn key(&self, number: usize) -> (String, EventKey) {
        let vendor_id = Chance::of(self.plan.seed, &[KEY_EVENT, number as u64])
            .guid()
            .to_string();
        let key = EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, &vendor_id);
        (vendor_id, key)
    }

    fn tell(&self, number: usize, act: &Act) -> Told {
        let (vendor_id, key) = self.key(number);
        let account = self.account(act.account);
        let tool = &self.tools[act.tool as usize];
        let exists = (act.account as usize) < self.accounts.len();
        let sign_in = SignIn {
            kind: act.kind,
            user_id: exists.then_some(account.id),
            user_principal_name: Some(account.name),
            user_display_name: exists.then_some(account.display_name),
            app_display_name: Some("Office 365 Exchange Online".to_owned()),
            ip_address: Some(act.address.to_string()),
            device: tool.device(),
            client_app: Some("Browser".to_owned()),
            user_agent: Some(tool.user_agent()),
            error_code: act.end.code(),
            failure_reason: act.end.reason().map(str::to_owned),
            ..SignIn::default()
        };
        Told {
            key,
            event: Event {
                vendor: Vendor::Entra,
                vendor_id: Some(vendor_id),
                time: act.time,
                updated: None,
                tenant: None,
                facts: Facts::SignIn(Box::new(sign_in)),
            },
            account: act.account,
            truth: act.truth,
        }
    }
}

impl Told {
    /// The sign-in of the event.
    pub fn sign_in(&self) -> Option<&SignIn> {
        match &self.event.facts {
            Facts::SignIn(sign_in) => Some(sign_in),
            _ => None,
        }
    }

    /// Whether somebody got in.
    pub fn is_success(&self) -> bool {
        self.sign_in()
            .is_some_and(|sign_in| sign_in.error_code == End::Success.code())
    }
}

fn account(plan: &Plan, number: u32) -> Account {
    let name = if number < plan.people {
        format!("person{number:05}@{}", plan.domain)
    } else {
        format!("name{number:06}@{}", plan.domain)
    };
    Account {
        id: Chance::of(plan.seed, &[KEY_ACCOUNT, u64::from(number)])
            .guid()
            .to_string(),
        display_name: format!("Person {number}"),
        name,
    }
}

fn tool_numbers(cast: &Cast, tools: &mut Vec<Tool>) -> ToolNumbers {
    tools.push(Tool::strange(&TOR_BROWSER));
    let mut numbers = ToolNumbers::default();
    for person in &cast.people {
        let mut add = |tool: Tool| {
            tools.push(tool);
            tools.len() as u32 - 1
        };
        let mut versions = |tool: &Tool, update_day: u32| {
            vec![
                (0, add(tool.with(Release::First))),
                (update_day, add(tool.with(Release::Next))),
            ]
        };
        let [laptop_day, phone_day, own_day] = person.update_days;
        let mut laptop = versions(&person.laptop, laptop_day);
        let phone = versions(&person.phone, phone_day);
        let own = person
            .own
            .as_ref()
            .map_or_else(|| laptop.clone(), |own| versions(own, own_day));
        if let Some((from, next)) = &person.next_laptop {
            laptop.retain(|(day, _)| day < from);
            laptop.push((*from, add(next.with(release_at(laptop_day, *from)))));
            if laptop_day > *from {
                laptop.push((laptop_day, add(next.with(Release::Next))));
            }
        }
        numbers.of_person.push([laptop, phone, own]);
    }
    numbers
}

/// The hard cases of a world: how many records each occurs in, and how many accounts.
pub fn hard_cases(world: &World) -> Vec<(HardCase, &'static str, usize, usize)> {
    let mut counts = Vec::new();
    for (case, words) in HardCase::ALL {
        let mut accounts: Vec<u32> = Vec::new();
        let mut records = 0;
        for act in &world.acts {
            let hard: HardCases = act.truth.hard;
            if hard.has(*case) {
                records += 1;
                accounts.push(act.account);
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        counts.push((*case, *words, records, accounts.len()));
    }
    counts
}
