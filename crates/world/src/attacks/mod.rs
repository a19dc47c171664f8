//! The attacks of a world: on accounts whose password is known, and on passwords.

mod guessing;
mod takeover;

use crate::act::{Act, End};
use crate::atlas::Block;
use crate::connection::Setting;
use crate::exits::{self, TrueListing};
use crate::geo::Position;
use crate::lives::ToolNumbers;
use crate::tools::Tool;
use crate::truth::{Actor, Attack, AttackKind, HardCases, Truth};
use generator::chance::Chance;
use model::event::SignInKind;
use model::time::Timestamp;
use std::net::Ipv4Addr;

/// What attacks are made up from, and where they go.
pub(crate) struct Scribe<'a> {
    pub(crate) setting: Setting<'a>,
    pub(crate) botnet: &'a [TrueListing],
    pub(crate) numbers: &'a ToolNumbers,
    pub(crate) tools: &'a mut Vec<Tool>,
    /// What honest people did, in the order of time.
    pub(crate) lives: &'a [Act],
    pub(crate) acts: Vec<Act>,
    pub(crate) attacks: Vec<Attack>,
}

/// One attempt of an attacker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) time: Timestamp,
    pub(crate) account: u32,
    pub(crate) end: End,
    pub(crate) address: Ipv4Addr,
    pub(crate) block: u32,
    /// Where the attacker sits.
    pub(crate) body: Position,
    pub(crate) tool: u32,
    pub(crate) kind: SignInKind,
    pub(crate) hard: HardCases,
}

const KEY_ATTACK: u64 = 30;

/// Makes up all attacks and adds what they leave behind to `acts`, at the end.
pub(crate) fn make_up(
    setting: Setting<'_>,
    botnet: &[TrueListing],
    numbers: &ToolNumbers,
    tools: &mut Vec<Tool>,
    acts: &mut Vec<Act>,
) -> Vec<Attack> {
    let mut scribe = Scribe {
        setting,
        botnet,
        numbers,
        tools,
        lives: acts,
        acts: Vec::new(),
        attacks: Vec::new(),
    };
    let plan = setting.plan;
    let takeovers = (plan.people * plan.takeovers_per_100_people).div_ceil(100);
    for number in 0..takeovers {
        let chance = &mut Chance::of(plan.seed, &[KEY_ATTACK, 0, u64::from(number)]);
        takeover::make_up(&mut scribe, number, chance);
    }
    for number in 0..plan.guessing_attacks {
        let chance = &mut Chance::of(plan.seed, &[KEY_ATTACK, 1, u64::from(number)]);
        guessing::make_up(&mut scribe, number, chance);
    }
    let Scribe {
        acts: mut more,
        attacks,
        ..
    } = scribe;
    acts.append(&mut more);
    attacks
}

impl Scribe<'_> {
    /// Begins an attack and gives its number.
    pub(crate) fn begin(&mut self, kind: AttackKind) -> u32 {
        self.attacks.push(Attack {
            kind,
            accounts: Vec::new(),
            taken: Vec::new(),
            addresses: 0,
        });
        self.attacks.len() as u32 - 1
    }

    /// Writes down an attempt; one outside the plan's days did not happen.
    pub(crate) fn write(&mut self, attack: u32, attempt: Attempt) {
        let plan = self.setting.plan;
        if attempt.time < plan.start || attempt.time >= plan.end() {
            return;
        }
        let about = &mut self.attacks[attack as usize];
        let exists = attempt.account < self.setting.cast.accounts();
        if exists && !about.accounts.contains(&attempt.account) {
            about.accounts.push(attempt.account);
        }
        if attempt.end == End::Success && !about.taken.contains(&attempt.account) {
            about.taken.push(attempt.account);
        }
        let block = self.setting.atlas.block(attempt.block);
        self.acts.push(Act {
            time: attempt.time,
            account: attempt.account,
            kind: attempt.kind,
            end: attempt.end,
            address: attempt.address,
            tool: attempt.tool,
            truth: Truth {
                actor: Actor::Attacker(attack),
                body: attempt.body,
                exit: block.position,
                used_for: block.used_for,
                is_infected: exits::is_in(self.botnet, attempt.address, attempt.time),
                hard: attempt.hard,
            },
        });
    }

    /// Ends an attack: counts where it came from; one that left nothing is taken back.
    pub(crate) fn end(&mut self, attack: u32) {
        let mut addresses: Vec<Ipv4Addr> = self
            .acts
            .iter()
            .rev()
            .take_while(|act| act.truth.actor == Actor::Attacker(attack))
            .map(|act| act.address)
            .collect();
        if addresses.is_empty() {
            self.attacks.pop();
            return;
        }
        addresses.sort_unstable();
        addresses.dedup();
        self.attacks[attack as usize].addresses = addresses.len() as u32;
    }

    /// Adds a machine and gives its number.
    pub(crate) fn tool(&mut self, tool: Tool) -> u32 {
        self.tools.push(tool);
        self.tools.len() as u32 - 1
    }
}

/// Somewhere near a block.
pub(crate) fn near(block: &Block, chance: &mut Chance) -> Position {
    block
        .position
        .moved(chance.around(0, 12) as f64, chance.around(0, 12) as f64)
}
