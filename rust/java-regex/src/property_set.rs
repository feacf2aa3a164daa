// SPDX-License-Identifier: Apache-2.0
//! The types of the generated tables of Unicode properties.

/// How a property is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `\p{name}`
    Bare,
    /// `\p{IsName}`
    Is,
    /// `\p{gc=name}`
    Category,
}

/// A set in the generated tables.
#[derive(Debug)]
pub(crate) enum Set {
    /// A bit for each general category, by the number of `Character.getType`.
    Categories(u32),
    /// First and last code points.
    Ranges(&'static [(u32, u32)]),
}
