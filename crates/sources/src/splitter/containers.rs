//! The lists that are open around a record, and which of them a new line belongs to.

/// Lists within pages within lists: deeper than this, an object is a record.
const CONTAINERS_MAX: usize = 6;

/// From the input itself, which is always open, to the innermost list.
#[derive(Debug)]
pub(super) struct Containers(Vec<Container>);

#[derive(Debug)]
pub(super) struct Container {
    pub(super) kind: ContainerKind,
    /// Where its latest item started.
    pub(super) latest: Option<Start>,
    /// Whether that item began and ended on a line of its own.
    pub(super) lines: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerKind {
    Input,
    Array,
    /// The list of a page object.
    PageList,
}

/// Where something starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Start {
    pub(super) line: u64,
    /// In bytes of the input.
    pub(super) byte: u64,
    /// In decoded bytes.
    pub(super) position: u64,
    pub(super) column: u64,
    /// Whether only white space stands before it on its line.
    pub(super) first_on_line: bool,
}

impl Container {
    fn new(kind: ContainerKind) -> Container {
        Container {
            kind,
            latest: None,
            lines: false,
        }
    }

    /// Whether its latest item starts a line at this column.
    pub(super) fn starts_lines_at(&self, column: u64) -> bool {
        self.latest
            .is_some_and(|start| start.first_on_line && start.column == column)
    }

    fn starts_lines_deeper_than(&self, column: u64) -> bool {
        self.latest
            .is_some_and(|start| start.first_on_line && start.column > column)
    }
}

impl Containers {
    /// Only the input.
    pub(super) fn new() -> Containers {
        Containers(vec![Container::new(ContainerKind::Input)])
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= CONTAINERS_MAX
    }

    pub(super) fn is_list_open(&self) -> bool {
        self.0.len() > 1
    }

    pub(super) fn outermost(&self) -> &Container {
        &self.0[0]
    }

    pub(super) fn innermost(&self) -> &Container {
        &self.0[self.0.len() - 1]
    }

    pub(super) fn innermost_mut(&mut self) -> &mut Container {
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    pub(super) fn open(&mut self, kind: ContainerKind) {
        self.0.push(Container::new(kind));
    }

    /// Closes the innermost list; the input stays.
    pub(super) fn close(&mut self) {
        let left = (self.0.len() - 1).max(1);
        self.0.truncate(left);
    }

    /// The container to which a line belongs that starts with `{` at this column: whose items start lines there, or else
    /// deeper, the innermost of several.
    pub(super) fn owner(&self, column: u64) -> Option<usize> {
        let exact = self
            .0
            .iter()
            .rposition(|container| container.starts_lines_at(column));
        exact
            .or_else(|| {
                self.0
                    .iter()
                    .rposition(|container| container.starts_lines_deeper_than(column))
            })
            .or_else(|| (column == 0).then_some(0))
    }

    pub(super) fn get(&self, number: usize) -> &Container {
        &self.0[number]
    }

    pub(super) fn is_innermost(&self, number: usize) -> bool {
        number + 1 == self.0.len()
    }

    /// Closes every list inside a container.
    pub(super) fn close_inside(&mut self, number: usize) {
        self.0.truncate(number + 1);
    }
}
