// SPDX-License-Identifier: Apache-2.0
//! Keys for signing, read from PEM files, HMAC files and JWKs.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nativejwt_core::{Algorithm, hmac_secret, key_text, pem_sections, reject_as_secret};
use pkcs8::der::Decode as _;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::json::JsonObject;
use crate::jwk::base64url;

const MAX_FILE_BYTES: u64 = 256 * 1024;

/// The curves and their algorithms (RFC 7518, section 3.4).
const CURVES: [(&str, Algorithm, &EcdsaSigningAlgorithm, usize); 3] = [
    ("P-256", Algorithm::Es256, &aws::ECDSA_P256_SHA256_FIXED_SIGNING, 32),
    ("P-384", Algorithm::Es384, &aws::ECDSA_P384_SHA384_FIXED_SIGNING, 48),
    ("P-521", Algorithm::Es512, &aws::ECDSA_P521_SHA512_FIXED_SIGNING, 66),
];

/// The text of a key file.
pub(crate) fn read_key_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::at(path.display(), format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::at(
            path.display(),
            format!("is larger than {MAX_FILE_BYTES} bytes, so it cannot be a key file"),
        ));
    }
    key_text(&bytes).map_err(|why| Failure::at(path.display(), why))
}

/// True if the text looks like a JWK or a JWK Set.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// A key for signing, and what its JWK says about it.
pub(crate) struct PrivateKey {
    material: Material,
    /// `kid` of the JWK.
    pub(crate) key_id: Option<String>,
    /// `alg` of the JWK.
    bound_to: Option<Algorithm>,
}

enum Material {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, Algorithm),
    Ed25519(Ed25519KeyPair),
    Hmac(Zeroizing<Vec<u8>>),
}

impl PrivateKey {
    /// Reads a PEM private key (PKCS#8, PKCS#1, SEC 1), an HMAC file in base64, or a JWK that is private or `oct`.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = read_key_file(path)?;
        let key = if is_json(&text) {
            Self::from_jwk(&text)
        } else if text.contains("-----BEGIN ") {
            Material::from_pem(&text).map(Self::unbound)
        } else {
            hmac_secret(&text).map(|secret| Self::unbound(Material::Hmac(secret))).map_err(|error| error.to_string())
        };
        key.map_err(|why| Failure::at(path.display(), why))
    }

    fn unbound(material: Material) -> Self {
        Self { material, key_id: None, bound_to: None }
    }

    fn from_jwk(text: &str) -> Result<Self, String> {
        let jwk: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            format!("is not a JWK: it is not one JSON object (line {}, column {})", error.line(), error.column())
        })?;
        if jwk.contains_key("keys") {
            return Err("is a JWK Set: signing requires one private JWK".to_owned());
        }
        let bound_to = match jwk.get("alg") {
            None => None,
            Some(alg) => match alg.as_str().and_then(Algorithm::from_name) {
                Some(algorithm) => Some(algorithm),
                None => return Err(format!("the JWK is for the algorithm {alg}, which cannot sign a token")),
            },
        };
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err("the JWK is not for signing: its use is not sig".to_owned());
        }
        let key_id = match jwk.get("kid") {
            None => None,
            Some(Value::String(key_id)) => Some(key_id.clone()),
            Some(_) => return Err("the JWK's kid is not a string".to_owned()),
        };
        Ok(Self { material: Material::from_jwk(&jwk)?, key_id, bound_to })
    }

    /// The algorithm to sign with: the requested one, or else the key's own.
    ///
    /// # Errors
    /// The key cannot sign with the requested algorithm.
    fn algorithm(&self, requested: Option<Algorithm>) -> Result<Algorithm, String> {
        let algorithm = requested.or(self.bound_to).unwrap_or(match &self.material {
            Material::Rsa(_) => Algorithm::Rs256,
            Material::Ec(_, algorithm) => *algorithm,
            Material::Ed25519(_) => Algorithm::EdDsa,
            Material::Hmac(_) => Algorithm::Hs256,
        });
        if let Some(bound_to) = self.bound_to.filter(|bound_to| *bound_to != algorithm) {
            return Err(format!("its JWK allows {bound_to} only, not {algorithm}"));
        }
        let fits = match &self.material {
            Material::Rsa(_) => rsa_encoding(algorithm).is_some(),
            Material::Ec(_, own) => *own == algorithm,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Material::Hmac(secret) => match hmac_algorithm(algorithm) {
                Some((_, bytes)) if secret.len() < bytes => {
                    return Err(format!(
                        "has {} bytes, but {algorithm} requires {bytes} or more (RFC 7518, section 3.2)",
                        secret.len()
                    ));
                }
                found => found.is_some(),
            },
        };
        if fits { Ok(algorithm) } else { Err(format!("is {}, which cannot sign with {algorithm}", self.describe())) }
    }

    /// A JWT as a compact JWS over `payload`, a JSON object. Without `algorithm` or `key_id`, those of the key are used.
    ///
    /// # Errors
    /// The key cannot sign with the algorithm.
    pub(crate) fn sign_jwt(
        &self,
        algorithm: Option<Algorithm>,
        key_id: Option<&str>,
        payload: &str,
    ) -> Result<String, String> {
        let algorithm = self.algorithm(algorithm)?;
        let header = JsonObject::new().text("alg", algorithm.name()).text("typ", "JWT");
        let header = match key_id.or(self.key_id.as_deref()) {
            Some(key_id) => header.text("kid", key_id),
            None => header,
        };
        let signing_input = format!("{}.{}", base64url(header.finish().as_bytes()), base64url(payload.as_bytes()));
        let signature = self.sign(algorithm, signing_input.as_bytes())?;
        Ok(format!("{signing_input}.{}", base64url(&signature)))
    }

    fn describe(&self) -> &'static str {
        match &self.material {
            Material::Rsa(_) => "an RSA key (RS256, RS384, RS512, PS256, PS384, PS512)",
            Material::Ec(_, Algorithm::Es256) => "a P-256 key (ES256)",
            Material::Ec(_, Algorithm::Es384) => "a P-384 key (ES384)",
            Material::Ec(..) => "a P-521 key (ES512)",
            Material::Ed25519(_) => "an Ed25519 key (EdDSA)",
            Material::Hmac(_) => "a shared secret (HS256, HS384, HS512)",
        }
    }

    /// Signs with an algorithm that [`PrivateKey::algorithm`] returned.
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        let failed = |_| format!("cannot sign with {algorithm}: the cryptographic library does not accept the key");
        let random = SystemRandom::new();
        match &self.material {
            Material::Rsa(key) => {
                let encoding = rsa_encoding(algorithm).ok_or_else(|| format!("{algorithm} is not for RSA keys"))?;
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Material::Ec(key, _) => Ok(key.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Material::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Material::Hmac(secret) => {
                let (hash, _) = hmac_algorithm(algorithm).ok_or_else(|| format!("{algorithm} is not for secrets"))?;
                Ok(hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec())
            }
        }
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Algorithm::Rs256 => &aws::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &aws::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &aws::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &aws::RSA_PSS_SHA256,
        Algorithm::Ps384 => &aws::RSA_PSS_SHA384,
        Algorithm::Ps512 => &aws::RSA_PSS_SHA512,
        _ => return None,
    })
}

/// The hash, and the shortest secret in bytes (RFC 7518, section 3.2).
pub(crate) fn hmac_algorithm(algorithm: Algorithm) -> Option<(hmac::Algorithm, usize)> {
    match algorithm {
        Algorithm::Hs256 => Some((hmac::HMAC_SHA256, digest::SHA256_OUTPUT_LEN)),
        Algorithm::Hs384 => Some((hmac::HMAC_SHA384, digest::SHA384_OUTPUT_LEN)),
        Algorithm::Hs512 => Some((hmac::HMAC_SHA512, digest::SHA512_OUTPUT_LEN)),
        _ => None,
    }
}

impl Material {
    /// The first private key of the text.
    fn from_pem(text: &str) -> Result<Self, String> {
        let sections = pem_sections(text).map_err(|why| why.to_string())?;
        let Some(section) = sections.iter().find(|section| section.tag().ends_with("PRIVATE KEY")) else {
            return Err(match sections.first() {
                Some(section) => {
                    format!("holds a '{}' but no private key, which signing requires", section.tag())
                }
                None => "the PEM text has no complete section".to_owned(),
            });
        };
        let encrypted = section.tag() == "ENCRYPTED PRIVATE KEY" || section.headers().get("Proc-Type").is_some();
        if encrypted {
            return Err("the private key is encrypted; decrypt it with 'openssl pkey -in FILE -out PLAIN'".to_owned());
        }
        let der = section.contents();
        let key = match section.tag() {
            "PRIVATE KEY" => Self::from_pkcs8(der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(der).ok().map(Self::Rsa),
            "EC PRIVATE KEY" => CURVES.iter().find_map(|(_, algorithm, signing, _)| {
                EcdsaKeyPair::from_private_key_der(signing, der).ok().map(|key| Self::Ec(key, *algorithm))
            }),
            "OPENSSH PRIVATE KEY" => {
                return Err("the private key is in OpenSSH's format; convert it with 'ssh-keygen -p -m PKCS8 -f FILE'"
                    .to_owned());
            }
            other => return Err(format!("a '{other}' cannot sign a token")),
        };
        key.ok_or_else(|| {
            "the private key is damaged, or not RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519".to_owned()
        })
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(key) = RsaKeyPair::from_pkcs8(der) {
            return Some(Self::Rsa(key));
        }
        for (_, algorithm, signing, _) in &CURVES {
            if let Ok(key) = EcdsaKeyPair::from_pkcs8(signing, der) {
                return Some(Self::Ec(key, *algorithm));
            }
        }
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self::Ed25519)
    }

    fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, String> {
        let number = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str);
            let Some(text) = text else {
                return Err(match name {
                    "d" => "the JWK is a public key (it has no d): signing requires the private one".to_owned(),
                    _ => format!("the JWK has no {name}, or its {name} is not a string"),
                });
            };
            URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| format!("the JWK's {name} is not base64url"))
        };
        let unusable =
            |_| "the members of the JWK do not form a key that can sign (RSA requires 2048 bits or more)".to_owned();
        let curve = jwk.get("crv").and_then(Value::as_str).unwrap_or_default();
        match jwk.get("kty").and_then(Value::as_str) {
            Some("RSA") => {
                let components = KeyPairComponents {
                    d: number("d")?,
                    public_key: PublicKeyComponents { n: number("n")?, e: number("e")? },
                    p: number("p")?,
                    q: number("q")?,
                    dP: number("dp")?,
                    dQ: number("dq")?,
                    qInv: number("qi")?,
                };
                RsaKeyPair::from_components(&components).map(Self::Rsa).map_err(unusable)
            }
            Some("EC") => {
                let Some((_, algorithm, signing, bytes)) = CURVES.iter().find(|(name, ..)| *name == curve) else {
                    return Err(format!(
                        "the JWK's curve '{}' is not P-256, P-384 or P-521",
                        nativejwt_core::quoted(curve)
                    ));
                };
                let d = number("d")?;
                let x = number("x")?;
                let y = number("y")?;
                if [&d, &x, &y].iter().any(|number| number.len() != *bytes) {
                    return Err(format!("d, x and y of the JWK do not have {bytes} bytes each, as {curve} requires"));
                }
                let point = [&[4][..], &x, &y].concat();
                let key = EcdsaKeyPair::from_private_key_and_public_key(signing, &d, &point).map_err(unusable)?;
                Ok(Self::Ec(key, *algorithm))
            }
            Some("OKP") if curve == "Ed25519" => Ed25519KeyPair::from_seed_and_public_key(&number("d")?, &number("x")?)
                .map(Self::Ed25519)
                .map_err(unusable),
            Some("oct") => {
                let secret = number("k")?;
                let text = jwk.get("k").and_then(Value::as_str).unwrap_or_default();
                for form in [text.as_bytes(), &secret] {
                    reject_as_secret(form).map_err(|what| format!("the JWK's k {what}"))?;
                }
                if secret.len() < digest::SHA256_OUTPUT_LEN {
                    return Err(format!(
                        "the secret has {} bytes; RFC 7518, section 3.2 requires 32 or more",
                        secret.len()
                    ));
                }
                Ok(Self::Hmac(secret))
            }
            Some(_) => Err("the JWK is not of type RSA, EC, OKP with Ed25519, or oct".to_owned()),
            None => Err("the JWK has no kty".to_owned()),
        }
    }
}

/// A new key pair.
pub(crate) struct NewKeyPair {
    /// PKCS#8.
    pub(crate) private_der: Zeroizing<Vec<u8>>,
    /// SubjectPublicKeyInfo.
    pub(crate) public_der: Vec<u8>,
    /// The private members of its JWK.
    pub(crate) private_members: Vec<(&'static str, Zeroizing<String>)>,
}

impl NewKeyPair {
    /// Generates a key pair for any algorithm except HMAC.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, String> {
        use aws::KeyPair as _;
        use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
        let failed = |_| "the cryptographic library could not generate a key".to_owned();
        if let Some((_, _, signing, _)) = CURVES.iter().find(|(_, candidate, ..)| *candidate == algorithm) {
            let key = EcdsaKeyPair::generate(signing).map_err(failed)?;
            let d = key.private_key().as_be_bytes().map_err(failed)?;
            let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
            return Ok(Self {
                private_der: Zeroizing::new(key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()),
                public_der: public.as_ref().to_vec(),
                private_members: vec![("d", private_number(d.as_ref()))],
            });
        }
        match algorithm {
            Algorithm::EdDsa => {
                let key = Ed25519KeyPair::generate().map_err(failed)?;
                let seed = key.seed().and_then(|seed| seed.as_be_bytes()).map_err(failed)?;
                let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
                Ok(Self {
                    private_der: Zeroizing::new(key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()),
                    public_der: public.as_ref().to_vec(),
                    private_members: vec![("d", private_number(seed.as_ref()))],
                })
            }
            _ if rsa_encoding(algorithm).is_some() => {
                let key = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).map_err(failed)?;
                let private: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                let private_der = Zeroizing::new(private.as_ref().to_vec());
                let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
                let private_members =
                    rsa_private_members(&private_der).map_err(|_| failed(aws_lc_rs::error::Unspecified))?;
                Ok(Self { private_der, public_der: public.as_ref().to_vec(), private_members })
            }
            _ => Err(format!("{algorithm} has no key pair")),
        }
    }
}

/// The private members of an RSA JWK (RFC 7518, section 6.3.2), read from PKCS#8 (RFC 8017, appendix A.1.2).
fn rsa_private_members(pkcs8: &[u8]) -> pkcs8::der::Result<Vec<(&'static str, Zeroizing<String>)>> {
    let info = pkcs8::PrivateKeyInfoRef::from_der(pkcs8)?;
    let key = pkcs1::RsaPrivateKeyRef::from_der(info.private_key.as_bytes())?;
    Ok([
        ("d", key.private_exponent),
        ("p", key.prime1),
        ("q", key.prime2),
        ("dp", key.exponent1),
        ("dq", key.exponent2),
        ("qi", key.coefficient),
    ]
    .map(|(name, number)| (name, private_number(number.as_bytes())))
    .into())
}

fn private_number(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes))
}
