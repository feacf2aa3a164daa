// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod ast;
mod backtrack;
mod case;
mod code_set;
mod error;
mod linear;
mod parse;
mod pattern;
mod properties;
mod property_set;
mod replacement;
mod suggest;
mod tables;

pub use backtrack::{Budget, STEP_LIMIT, Spans};
pub use case::{to_lower_case, to_upper_case, trim};
pub use error::{MatchError, PatternError, PatternErrorKind, ReplacementError};
pub use pattern::{Engine, Pattern};
pub use replacement::Replacement;
