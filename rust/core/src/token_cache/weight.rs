//! What an accepted token takes, on both sides of the boundary.
//!
//! Both are upper bounds: the Java side's objects are counted in a JVM without compressed references, where they are the
//! largest. `HeapBoundTest` holds a JVM to them, `measure.rs` this process.

use crate::identity::Identity;

/// Objects of the Java side for each token, besides texts and groups: the element of `KnownIdentities`, the verdict, the
/// coordinator's `Identity`, its `Optional` and principal, and the two sets of groups.
const JAVA_OBJECTS: usize = 40 + 56 + 72 + 24 + 24 + 2 * (32 + 24);
/// A Java text besides its characters: the string, its array, and the gap to the next object.
const JAVA_TEXT: usize = 32 + 24 + 7;
/// A group's two references in the hash table of a set; the verdict has one such set and the `Identity` another.
const JAVA_GROUP: usize = 2 * (2 * 8);

/// Bytes that the Java side takes for an identity that it remembers.
pub(crate) fn java_bytes(identity: &Identity) -> usize {
    let Identity { principal, user, groups, .. } = identity;
    // Where the user is the principal, both are one string there.
    let user = if user == principal { 0 } else { java_text(user) };
    let groups: usize = groups.iter().map(|group| JAVA_GROUP + java_text(group)).sum();
    JAVA_OBJECTS + java_text(principal) + user + groups
}

/// Bytes that the texts of an identity take here, besides the identity itself.
pub(super) fn native_bytes(identity: &Identity) -> usize {
    let Identity { principal, user, groups, issuer, key_id, .. } = identity;
    let texts = [Some(principal), Some(user), issuer.as_ref(), key_id.as_ref()].into_iter().flatten().chain(groups);
    let texts: usize = texts.map(|text| allocated(text.capacity())).sum();
    texts + allocated(groups.capacity() * size_of::<String>())
}

/// Bytes that glibc takes for an allocation of that many.
pub(super) fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + size_of::<usize>()).next_multiple_of(16).max(32) }
}

/// One byte for each character if all are in Latin-1, else two for each unit of UTF-16: neither is more than two for each
/// byte of UTF-8.
fn java_text(text: &str) -> usize {
    JAVA_TEXT + if text.is_ascii() { text.len() } else { 2 * text.len() }
}
