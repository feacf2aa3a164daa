// SPDX-License-Identifier: Apache-2.0
//! Detects duplicate members of objects (RFC 7519, section 4).

use std::borrow::Cow;
use std::collections::HashSet;

/// The names in the objects that are being read, those of the innermost object last. There is one list for a document.
#[derive(Default)]
pub(super) struct MemberNames<'j> {
    few: Vec<Cow<'j, str>>,
}

/// An object that is being read. The first names are compared one by one; further ones go into a set, so that 100 000
/// members take linear time.
pub(super) struct OpenObject<'j> {
    /// The index of its first name in the list.
    start: usize,
    /// The [`mark`]s of its names. A name whose mark is not set is new and needs no comparison.
    marks: u64,
    /// The names after the first `MemberNames::FEW`.
    many: Option<HashSet<Cow<'j, str>>>,
}

impl<'j> MemberNames<'j> {
    const FEW: usize = 32;

    pub(super) fn begin(&mut self) -> OpenObject<'j> {
        if self.few.is_empty() {
            self.few.reserve(Self::FEW);
        }
        OpenObject { start: self.few.len(), marks: 0, many: None }
    }

    /// False if the object already has the name.
    pub(super) fn insert(&mut self, object: &mut OpenObject<'j>, name: Cow<'j, str>) -> bool {
        let few = self.few.get(object.start..).unwrap_or_default();
        let mark = mark(&name);
        if object.marks & mark != 0 {
            let is_among_many = || object.many.as_ref().is_some_and(|many| many.contains(&name));
            if few.contains(&name) || is_among_many() {
                return false;
            }
        }
        object.marks |= mark;
        if few.len() < Self::FEW {
            self.few.push(name);
        } else {
            object.many.get_or_insert_default().insert(name);
        }
        true
    }

    pub(super) fn end(&mut self, object: OpenObject<'j>) {
        self.few.truncate(object.start);
    }
}

/// One of 64 bits, from the length and the ends of the name. Equal names have the same bit, other names rarely.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    1 << ((bytes.len() + 3 * end(bytes.first()) + 7 * end(bytes.last())) % 64)
}
