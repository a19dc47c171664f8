//! What the engine remembers of a subject, written down: of whoever was not seen for longest when there is no more room, and of everybody at an
//! end. Read back, the engine goes on as if it had remembered it.
//!
//! It is right as long as nothing of the subject was judged since without it, and what is known of addresses, people and rules is what it was.

use crate::engine::{Engine, Subject};
use crate::remembered::{Remembered, Watched};
use hashlink::LruCache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

/// The form of what is written down, and what a detector means by it. Raise it when either changes: a file of another form is not read.
pub const KEPT_FORM: u32 = 1;

/// A subject that was let go of, and its state.
pub type Kept = (Subject, Vec<u8>);

/// What the engine let go of.
#[derive(Default)]
pub(crate) struct Shelf {
    /// From how many sign-ins on it is worth keeping; nothing is kept if nobody asks for it.
    from: Option<u32>,
    let_go: Vec<Kept>,
}

impl Shelf {
    pub(crate) fn clear(&mut self) {
        self.let_go.clear();
    }
}

impl Engine {
    /// Whoever it lets go of from now on, having seen so many sign-ins of them, is to be asked for by [`Engine::let_go`].
    pub fn keep_from(&mut self, sign_ins: u32) {
        self.shelf.from = Some(sign_ins);
    }

    /// Whether it goes on with a subject without being told of its history.
    pub fn remembers(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Person(name) => self.people.contains_key(name),
            Subject::Address(address) => self.addresses.contains_key(address),
        }
    }

    /// Remembers so many people from now on, and as many addresses. Of those that are too many it lets go of whom it has not seen for longest.
    pub fn remember(&mut self, remembered: usize) {
        shrink(&mut self.people, remembered.max(1), &mut self.shelf);
        shrink(&mut self.addresses, remembered.max(1), &mut self.shelf);
    }

    /// Those that it let go of since it was asked last, with what is worth keeping of them.
    pub fn let_go(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.shelf.let_go)
    }

    /// Lets go of so many people at the most, and as many addresses, although there is room: of whom it saw last first.
    pub fn let_go_of(&mut self, most: usize) -> Vec<Kept> {
        for _ in 0..most.min(self.people.len()) {
            pop_newest(&mut self.people, &mut self.shelf);
        }
        for _ in 0..most.min(self.addresses.len()) {
            pop_newest(&mut self.addresses, &mut self.shelf);
        }
        self.let_go()
    }

    /// Whether it remembers nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.addresses.is_empty()
    }

    /// Remembers a subject as it was let go of. What it rests on must be what it was, and the subject must not have been judged since; answers
    /// `false` if it cannot be read.
    pub fn recall(&mut self, subject: &Subject, state: &[u8]) -> bool {
        let let_go = &mut self.shelf;
        match subject {
            Subject::Person(name) => recall(&mut self.people, Arc::clone(name), state, let_go),
            Subject::Address(address) => recall(&mut self.addresses, *address, state, let_go),
        }
    }

    /// What it remembers now is not to be written down: it rests on what is not kept any more.
    pub fn hold_back(&mut self) {
        self.people.iter_mut().for_each(|(_, person)| person.hold_back());
        self.addresses
            .iter_mut()
            .for_each(|(_, address)| address.hold_back());
        self.shelf.clear();
    }
}

/// By what a subject is remembered.
pub(crate) trait Name: Eq + Hash + Clone + Into<Subject> {}

impl Name for Arc<str> {}
impl Name for IpAddr {}

/// Remembers one, and lets go of another if there is no more room.
pub(crate) fn put<N: Name, W: Watched + Serialize>(
    all: &mut LruCache<N, Box<Remembered<W>>>,
    name: N,
    remembered: Box<Remembered<W>>,
    shelf: &mut Shelf,
) {
    if all.len() >= all.capacity() && !all.contains_key(&name) {
        pop(all, shelf);
    }
    all.insert(name, remembered);
}

fn recall<N: Name, W: Watched + Serialize + DeserializeOwned>(
    all: &mut LruCache<N, Box<Remembered<W>>>,
    name: N,
    state: &[u8],
    shelf: &mut Shelf,
) -> bool {
    match postcard::from_bytes(state) {
        Ok(remembered) => {
            put(all, name, remembered, shelf);
            true
        }
        Err(_) => false,
    }
}

fn shrink<N: Name, W: Watched + Serialize>(
    all: &mut LruCache<N, Box<Remembered<W>>>,
    room: usize,
    shelf: &mut Shelf,
) {
    while all.len() > room {
        pop(all, shelf);
    }
    all.set_capacity(room);
}

fn pop<N: Name, W: Watched + Serialize>(all: &mut LruCache<N, Box<Remembered<W>>>, shelf: &mut Shelf) {
    if let Some((name, remembered)) = all.remove_lru() {
        write_down(name, &remembered, shelf);
    }
}

fn pop_newest<N: Name, W: Watched + Serialize>(all: &mut LruCache<N, Box<Remembered<W>>>, shelf: &mut Shelf) {
    let newest = all.iter().next_back().map(|(name, _)| name.clone());
    if let Some(name) = newest
        && let Some(remembered) = all.remove(&name)
    {
        write_down(name, &remembered, shelf);
    }
}

fn write_down<N: Name, W: Watched + Serialize>(name: N, remembered: &Remembered<W>, shelf: &mut Shelf) {
    // What cannot be written is folded again from the history.
    if shelf.from.is_some_and(|from| remembered.shown() >= from)
        && remembered.may_be_kept()
        && let Ok(state) = postcard::to_allocvec(remembered)
    {
        shelf.let_go.push((name.into(), state));
    }
}
