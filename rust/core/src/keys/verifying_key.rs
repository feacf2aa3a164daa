// SPDX-License-Identifier: Apache-2.0
//! Keys that verify signatures. They are checked and parsed once, when they are loaded.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};
use aws_lc_rs::{hmac, signature as aws};
use pkcs1::der::{Decode as _, Encode as _};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::keys::curve::Curve;
use crate::keys::error::KeyError;
use crate::keys::forms::reject_as_secret;
use crate::rejection::{Reason, Rejection};

/// The RSA algorithms, in the order of [`RsaKey::parsed`].
const RSA_ALGORITHMS: [(Algorithm, &dyn VerificationAlgorithm); 6] = [
    (Algorithm::Rs256, &aws::RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Rs384, &aws::RSA_PKCS1_2048_8192_SHA384),
    (Algorithm::Rs512, &aws::RSA_PKCS1_2048_8192_SHA512),
    (Algorithm::Ps256, &aws::RSA_PSS_2048_8192_SHA256),
    (Algorithm::Ps384, &aws::RSA_PSS_2048_8192_SHA384),
    (Algorithm::Ps512, &aws::RSA_PSS_2048_8192_SHA512),
];

fn unusable<T>(why: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(why.into()))
}

/// A key that may verify signatures. Only this module creates one. Its family is fixed when it is loaded, so a public
/// key never becomes an HMAC secret (CVE-2016-10555).
pub(crate) struct VerifyingKey {
    material: Material,
    /// The only algorithm that the key may be used with, if its JWK has an `alg` (RFC 7517, section 4.4).
    only: Option<Algorithm>,
}

/// The parameters of a public key, big-endian, as in a JWK (RFC 7518, section 6; RFC 8037, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyParameters<'k> {
    /// `n` and `e`, without leading zeros.
    Rsa {
        /// `n`.
        modulus: &'k [u8],
        /// `e`.
        exponent: &'k [u8],
    },
    /// `crv`, and `x` and `y` in full length.
    Ec {
        /// `P-256`, `P-384` or `P-521`.
        curve: &'static str,
        /// First coordinate.
        x: &'k [u8],
        /// Second coordinate.
        y: &'k [u8],
    },
    /// `x` of an `OKP` key on `Ed25519`.
    Ed25519(&'k [u8]),
}

enum Material {
    Rsa(Box<RsaKey>),
    Ec(Curve, ParsedPublicKey),
    Ed25519(ParsedPublicKey),
    /// Boxed like RSA, since it takes 4 kB: 10,000 small keys must not take the space of large ones.
    Hmac(Box<HmacKey>),
}

/// An RSA key. It is parsed for an algorithm on first use, since most keys are used with one algorithm.
struct RsaKey {
    bits: usize,
    pkcs1: Vec<u8>,
    parsed: [OnceLock<Option<ParsedPublicKey>>; RSA_ALGORITHMS.len()],
}

/// An HMAC secret, with the keyed state of each algorithm that its length allows (RFC 7518, section 3.2).
struct HmacKey {
    sha256: hmac::Key,
    sha384: Option<hmac::Key>,
    sha512: Option<hmac::Key>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.describe())
    }
}

impl VerifyingKey {
    /// An RSA key from its big-endian modulus and exponent (RFC 7518, section 6.3.1). At least 2048 bits (RFC 7518,
    /// section 3.3), at most 8192; the exponent odd and at least 3.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = without_leading_zeros(modulus);
        let exponent = without_leading_zeros(exponent);
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if bits < 2048 {
            return unusable(format!("the RSA key has {bits} bits; RFC 7518 section 3.3 requires 2048 or more"));
        }
        if bits > 8192 {
            return unusable(format!("the RSA key has {bits} bits; at most 8192 are supported"));
        }
        if modulus.last().is_none_or(|last| last & 1 == 0) {
            return unusable("the RSA modulus is even");
        }
        match exponent {
            [] | [1 | 2] => return unusable("the RSA exponent is less than 3"),
            [.., last] if last & 1 == 0 => return unusable("the RSA exponent is even"),
            _ => {}
        }
        let pkcs1 = match (pkcs1::UintRef::new(modulus), pkcs1::UintRef::new(exponent)) {
            (Ok(modulus), Ok(public_exponent)) => pkcs1::RsaPublicKeyRef { modulus, public_exponent }.to_der(),
            _ => return unusable("the RSA modulus and exponent cannot be encoded"),
        };
        let Ok(pkcs1) = pkcs1 else { return unusable("the RSA modulus and exponent cannot be encoded") };
        let key = RsaKey { bits, pkcs1, parsed: Default::default() };
        if key.parsed_for(Algorithm::Rs256).is_none() {
            return unusable("the RSA modulus and exponent do not form a valid key");
        }
        Ok(Self { material: Material::Rsa(Box::new(key)), only: None })
    }

    /// An elliptic-curve key from its point, see [`Curve::parse_point`].
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { material: Material::Ec(curve, curve.parse_point(point)?), only: None })
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032, section 5.1.5).
    pub(crate) fn ed25519(key: &[u8]) -> Result<Self, KeyError> {
        if key.len() != 32 {
            return unusable(format!("an Ed25519 key has 32 bytes, not {}", key.len()));
        }
        if is_of_small_order(key) {
            return unusable("the Ed25519 key is of small order, so anyone can forge signatures for it");
        }
        match ParsedPublicKey::new(&aws::ED25519, key) {
            Ok(parsed) => Ok(Self { material: Material::Ed25519(parsed), only: None }),
            Err(_) => unusable("the bytes are not an Ed25519 key"),
        }
    }

    /// The shortest secret, for HS256 (RFC 7518, section 3.2).
    pub(crate) const MIN_HMAC_BYTES: usize = 32;

    /// An HMAC secret: at least 32 bytes, 48 for HS384 and 64 for HS512 (RFC 7518, section 3.2). A key of another form
    /// is an error. `secret` is wiped.
    pub(crate) fn hmac(secret: &Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        reject_as_secret(secret).map_err(|KeyError(what)| KeyError(format!("the secret {what}")))?;
        let bytes = secret.len();
        if bytes < Self::MIN_HMAC_BYTES {
            return unusable(format!("the HMAC key has {} bits; RFC 7518 section 3.2 requires 256 or more", bytes * 8));
        }
        let key = HmacKey {
            sha256: hmac::Key::new(hmac::HMAC_SHA256, secret),
            sha384: (bytes >= 48).then(|| hmac::Key::new(hmac::HMAC_SHA384, secret)),
            sha512: (bytes >= 64).then(|| hmac::Key::new(hmac::HMAC_SHA512, secret)),
        };
        Ok(Self { material: Material::Hmac(Box::new(key)), only: None })
    }

    /// Binds the key to one algorithm, the `alg` of its JWK.
    pub(crate) fn only_for(mut self, algorithm: Algorithm) -> Result<Self, KeyError> {
        if !self.serves(algorithm) {
            return unusable(format!("its alg {algorithm} does not fit the key, which is of type {}", self.describe()));
        }
        self.only = Some(algorithm);
        Ok(self)
    }

    /// The only algorithm that the key may be used with, if its JWK has an `alg`.
    pub(crate) fn bound_to(&self) -> Option<Algorithm> {
        self.only
    }

    /// True if the key may verify signatures of this algorithm: its type, curve or length fits, and it is not bound to
    /// another one.
    pub(crate) fn serves(&self, algorithm: Algorithm) -> bool {
        let fits = match &self.material {
            Material::Rsa(_) => RSA_ALGORITHMS.iter().any(|(candidate, _)| *candidate == algorithm),
            Material::Ec(curve, _) => curve.algorithm() == algorithm,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Material::Hmac(key) => key.for_algorithm(algorithm).is_some(),
        };
        fits && self.only.is_none_or(|only| only == algorithm)
    }

    /// A description for operators: `RSA 2048`, `EC P-256`, `Ed25519`, `HMAC`.
    pub(crate) fn describe(&self) -> String {
        match &self.material {
            Material::Rsa(key) => format!("RSA {}", key.bits),
            Material::Ec(curve, _) => format!("EC {}", curve.name()),
            Material::Ed25519(_) => "Ed25519".to_owned(),
            Material::Hmac(_) => "HMAC".to_owned(),
        }
    }

    /// True if both are the same public key with the same binding. Two secrets never count as the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.only == other.only
            && self.public_key_parameters().is_some_and(|parameters| other.public_key_parameters() == Some(parameters))
    }

    /// The public key parameters; `None` for a secret.
    pub(crate) fn public_key_parameters(&self) -> Option<PublicKeyParameters<'_>> {
        match &self.material {
            Material::Rsa(key) => {
                let parameters = pkcs1::RsaPublicKeyRef::from_der(&key.pkcs1).ok()?;
                Some(PublicKeyParameters::Rsa {
                    modulus: parameters.modulus.as_bytes(),
                    exponent: parameters.public_exponent.as_bytes(),
                })
            }
            Material::Ec(curve, parsed) => {
                let (_, coordinates) = parsed.as_ref().split_first()?;
                let (x, y) = coordinates.split_at_checked(curve.coordinate_bytes())?;
                Some(PublicKeyParameters::Ec { curve: curve.name(), x, y })
            }
            Material::Ed25519(parsed) => Some(PublicKeyParameters::Ed25519(parsed.as_ref())),
            Material::Hmac(_) => None,
        }
    }

    /// The key for use with one algorithm. Only this function decides which keys fit which algorithms.
    pub(crate) fn for_algorithm(&self, algorithm: Algorithm) -> Result<FittingKey<'_>, Rejection> {
        if let Some(only) = self.only.filter(|only| *only != algorithm) {
            return Err(mismatch(algorithm, &format!("the alg of its JWK binds it to {only}")));
        }
        let fitting = match (&self.material, algorithm) {
            (Material::Hmac(key), _) if algorithm.is_hmac() => match key.for_algorithm(algorithm) {
                Some(key) => Fitting::Hmac(key),
                None => return Err(mismatch(algorithm, "the HMAC key is too short for it (RFC 7518, section 3.2)")),
            },
            (_, _) if algorithm.is_hmac() => {
                let message = format!("JWT is signed with {algorithm}, but no HMAC key is configured");
                return Err(Rejection::new(Reason::NoHmacKey, message));
            }
            (Material::Hmac(_), _) => {
                let message = format!("JWT is signed with {algorithm}, but no key is configured");
                return Err(Rejection::new(Reason::NoPublicKey, message));
            }
            (Material::Rsa(key), _) => match key.parsed_for(algorithm) {
                Some(parsed) => Fitting::Public(parsed),
                None => return Err(mismatch(algorithm, "the key is an RSA key")),
            },
            (Material::Ec(curve, parsed), _) if curve.algorithm() == algorithm => Fitting::Public(parsed),
            (Material::Ed25519(parsed), Algorithm::EdDsa) => Fitting::Public(parsed),
            (Material::Ec(..) | Material::Ed25519(_), _) => {
                return Err(mismatch(algorithm, &format!("the key is of type {}", self.describe())));
            }
        };
        Ok(FittingKey(fitting))
    }
}

/// A key with the one algorithm that it is used with. Only [`VerifyingKey::for_algorithm`] creates one.
pub(crate) struct FittingKey<'k>(Fitting<'k>);

enum Fitting<'k> {
    Hmac(&'k hmac::Key),
    Public(&'k ParsedPublicKey),
}

impl FittingKey<'_> {
    /// Checks `signature` over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        let verified = match self.0 {
            Fitting::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Fitting::Public(key) => key.verify_sig(message, signature).is_ok(),
        };
        if verified {
            return Ok(());
        }
        Err(Rejection::new(
            Reason::SignatureMismatch,
            "JWT signature does not match locally computed signature. JWT validity cannot be asserted and should not be trusted.",
        ))
    }
}

fn mismatch(algorithm: Algorithm, why: &str) -> Rejection {
    let message = format!("JWT is signed with {algorithm}, which the configured key may not verify: {why}");
    Rejection::new(Reason::KeyAlgorithmMismatch, message)
}

impl RsaKey {
    fn parsed_for(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let index = RSA_ALGORITHMS.iter().position(|(candidate, _)| *candidate == algorithm)?;
        let (_, verification) = RSA_ALGORITHMS.get(index)?;
        self.parsed.get(index)?.get_or_init(|| ParsedPublicKey::new(*verification, &self.pkcs1).ok()).as_ref()
    }
}

impl HmacKey {
    fn for_algorithm(&self, algorithm: Algorithm) -> Option<&hmac::Key> {
        match algorithm {
            Algorithm::Hs256 => Some(&self.sha256),
            Algorithm::Hs384 => self.sha384.as_ref(),
            Algorithm::Hs512 => self.sha512.as_ref(),
            _ => None,
        }
    }
}

/// True for the encodings of the Ed25519 points of small order, canonical or not and with either sign: for such a key,
/// anyone can forge signatures.
fn is_of_small_order(key: &[u8]) -> bool {
    // y = 0, 1, p - 1, p, p + 1: first byte, middle bytes, last byte without the sign.
    const ORDERS_TO_FOUR: [(u8, u8, u8); 5] =
        [(0, 0, 0), (1, 0, 0), (0xec, 0xff, 0x7f), (0xed, 0xff, 0x7f), (0xee, 0xff, 0x7f)];
    const ORDER_EIGHT: [[u8; 32]; 2] = [
        *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
           \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
        *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\
           \x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
    ];
    let [first, middle @ .., last] = key else { return false };
    let last = last & 0x7f;
    ORDERS_TO_FOUR
        .iter()
        .any(|(low, between, high)| first == low && middle.iter().all(|byte| byte == between) && last == *high)
        || ORDER_EIGHT.iter().any(|point| {
            let [point_first, point_middle @ .., point_last] = point;
            first == point_first && middle == point_middle && last == *point_last
        })
}

fn without_leading_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}
