//! Authenticators behind an opaque pointer.

use nativejwt_core::Authenticator;

/// An authenticator, as callers hold it. They see a pointer and nothing else.
pub struct NativejwtAuthenticator {
    pub(crate) authenticator: Authenticator,
}

impl NativejwtAuthenticator {
    /// Gives the authenticator to the caller, who gives it back to [`NativejwtAuthenticator::close`] once.
    pub(crate) fn into_raw(authenticator: Authenticator) -> *mut Self {
        Box::into_raw(Box::new(Self { authenticator }))
    }

    /// Borrows the authenticator for one call; `None` for a null pointer.
    ///
    /// # Safety
    /// `handle` came from [`NativejwtAuthenticator::into_raw`] and is not closed before the call returns.
    pub(crate) unsafe fn borrow<'a>(handle: *const Self) -> Option<&'a Self> {
        // SAFETY: the caller promises that the pointer is null or of a living authenticator.
        unsafe { handle.as_ref() }
    }

    /// Takes the authenticator back and drops it. A null pointer is ignored.
    ///
    /// # Safety
    /// `handle` came from [`NativejwtAuthenticator::into_raw`], was not closed yet, and no call uses it any more.
    pub(crate) unsafe fn close(handle: *mut Self) {
        if !handle.is_null() {
            // SAFETY: the caller promises that the pointer came from `into_raw` and is given back once.
            drop(unsafe { Box::from_raw(handle) });
        }
    }
}
