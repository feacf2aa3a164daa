// SPDX-License-Identifier: Apache-2.0
//! A parsed pattern: flags are resolved, classes are sets of code points.

use crate::code_set::CodeSet;
use std::sync::Arc;

/// The maximum of a repeat without an upper bound.
pub(crate) const UNBOUNDED: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// How a back-reference compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    Exact,
    Ascii,
    Unicode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assertion {
    /// `\A`, and `^` outside `(?m)`.
    Start,
    /// `(?m)^`.
    LineStart { unix: bool },
    /// `\z`.
    End,
    /// `\Z`, and `$` outside `(?m)`.
    EndOrLastLineEnd { unix: bool },
    /// `(?m)$`.
    LineEnd { unix: bool },
    /// `\b` and `\B`.
    WordBoundary { negative: bool, unicode: bool },
    /// `\G`.
    LastMatchEnd,
}

#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub(crate) body: Node,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) greed: Greed,
    /// Written as `?`. For a group, Java treats it as an alternation instead of a loop.
    pub(crate) optional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) body: Node,
    pub(crate) negative: bool,
    /// For a look-behind: the lengths of its shortest and longest text, and whether they count code points instead of UTF-16
    /// units.
    pub(crate) behind: Option<(u32, u32, bool)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Empty,
    Char(u32),
    Set(Arc<CodeSet>),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    /// A group, with its number if it captures.
    Group(Option<u32>, Box<Node>),
    Repeat(Box<Repeat>),
    Look(Box<Look>),
    Atomic(Box<Node>),
    BackReference(u32, Fold),
    Assert(Assertion),
    /// `\R`.
    LineBreak,
}

impl Node {
    /// Whether the node consumes exactly one code point whenever it matches.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Self::Char(_) | Self::Set(_))
    }

    /// Whether the node can match the empty string (an over-approximation is fine).
    pub(crate) fn nullable(&self) -> bool {
        match self {
            Self::Char(_) | Self::Set(_) | Self::LineBreak => false,
            Self::Empty | Self::BackReference(..) | Self::Assert(_) | Self::Look(_) => true,
            Self::Concat(nodes) => nodes.iter().all(Self::nullable),
            Self::Alternate(nodes) => nodes.iter().any(Self::nullable),
            Self::Group(_, body) | Self::Atomic(body) => body.nullable(),
            Self::Repeat(repeat) => repeat.min == 0 || repeat.body.nullable(),
        }
    }

    /// Whether all matches of the node have the same shape, so that Java loops over it without remembering each round.
    pub(crate) fn fixed_shape(&self) -> bool {
        match self {
            Self::Alternate(_) => false,
            Self::Concat(nodes) => nodes.iter().all(Self::fixed_shape),
            Self::Group(_, body) | Self::Atomic(body) => body.fixed_shape(),
            Self::Repeat(repeat) => !repeat.optional && repeat.min == repeat.max && repeat.body.fixed_shape(),
            _ => true,
        }
    }

    /// The direct parts of the node.
    pub(crate) fn children(&self) -> &[Node] {
        match self {
            Self::Concat(nodes) | Self::Alternate(nodes) => nodes,
            Self::Group(_, body) | Self::Atomic(body) => std::slice::from_ref(body),
            Self::Repeat(repeat) => std::slice::from_ref(&repeat.body),
            Self::Look(look) => std::slice::from_ref(&look.body),
            _ => &[],
        }
    }
}
