// SPDX-License-Identifier: Apache-2.0
//! Authenticators behind an opaque pointer.

use std::sync::Arc;

use nativejwt_control::ControlSocket;
use nativejwt_core::Authenticator;
use nativejwt_storage::StorageLeases;

/// An authenticator that a caller holds by an opaque pointer.
pub struct NativejwtAuthenticator {
    /// Before the others, so that its thread has ended before they are dropped.
    #[expect(dead_code, reason = "it serves until it is dropped")]
    pub(crate) control: Option<ControlSocket>,
    /// Before the authenticator, for the same reason.
    pub(crate) storage: Option<StorageLeases>,
    pub(crate) authenticator: Arc<Authenticator>,
}

impl NativejwtAuthenticator {
    /// Gives the authenticator to the caller, which passes it to [`NativejwtAuthenticator::close`] once.
    pub(crate) fn into_raw(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }

    /// Borrows the authenticator for one call; `None` for a null pointer.
    ///
    /// # Safety
    /// `handle` came from [`NativejwtAuthenticator::into_raw`] and is not closed before the call returns.
    pub(crate) unsafe fn borrow<'a>(handle: *const Self) -> Option<&'a Self> {
        // SAFETY: the caller guarantees that the pointer is null or points to an open authenticator.
        unsafe { handle.as_ref() }
    }

    /// Takes the authenticator back and drops it. A null pointer is ignored.
    ///
    /// # Safety
    /// `handle` came from [`NativejwtAuthenticator::into_raw`], is not closed yet, and no call uses it now or later.
    pub(crate) unsafe fn close(handle: *mut Self) {
        if !handle.is_null() {
            // SAFETY: the caller guarantees that the pointer came from `into_raw` and is closed once.
            drop(unsafe { Box::from_raw(handle) });
        }
    }
}
