// SPDX-License-Identifier: Apache-2.0
//! The shared library, with all unsafe code of the product. [`jni`] and [`capi`] convert arguments. [`boundary`] does the
//! work for both and catches panics. [`handle`] and [`wire`] define what crosses the boundary.

pub mod boundary;
pub mod capi;
pub mod handle;
pub mod jni;
pub mod wire;
