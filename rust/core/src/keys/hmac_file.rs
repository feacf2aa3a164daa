//! HMAC file → a shared secret: MIME base64 (RFC 2045, section 6.8), as `java.util.Base64.getMimeDecoder()` reads it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::signature::{KeyError, VerifyingKey};

/// Padding may be there or not, and stray bits at the end are dropped, as in Java.
const MIME: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads the secret. Java's decoder skips every character outside the alphabet, which would make a secret of a JWK or of
/// any prose: here only white space is skipped, and the rest refused.
pub(crate) fn secret(text: &str) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::hmac(&decode(text)?)
}

/// The bytes of the secret, for a command that signs with it.
///
/// # Errors
/// The text is not the base64 of at least 32 bytes.
pub fn hmac_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let secret = decode(text)?;
    VerifyingKey::hmac(&secret).map(|_| secret)
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let packed: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    if packed.is_empty() {
        return Err(KeyError("the file is empty".to_owned()));
    }
    if packed.iter().any(|byte| matches!(byte, b'-' | b'_'))
        && packed.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(byte))
    {
        return Err(KeyError(
            "the file is in base64url (it holds '-' or '_'); an HMAC key file is in plain base64, with '+' and '/'"
                .to_owned(),
        ));
    }
    match MIME.decode(packed.as_slice()) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(_) => Err(KeyError("the file is neither PEM nor the base64 of an HMAC key".to_owned())),
    }
}
