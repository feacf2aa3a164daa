// SPDX-License-Identifier: Apache-2.0
//! Buffers that are overwritten when they are dropped, for tokens and their decoded parts.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A buffer whose whole capacity is overwritten when it is dropped. `Zeroizing` writes byte by byte, which takes half a
/// microsecond for a payload. This is one `memset`; zeroize's barrier keeps the compiler from removing it.
#[derive(Default)]
pub(crate) struct WipedBytes(Vec<u8>);

impl WipedBytes {
    /// An empty buffer for this many bytes. If a buffer grows, its previous memory is not overwritten.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }
}

impl From<&[u8]> for WipedBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for WipedBytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for WipedBytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for WipedBytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Shows the length only.
impl fmt::Debug for WipedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

fn wipe(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.resize(bytes.capacity(), 0);
    zeroize::optimization_barrier(bytes.as_slice());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_capacity_is_overwritten_and_no_byte_is_shown() {
        let mut bytes = Vec::with_capacity(100);
        bytes.extend_from_slice(&[7; 90]);
        bytes.truncate(10);
        let memory = bytes.as_ptr();
        wipe(&mut bytes);
        assert_eq!((bytes.as_ptr(), bytes.len()), (memory, bytes.capacity()), "the same memory, all of it");
        assert!(bytes.iter().all(|byte| *byte == 0));
        assert_eq!(format!("{:?}", WipedBytes::from(&b"secret"[..])), "6 bytes");
    }
}
