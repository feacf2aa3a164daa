// SPDX-License-Identifier: Apache-2.0
//! `issue`: signs a token.

use std::io::Write;
use std::path::PathBuf;

use nativejwt_core::{Algorithm, UnixMillis};

use crate::failure::{Failure, Outcome};
use crate::json::{JsonObject, compact, json_string};
use crate::private_key::PrivateKey;
use crate::time::{Ttl, parse_ttl};

/// Sign a token and print it
///
/// The key is a private PEM file (PKCS#8, PKCS#1 or SEC 1; RSA, P-256, P-384, P-521 or Ed25519), a file with an HMAC
/// secret in base64, or a JWK that is private or of type oct. iat and exp are added unless a --claim sets them. The
/// output is the token only.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt issue --key private.pem --claim sub=alice --claim aud=trino --ttl 15m
  nativejwt issue --key private.pem --kid 2026-11 --claim sub=alice --claim 'groups=[\"etl\",\"ops\"]'
  nativejwt issue --key private.pem --claim sub=alice --ttl -1h     (an expired token)"
)]
pub(crate) struct Arguments {
    /// File with the private key or secret
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// JWS algorithm; by default the JWK's alg, else the algorithm of the key (RSA: RS256, secret: HS256)
    #[arg(long, value_name = "A", value_parser = super::algorithm)]
    alg: Option<Algorithm>,

    /// Key ID for the header; by default the JWK's kid, else none
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    kid: Option<String>,

    /// Adds a claim. VALUE is JSON if it can be parsed as JSON, else a string; '"7"' is the string 7
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    claims: Vec<Claim>,

    /// Lifetime: a number with s, m, h or d, such as 15m; negative for an expired token; none for no exp
    #[arg(long, default_value = "1h", allow_hyphen_values = true, value_parser = parse_ttl)]
    ttl: Ttl,
}

#[derive(Clone)]
struct Claim {
    name: String,
    json: String,
}

fn claim(text: &str) -> Result<Claim, String> {
    let (name, value) = text.split_once('=').ok_or("has no '=': write NAME=VALUE")?;
    if name.is_empty() {
        return Err("has no name before the '='".to_owned());
    }
    let json = compact(value.as_bytes()).unwrap_or_else(|_| json_string(value));
    Ok(Claim { name: name.to_owned(), json })
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let mut claims: Vec<(&str, String)> = Vec::new();
    for claim in &arguments.claims {
        if claims.iter().any(|(name, _)| *name == claim.name) {
            return Err(Failure::at("--claim", format!("'{}' is given twice", nativejwt_core::quoted(&claim.name))));
        }
        claims.push((&claim.name, claim.json.clone()));
    }
    add_times(&mut claims, arguments.ttl, UnixMillis::now())?;

    let key = PrivateKey::load(&arguments.key)?;
    let payload = claims.iter().fold(JsonObject::new(), |payload, (name, value)| payload.raw(name, value));
    let token = key
        .sign_jwt(arguments.alg, arguments.kid.as_deref(), &payload.finish())
        .map_err(|why| Failure::at(arguments.key.display(), why))?;
    if json {
        writeln!(out, "{}", JsonObject::new().text("token", &token).finish())?;
    } else {
        writeln!(out, "{token}")?;
    }
    Ok(Outcome::Accepted)
}

/// Adds `iat` and `exp` unless they are given. `exp` is `iat` plus the lifetime.
fn add_times(claims: &mut Vec<(&str, String)>, ttl: Ttl, now: UnixMillis) -> Result<(), Failure> {
    let given = |claims: &[(&str, String)], wanted: &str| {
        claims.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
    };
    let issued_at = match given(claims, "iat") {
        Some(value) => value.parse::<i64>().ok(),
        None => {
            let now = now.0.div_euclid(1000);
            claims.push(("iat", now.to_string()));
            Some(now)
        }
    };
    let Ttl::Seconds(ttl) = ttl else { return Ok(()) };
    if given(claims, "exp").is_some() {
        return Ok(());
    }
    let expires_at = issued_at
        .ok_or_else(|| Failure::at("--claim", "iat is not a whole number of seconds: give exp as well, or --ttl none"))?
        .checked_add(ttl)
        .ok_or_else(|| Failure::at("--ttl", "is too long: exp would be out of range"))?;
    claims.push(("exp", expires_at.to_string()));
    Ok(())
}
