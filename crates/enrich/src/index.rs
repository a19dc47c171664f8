//! Which entries of all lists name an address: networks in order, each with the one around it.

use crate::lists::List;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// Networks either lie within each other or apart. So the last one that begins at or before an address, or one of those
/// around it, is the narrowest that has the address; and all around that one have it, too.
#[derive(Debug, Default)]
pub(crate) struct Index {
    v4: Family<u32>,
    v6: Family<u128>,
    /// The entries of each network, together: which list, which entry.
    marks: Vec<Mark>,
}

/// An entry of a list, by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) list: u32,
    pub(crate) entry: u32,
}

#[derive(Debug)]
struct Family<A> {
    /// The first address of each network, ascending; of networks that begin together the wider first.
    firsts: Vec<A>,
    networks: Vec<Network<A>>,
}

#[derive(Debug)]
struct Network<A> {
    last: A,
    /// The place of the network around it.
    around: Option<u32>,
    /// Its marks: from, and how many.
    marks: (u32, u32),
}

impl<A> Default for Family<A> {
    fn default() -> Family<A> {
        Family {
            firsts: Vec::new(),
            networks: Vec::new(),
        }
    }
}

impl Index {
    pub(crate) fn of(lists: &[Arc<List>]) -> Index {
        let mut all: Vec<(IpNet, Mark)> = Vec::new();
        for (list, entries) in lists.iter().map(|list| list.entries()).enumerate() {
            for (entry, network) in entries.iter().map(|entry| entry.network).enumerate() {
                let mark = Mark {
                    list: list as u32,
                    entry: entry as u32,
                };
                all.push((network, mark));
            }
        }
        // Stable: within a network the marks stay in the order of the lists.
        all.sort_by_key(|(network, _)| *network);

        let mut index = Index::default();
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            let marks = (index.marks.len() as u32, same.len() as u32);
            index.marks.extend(same.iter().map(|(_, mark)| *mark));
            match same[0].0 {
                IpNet::V4(net) => index
                    .v4
                    .push(net.network().to_bits(), net.broadcast().to_bits(), marks),
                IpNet::V6(net) => index
                    .v6
                    .push(net.network().to_bits(), net.broadcast().to_bits(), marks),
            }
        }
        index
    }

    /// Calls with every entry whose network has the address, the narrowest network first.
    pub(crate) fn each(&self, address: IpAddr, found: impl FnMut(Mark)) {
        match address {
            IpAddr::V4(v4) => self.v4.each(v4.to_bits(), &self.marks, found),
            IpAddr::V6(v6) => self.v6.each(v6.to_bits(), &self.marks, found),
        }
    }
}

impl<A: Ord + Copy> Family<A> {
    fn push(&mut self, first: A, last: A, marks: (u32, u32)) {
        let mut around = self.networks.len().checked_sub(1).map(|place| place as u32);
        while let Some(network) = around.and_then(|place| self.networks.get(place as usize)) {
            if last <= network.last {
                break;
            }
            around = network.around;
        }
        self.firsts.push(first);
        self.networks.push(Network { last, around, marks });
    }

    fn each(&self, address: A, marks: &[Mark], mut found: impl FnMut(Mark)) {
        let after = self.firsts.partition_point(|first| *first <= address);
        let mut place = after.checked_sub(1).map(|place| place as u32);
        while let Some(network) = place.and_then(|place| self.networks.get(place as usize)) {
            if address <= network.last {
                let (from, count) = (network.marks.0 as usize, network.marks.1 as usize);
                let own = marks.get(from..from + count).unwrap_or_default();
                for mark in own {
                    found(*mark);
                }
            }
            place = network.around;
        }
    }
}
