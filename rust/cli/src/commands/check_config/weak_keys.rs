// SPDX-License-Identifier: Apache-2.0
//! Keys that others know, or can compute.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nativejwt_core::{Algorithm, OfferedKey, PublicKeyParameters};

use crate::jwk;

/// Public keys whose private keys are printed: the RFC 7638 thumbprint, and where.
const PUBLISHED: [(&str, &str); 10] = [
    ("oGDmHqCJ7yzMkWEkrlZVHkvrHIyQwtlDmeq5ForUHeY", "the example of jwt.io"),
    ("19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8", "the example of jwt.io"),
    ("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "RFC 7517"),
    ("cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s", "RFC 7517"),
    ("IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8", "RFC 7515"),
    ("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", "RFC 7515"),
    ("u5YUSjQ2-2chBi51NSk3t3g7IM4o2KYcnPqPtCNGd3U", "RFC 7515"),
    ("9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", "RFC 7520"),
    ("dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M", "RFC 7520"),
    ("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "RFC 8037"),
];

/// What [`PUBLISHED_SECRETS`] are recognized by, since no key shows its secret.
const SIGNED: &[u8] = b"nativejwt";

/// Secrets that are printed: the HS256 of [`SIGNED`], and where.
const PUBLISHED_SECRETS: [(&str, &str); 3] = [
    ("3pu2MzOs2cpnAkn_xxp27zdPqxa5Sxj6LKQwgKQbecU", "the example of jwt.io"),
    ("0SbZsqKzaH8fIwPHkxipDGvAvIgUQQBZ2-2bmlA_cGI", "RFC 7515"),
    ("u9waph3wsOLg2L-tYLRdYBwRqye3bCoWpfQ6KliNHTw", "RFC 7520"),
];

/// Smaller exponents are not allowed by FIPS 186-5, section 5.1.
const SMALLEST_EXPONENT: [u8; 3] = [1, 0, 1];
/// Products of larger primes are not searched for.
const LARGEST_FACTOR: u64 = 10_000;
/// The largest prime of the fingerprint of CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's Attack", 2017).
const LARGEST_ROCA_PRIME: u64 = 167;
const ROCA_GENERATOR: u64 = 65_537;

/// Where the private key or the secret is printed.
pub(super) fn published_in(key: &OfferedKey<'_>) -> Option<&'static str> {
    match key.public_key_parameters() {
        Some(parameters) => {
            let thumbprint = jwk::thumbprint(&jwk::public_members(parameters));
            PUBLISHED.iter().find(|(published, _)| *published == thumbprint).map(|(_, document)| *document)
        }
        None => {
            let is_signature = |text: &str| {
                URL_SAFE_NO_PAD.decode(text).is_ok_and(|mac| key.has_signed(Algorithm::Hs256, SIGNED, &mac))
            };
            PUBLISHED_SECRETS.iter().find(|(mac, _)| is_signature(mac)).map(|(_, document)| *document)
        }
    }
}

/// Why an attacker may find the private key. The library rejects keys that are too short before this.
pub(super) fn weakness(key: &OfferedKey<'_>) -> Option<String> {
    match key.public_key_parameters()? {
        PublicKeyParameters::Rsa { modulus, exponent } => weakness_of_rsa(modulus, exponent),
        PublicKeyParameters::Ec { .. } | PublicKeyParameters::Ed25519(_) => None,
    }
}

fn weakness_of_rsa(modulus: &[u8], exponent: &[u8]) -> Option<String> {
    if let Some(prime) = primes(LARGEST_FACTOR).find(|prime| remainder(modulus, *prime) == 0) {
        return Some(format!("its modulus is divisible by {prime}"));
    }
    if primes(LARGEST_ROCA_PRIME).all(|prime| is_power(ROCA_GENERATOR, remainder(modulus, prime), prime)) {
        return Some("it has the fingerprint of CVE-2017-15361 (ROCA), so its private key can be computed".to_owned());
    }
    let is_small = exponent.len() < SMALLEST_EXPONENT.len()
        || (exponent.len() == SMALLEST_EXPONENT.len() && exponent < &SMALLEST_EXPONENT[..]);
    is_small.then(|| "its exponent is less than 65537, which FIPS 186-5 does not allow".to_owned())
}

/// The odd primes up to `largest`.
fn primes(largest: u64) -> impl Iterator<Item = u64> {
    let is_prime = |number: &u64| (3..).step_by(2).take_while(|d| d * d <= *number).all(|d| !number.is_multiple_of(d));
    (3..=largest).step_by(2).filter(is_prime)
}

/// The remainder of a big-endian number.
fn remainder(number: &[u8], divisor: u64) -> u64 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u64::from(*byte)) % divisor)
}

/// True if `number` is a power of `base` modulo `prime`.
fn is_power(base: u64, number: u64, prime: u64) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(power * (base % prime) % prime));
    powers.take(usize::try_from(prime).unwrap_or(usize::MAX)).any(|power| power == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [u8; 3] = SMALLEST_EXPONENT;

    /// A number with these remainders modulo the primes of the fingerprint, and without small factors.
    fn number_with(remainders: impl Fn(u64) -> u64) -> Vec<u8> {
        // Little-endian digits to the base 256.
        let (mut number, mut product) = (vec![1_u8; 64], vec![2_u8]);
        let big_endian = |digits: &[u8]| digits.iter().rev().copied().collect::<Vec<_>>();
        for prime in primes(LARGEST_ROCA_PRIME) {
            while remainder(&big_endian(&number), prime) != remainders(prime) {
                add(&mut number, &product);
            }
            product = times(&product, prime);
        }
        while primes(LARGEST_FACTOR).any(|prime| remainder(&big_endian(&number), prime) == 0) {
            add(&mut number, &product);
        }
        big_endian(&number)
    }

    fn add(number: &mut Vec<u8>, other: &[u8]) {
        let mut carry = 0;
        for index in 0.. {
            if index >= other.len() && carry == 0 {
                return;
            }
            if index == number.len() {
                number.push(0);
            }
            let sum = u16::from(number[index]) + u16::from(*other.get(index).unwrap_or(&0)) + carry;
            number[index] = (sum % 256) as u8;
            carry = sum / 256;
        }
    }

    fn times(number: &[u8], factor: u64) -> Vec<u8> {
        let mut carry = 0;
        let mut product: Vec<u8> = number
            .iter()
            .map(|digit| {
                let value = u64::from(*digit) * factor + carry;
                carry = value / 256;
                (value % 256) as u8
            })
            .collect();
        while carry > 0 {
            product.push((carry % 256) as u8);
            carry /= 256;
        }
        product
    }

    #[test]
    fn the_fingerprint_of_roca_is_found_only_if_each_remainder_is_a_power() {
        let vulnerable = number_with(|prime| ROCA_GENERATOR.pow(3) % prime);
        assert!(weakness_of_rsa(&vulnerable, &GOOD).unwrap().contains("ROCA"));
        // 65537 generates 1 and 10 modulo 11, so 2 is no power of it.
        assert!(!is_power(ROCA_GENERATOR, 2, 11) && is_power(ROCA_GENERATOR, 10, 11));
        let nearly = number_with(|prime| if prime == 11 { 2 } else { ROCA_GENERATOR.pow(3) % prime });
        assert_eq!(weakness_of_rsa(&nearly, &GOOD), None);
    }

    #[test]
    fn small_factors_and_exponents_are_found() {
        // 2^521 - 1 is a prime.
        let prime = [&[1][..], &[0xff; 65]].concat();
        assert_eq!(weakness_of_rsa(&prime, &GOOD), None);
        let factor =
            times(&prime.iter().rev().copied().collect::<Vec<_>>(), 9_973).into_iter().rev().collect::<Vec<_>>();
        assert_eq!(weakness_of_rsa(&factor, &GOOD).unwrap(), "its modulus is divisible by 9973");
        for (exponent, is_weak) in [(&[3][..], true), (&[255, 255], true), (&[1, 0, 1], false), (&[1, 0, 0, 1], false)]
        {
            assert_eq!(weakness_of_rsa(&prime, exponent).is_some(), is_weak, "{exponent:?}");
        }
    }
}
