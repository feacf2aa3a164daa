// SPDX-License-Identifier: Apache-2.0
//! The elliptic curves of JWS.

use aws_lc_rs::signature as aws;
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};

use crate::algorithm::Algorithm;
use crate::keys::error::KeyError;

/// The curves of ES256, ES384 and ES512 (RFC 7518, section 6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// `crv` of a JWK.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// Bytes of one coordinate.
    pub(crate) fn coordinate_bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    /// The one algorithm that fits the curve (RFC 7518, section 3.4).
    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Curve::P256 => &aws::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &aws::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &aws::ECDSA_P521_SHA512_FIXED,
        }
    }

    /// An uncompressed point (SEC 1, section 2.3.3), which must lie on the curve.
    pub(crate) fn parse_point(self, point: &[u8]) -> Result<ParsedPublicKey, KeyError> {
        if point.len() != 1 + 2 * self.coordinate_bytes() || point.first() != Some(&4) {
            return Err(KeyError(format!("the point is not an uncompressed point of {self:?}")));
        }
        ParsedPublicKey::new(self.verification(), point)
            .map_err(|_| KeyError(format!("the point is not on the curve {self:?}")))
    }
}
