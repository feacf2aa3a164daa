// SPDX-License-Identifier: Apache-2.0
//! The memory of a cached token on both sides of the boundary.
//!
//! Both values are upper bounds. Java objects are counted without compressed references, where they are largest.
//! `HeapBoundTest` checks them in a JVM.

use crate::identity::Identity;

/// The Java objects of each token without texts and groups: the element of `KnownIdentities`, the verdict, the coordinator's
/// `Identity`, its `Optional` and principal, and the two sets of groups.
const JAVA_OBJECTS: usize = 40 + 56 + 72 + 24 + 24 + 2 * (32 + 24);
/// A Java text without its characters: the string, its array, and the padding to the next object.
const JAVA_TEXT: usize = 32 + 24 + 7;
/// The two references of a group in the hash table of a set. The verdict has one such set, and the `Identity` another.
const JAVA_GROUP: usize = 2 * (2 * 8);

/// Bytes of an identity that the Java side remembers.
pub(crate) fn java_bytes(identity: &Identity) -> usize {
    let Identity { principal, user, groups, .. } = identity;
    // If the user equals the principal, Java has one string for both.
    let user = if user == principal { 0 } else { java_text(user) };
    let groups: usize = groups.iter().map(|group| JAVA_GROUP + java_text(group)).sum();
    JAVA_OBJECTS + java_text(principal) + user + groups
}

/// Bytes of the texts of an identity on this side, without the identity itself.
pub(super) fn native_bytes(identity: &Identity) -> usize {
    let Identity { principal, user, groups, issuer, key_id, storage_role, .. } = identity;
    let texts = [Some(principal), Some(user), issuer.as_ref(), key_id.as_ref()].into_iter().flatten().chain(groups);
    let texts: usize = texts.map(|text| allocated(text.capacity())).sum();
    let role = storage_role.as_ref().map_or(0, |role| allocated(role.len()));
    texts + role + allocated(groups.capacity() * size_of::<String>())
}

/// Bytes that glibc needs for an allocation of this size.
pub(super) fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + size_of::<usize>()).next_multiple_of(16).max(32) }
}

/// An upper bound for a Java string: one byte for each ASCII character, or else two for each byte of UTF-8. Java uses one byte
/// for each Latin-1 character, or two for each UTF-16 unit.
fn java_text(text: &str) -> usize {
    JAVA_TEXT + if text.is_ascii() { text.len() } else { 2 * text.len() }
}
