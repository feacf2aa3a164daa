//! The shared library. It holds the only unsafe code of the product, in three layers: [`jni`] and [`capi`] translate
//! arguments, [`boundary`] does the work for both and catches panics, [`handle`] and [`wire`] know what crosses.

pub mod boundary;
pub mod capi;
pub mod handle;
pub mod jni;
pub mod wire;
