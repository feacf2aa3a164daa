//! Which names an object has had already (RFC 7519, section 4: a name that stands twice is refused).

use std::borrow::Cow;
use std::collections::HashSet;

/// The names seen in the objects that are open, the innermost one's last: one list for a whole document.
#[derive(Default)]
pub(super) struct MemberNames<'j> {
    few: Vec<Cow<'j, str>>,
}

/// An object whose members are being read. Few names are compared one by one; many go into a set, so that 100 000 members
/// cost no more than linear time.
pub(super) struct OpenObject<'j> {
    /// Where its names begin in the list.
    start: usize,
    /// The [`mark`]s of its names: a name whose mark is not there is new, and is compared with none.
    marks: u64,
    /// The names beyond the few.
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

    /// False if the object has the name already.
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

/// One bit of 64, by the name's length and ends; the same for equal names, and seldom for others.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    1 << ((bytes.len() + 3 * end(bytes.first()) + 7 * end(bytes.last())) % 64)
}
