// SPDX-License-Identifier: Apache-2.0
//! The table of JWS algorithms.

use std::fmt;

macro_rules! algorithms {
    ($($variant:ident $name:literal)*) => {
        /// A supported JWS algorithm (RFC 7518, section 3.1; RFC 8037, section 3.1). `none` is not supported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Algorithm {
            $(#[doc = $name] $variant,)*
        }

        impl Algorithm {
            /// Every algorithm.
            pub const ALL: &'static [Algorithm] = &[$(Algorithm::$variant,)*];

            /// The value of `alg`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Algorithm::$variant => $name,)* }
            }

            /// Finds the algorithm by the exact, case-sensitive value of `alg`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Algorithm::$variant),)* _ => None }
            }
        }
    };
}

algorithms! {
    Hs256 "HS256" Hs384 "HS384" Hs512 "HS512"
    Rs256 "RS256" Rs384 "RS384" Rs512 "RS512"
    Ps256 "PS256" Ps384 "PS384" Ps512 "PS512"
    Es256 "ES256" Es384 "ES384" Es512 "ES512"
    EdDsa "EdDSA"
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Algorithm {
    /// True for the algorithms whose key is a shared secret.
    #[must_use]
    pub fn is_hmac(self) -> bool {
        matches!(self, Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512)
    }
}
