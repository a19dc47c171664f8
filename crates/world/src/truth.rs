//! What is known of a made-up sign-in beyond what its record tells: whose act it was, and where whoever typed truly was.

use crate::atlas::Use;
use crate::geo::Position;

/// What is known of a made-up sign-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// Whose act it was.
    pub actor: Actor,
    /// Where whoever typed was.
    pub body: Position,
    /// Where the address is.
    pub exit: Position,
    /// What the address is used for.
    pub used_for: Use,
    /// Whether that address belonged to a machine of a botnet at that time.
    pub is_infected: bool,
    /// What makes this one hard to judge.
    pub hard: HardCases,
}

/// Whose act a sign-in was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Somebody who may: the account's owner, or one of those who share it, by number.
    Owner(u32),
    /// An attacker, by the number of the attack.
    Attacker(u32),
}

impl Actor {
    /// The attack, if it is one.
    pub const fn attack(self) -> Option<u32> {
        match self {
            Actor::Owner(_) => None,
            Actor::Attacker(attack) => Some(attack),
        }
    }
}

/// An attack that was made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attack {
    /// What sort of attack.
    pub kind: AttackKind,
    /// The accounts that it tried, by number; accounts that do not exist are not among them.
    pub accounts: Vec<u32>,
    /// The accounts that it got into.
    pub taken: Vec<u32>,
    /// How many addresses it came from.
    pub addresses: u32,
}

/// The sorts of attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttackKind {
    /// Knows the password and comes from an own address in an own country with an own browser.
    Naive,
    /// Knows the password and comes through a VPN or a rented machine in the victim's country.
    VpnCountry,
    /// The same with an exit within 100 km of the victim's home.
    VpnCity,
    /// Comes from a home's address in the victim's country with the victim's browser.
    Targeted,
    /// Comes from an address that the victim signed in from before.
    SeenAddress,
    /// Comes from exits of Tor.
    Tor,
    /// Comes through the victim's own machine, which is part of a botnet.
    Infected,
    /// Tries a few passwords on many accounts.
    Spray,
    /// Tries pairs of names and passwords that leaked elsewhere.
    Stuffing,
    /// Tries many passwords on one account.
    BruteForce,
}

impl AttackKind {
    /// Every sort.
    pub const ALL: &'static [AttackKind] = &[
        AttackKind::Naive,
        AttackKind::VpnCountry,
        AttackKind::VpnCity,
        AttackKind::Targeted,
        AttackKind::SeenAddress,
        AttackKind::Tor,
        AttackKind::Infected,
        AttackKind::Spray,
        AttackKind::Stuffing,
        AttackKind::BruteForce,
    ];

    /// The words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            AttackKind::Naive => "naive",
            AttackKind::VpnCountry => "VPN in the country",
            AttackKind::VpnCity => "VPN in the city",
            AttackKind::Targeted => "targeted",
            AttackKind::SeenAddress => "address seen before",
            AttackKind::Tor => "Tor",
            AttackKind::Infected => "infected machine",
            AttackKind::Spray => "spray",
            AttackKind::Stuffing => "stuffing",
            AttackKind::BruteForce => "brute force",
        }
    }
}

/// What makes a sign-in hard to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HardCase {
    /// Home and desk in two countries, some dozen kilometres apart.
    Border,
    /// Abroad, with a phone that goes through the carrier at home.
    Roaming,
    /// A carrier's gateway more than 100 km from the phone.
    CarrierElsewhere,
    /// The organisation's VPN, from somewhere else than its exit.
    CompanyVpn,
    /// A rented VPN with its exit in another country, used by the owner.
    HonestVpn,
    /// A relay of the device's maker.
    Relay,
    /// An office behind one address with 20 people or more.
    NatOffice,
    /// Within 2 degrees of the equator.
    Equator,
    /// Within 8 degrees of the date line.
    DateLine,
    /// An attacker at an address of the victim's past.
    SeenAddress,
    /// An account that several people share.
    SharedAccount,
    /// A client that goes on with an old password.
    StaleClient,
    /// On a journey, somewhere else than home.
    Away,
    /// A step of a sign-in that is no failure.
    Interrupt,
    /// A record that came twice.
    Duplicate,
    /// The owner, through Tor.
    HonestTor,
    /// A day on which many of an office mistype a new password.
    PasswordDay,
}

impl HardCase {
    /// Every case with the words for it.
    pub const ALL: &'static [(HardCase, &'static str)] = &[
        (HardCase::Border, "home and desk in two countries"),
        (HardCase::Roaming, "phone abroad through the carrier at home"),
        (HardCase::CarrierElsewhere, "carrier's gateway > 100 km away"),
        (HardCase::CompanyVpn, "company VPN from elsewhere"),
        (HardCase::HonestVpn, "owner behind a VPN in another country"),
        (HardCase::Relay, "relay of the device's maker"),
        (HardCase::NatOffice, "office of 20+ people behind one address"),
        (HardCase::Equator, "near the equator"),
        (HardCase::DateLine, "near the date line"),
        (HardCase::SeenAddress, "attacker at an address seen before"),
        (HardCase::SharedAccount, "account of several people"),
        (HardCase::StaleClient, "client with an old password"),
        (HardCase::Away, "owner on a journey"),
        (HardCase::Interrupt, "interrupted, no failure"),
        (HardCase::Duplicate, "record that came twice"),
        (HardCase::HonestTor, "owner behind Tor"),
        (HardCase::PasswordDay, "day of new passwords in an office"),
    ];
}

/// Several hard cases at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HardCases(u32);

impl HardCases {
    /// None.
    pub const NONE: HardCases = HardCases(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, case: HardCase) -> HardCases {
        HardCases(self.0 | 1 << case as u32)
    }

    /// These and others.
    #[must_use]
    pub const fn and(self, others: HardCases) -> HardCases {
        HardCases(self.0 | others.0)
    }

    /// Whether a case is among them.
    pub const fn has(self, case: HardCase) -> bool {
        self.0 & 1 << case as u32 != 0
    }
}
