//! The layouts of dumps over the years.

/// A layout of the dumps. It changes the XML of a record, not its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// Since 2024-12: no images, empty elements left out, credits without a linked artist have no id
    Current,
    /// Around 2020: images, empty elements written, members as pairs of id and name, id 0 for no artist
    #[value(name = "2020")]
    Y2020,
    /// Around 2017: names of aliases, groups, members, labels and sublabels without their ids
    #[value(name = "2017")]
    Y2017,
}

impl Layout {
    pub(super) fn has_images(self) -> bool {
        self != Layout::Current
    }

    pub(super) fn writes_empty_elements(self) -> bool {
        self != Layout::Current
    }

    /// Returns whether `series` is an element of its own, as upstream since a dump between 2023-10 and 2025-05.
    pub(super) fn has_series(self) -> bool {
        self == Layout::Current
    }

    /// Returns whether a reference by name carries an id.
    pub(super) fn has_reference_ids(self) -> bool {
        self != Layout::Y2017
    }

    pub(super) fn sorts_attributes(self) -> bool {
        self == Layout::Y2017
    }
}
