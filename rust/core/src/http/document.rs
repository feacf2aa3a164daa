// SPDX-License-Identifier: Apache-2.0
//! Describes a document that is not the expected JWK Set or discovery document: what it is, then what to do, so that
//! the operator need not read it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::http::endpoint::Endpoint;
use crate::json::JsonError;
use crate::quoted::quoted;

/// A byte order mark in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A word of this many characters may be a secret.
const LONGEST_WORD: usize = 24;
/// How many names of members are shown.
const SHOWN_NAMES: usize = 5;

/// The expected kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// From a URL.
    JwkSet,
    /// From a local file, or from the configuration itself.
    JwkOrSet,
    /// OpenID Connect Discovery 1.0, section 4.
    Discovery,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JwkSet => "a JWK Set (RFC 7517)",
            Self::JwkOrSet => "a JWK or a JWK Set (RFC 7517)",
            Self::Discovery => "a discovery document",
        })
    }
}

/// Whether the document may be quoted. The answer to a request with credentials could repeat them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excerpts {
    Shown,
    Hidden,
}

/// The document without a byte order mark, which may be ignored (RFC 8259, section 8.1).
pub(crate) fn without_byte_order_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document)
}

/// Continues a sentence about the document: what it is instead of `wanted`, and what to do. `error` is the strict JSON
/// reader's.
pub(crate) fn describe_mismatch(
    document: &[u8],
    wanted: Wanted,
    error: Option<&JsonError>,
    excerpts: Excerpts,
) -> String {
    let Shape { what, way_out, is_meant } = Reader { wanted, error, excerpts }.shape(without_byte_order_mark(document));
    let way_out = way_out.map_or_else(String::new, |way_out| format!(": {way_out}"));
    let instead = if is_meant { String::new() } else { format!(" instead of {wanted}") };
    format!("is {what}{instead}{way_out}")
}

/// As [`describe_mismatch`], for a document that the server declares as compressed.
pub(crate) fn describe_compressed(coding: &str, wanted: Wanted) -> String {
    let Shape { what, way_out, .. } = compressed(&quoted(coding));
    format!("is {what} instead of {wanted}: {}", way_out.unwrap_or_default())
}

/// The message in the body of a server's error, if it contains one.
pub(crate) fn said(body: &[u8], excerpts: Excerpts) -> Option<String> {
    let text = str::from_utf8(without_byte_order_mark(body)).ok().filter(|_| excerpts == Excerpts::Shown)?.trim();
    match text.as_bytes().first()? {
        b'{' => error_words(&members(text).ok()?),
        b'<' => title(text),
        _ => words(text),
    }
}

/// What the document is, to follow `is`, and what to do, if that is known.
struct Shape {
    what: String,
    way_out: Option<String>,
    /// True for the expected kind of document with an error in it.
    is_meant: bool,
}

impl Shape {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), way_out: None, is_meant: false }
    }

    fn but(self, way_out: impl Into<String>) -> Self {
        Self { way_out: Some(way_out.into()), ..self }
    }
}

fn compressed(format: &str) -> Shape {
    Shape::new(format!("compressed ({format})")).but(
        "only plain JSON is accepted; the server or a proxy in front of it must honour 'Accept-Encoding: identity' of the request, and a file must be unpacked",
    )
}

/// The compression format, by the first bytes. Brotli has no such signature.
fn compression(document: &[u8]) -> Option<&'static str> {
    let is_zlib = |header: u8, flags: u8| header == 0x78 && (u16::from(header) * 256 + u16::from(flags)) % 31 == 0;
    match document {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("xz"),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', ..] => Some("bzip2"),
        [b'P', b'K', 3, 4, ..] => Some("zip"),
        [header, flags, ..] if is_zlib(*header, *flags) && str::from_utf8(document).is_err() => Some("deflate"),
        _ => None,
    }
}

/// A member of an object; its value is not parsed.
type Member<'j> = (String, &'j RawValue);

/// The members of an object in order, including duplicates.
fn members(text: &str) -> Result<Vec<Member<'_>>, serde_json::Error> {
    struct InOrder;
    impl<'j> Visitor<'j> for InOrder {
        type Value = Vec<Member<'j>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(InOrder)?;
    deserializer.end().map(|()| members)
}

fn elements(text: &str) -> Result<Vec<&RawValue>, serde_json::Error> {
    serde_json::from_str(text)
}

fn get<'j>(members: &[Member<'j>], name: &str) -> Option<&'j str> {
    members.iter().find(|(other, _)| other == name).map(|(_, value)| value.get())
}

fn string(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

fn text_of(members: &[Member<'_>], name: &str) -> Option<String> {
    get(members, name).and_then(string)
}

/// The members, if the value is an object.
fn object(value: &str) -> Option<Vec<Member<'_>>> {
    value.starts_with('{').then(|| members(value).ok()).flatten()
}

/// True if the text is meant as one JWK.
pub(crate) fn is_single_jwk(text: &str) -> bool {
    str::from_utf8(without_byte_order_mark(text.as_bytes()))
        .is_ok_and(|text| members(text).is_ok_and(|members| get(&members, "kty").is_some()))
}

fn is_jwk(members: &[Member<'_>]) -> bool {
    text_of(members, "kty").is_some()
}

fn is_list_of_jwks(value: &str) -> bool {
    let first = value.starts_with('[').then(|| elements(value).ok()).flatten();
    first.and_then(|elements| object(elements.first()?.get())).is_some_and(|first| is_jwk(&first))
}

fn is_set(value: &str) -> bool {
    object(value).and_then(|members| get(&members, "keys").map(|keys| keys.starts_with('['))).unwrap_or(false)
}

/// The type of an unparsed value, in words.
fn type_of(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A short text, quoted; `None` if it could be a secret.
fn words(text: &str) -> Option<String> {
    let line = text.lines().next()?.trim();
    let is_prose = line.split_whitespace().all(|word| word.chars().count() < LONGEST_WORD);
    (!line.is_empty() && is_prose).then(|| format!("'{}'", quoted(line)))
}

/// The title of a page, quoted.
fn title(page: &str) -> Option<String> {
    // Only ASCII letters change, so positions stay the same.
    let lower = page.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find("</title")?;
    words(&page.get(begin..end)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The messages of an error reply: those of OAuth (RFC 6749, section 5.2), RFC 9457, and common gateways.
fn error_words(members: &[Member<'_>]) -> Option<String> {
    const TEXTS: [&str; 11] = [
        "error",
        "error_description",
        "errorCode",
        "errorSummary",
        "errorMessage",
        "message",
        "Message",
        "title",
        "detail",
        "reason",
        "fault",
    ];
    let mut said: Vec<String> = Vec::new();
    for name in TEXTS {
        let Some(value) = get(members, name) else { continue };
        let text = match object(value) {
            Some(inner) => ["message", "faultstring", "reason", "status"].iter().find_map(|name| text_of(&inner, name)),
            None => string(value),
        };
        if let Some(text) = text.filter(|text| !text.trim().is_empty() && !said.contains(text)) {
            said.push(text);
        }
    }
    said.truncate(2);
    said.iter().filter_map(|text| words(text)).reduce(|said, more| format!("{said}, {more}"))
}

/// The name of the root element.
fn root(markup: &str) -> Option<&str> {
    let begins = markup.match_indices('<').map(|(at, _)| at + 1);
    let root = begins.filter_map(|at| markup.get(at..)).find(|rest| rest.starts_with(|c: char| c.is_alphabetic()))?;
    root.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()
}

/// The kind of a token (RFC 7515, RFC 7516), by its dots and its header.
fn token(text: &str) -> Option<&'static str> {
    let parts: Vec<_> = text.split('.').collect();
    let what = match parts.len() {
        3 => "a signed token (JWT)",
        5 => "an encrypted token (JWE)",
        _ => return None,
    };
    let header = URL_SAFE_NO_PAD.decode(parts.first()?).ok()?;
    header.starts_with(b"{").then_some(what)
}

struct Reader<'r> {
    wanted: Wanted,
    error: Option<&'r JsonError>,
    excerpts: Excerpts,
}

impl Reader<'_> {
    fn shown(&self, text: Option<String>) -> String {
        match text {
            Some(text) if self.excerpts == Excerpts::Shown => format!(" ({text})"),
            _ => String::new(),
        }
    }

    fn shape(&self, document: &[u8]) -> Shape {
        if document.is_empty() {
            return Shape::new("empty");
        }
        if let Some(format) = compression(document) {
            return compressed(format);
        }
        // JSON and most other text formats begin with an ASCII character.
        if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] = document {
            return Shape::new("in UTF-16 or UTF-32, or binary data,")
                .but("JSON must be in UTF-8 (RFC 8259, section 8.1): save it as UTF-8");
        }
        let text = match str::from_utf8(document) {
            Ok(text) => text.trim(),
            Err(error) => return self.bytes(document, error.valid_up_to()),
        };
        match text.as_bytes().first() {
            None => Shape::new("empty except for white space"),
            Some(b'<') => self.markup(text),
            Some(b'{') => self.object(text),
            Some(b'[') => self.array(text),
            Some(_) => self.other(text),
        }
    }

    fn bytes(&self, document: &[u8], valid_up_to: usize) -> Shape {
        match document.trim_ascii_start().first() {
            Some(b'{' | b'[' | b'<') => {
                Shape::new(format!("a text with bytes that are not UTF-8, the first after {valid_up_to} bytes,"))
                    .but("JSON must be in UTF-8 (RFC 8259, section 8.1)")
            }
            Some(0x30) => Shape::new("binary data that looks like a key or certificate in DER,")
                .but("convert it to PEM and use it as a local file; a URL must return a JWK Set"),
            _ => Shape::new("binary data"),
        }
    }

    fn markup(&self, text: &str) -> Shape {
        let begin = text.get(..4096).unwrap_or(text).to_ascii_lowercase();
        if ["<html", "<head", "<body", "<!doctype html"].iter().any(|sign| begin.contains(sign)) {
            let title = title(text).map(|title| format!("its title is {title}"));
            return Shape::new(format!("an HTML page{}", self.shown(title)))
                .but("it may be a login or error page; check the address of the keys, and whether the server requires authentication");
        }
        let root = root(text).filter(|_| self.excerpts == Excerpts::Shown);
        let Some(root) = root else { return Shape::new("XML") };
        let shape = Shape::new(format!("XML (its root is '{}')", quoted(root)));
        match root.ends_with("EntityDescriptor") {
            true => shape.but("SAML metadata contains no keys for tokens; use the provider's JWK Set"),
            false => shape,
        }
    }

    fn other(&self, text: &str) -> Shape {
        if let Some((_, label)) = text.split_once("-----BEGIN ") {
            let label = label.split("-----").next().unwrap_or_default();
            let certainly = label.chars().all(|c| c.is_ascii_uppercase() || c == ' ' || c.is_ascii_digit());
            let what = if certainly { format!("PEM ('{}')", quoted(label)) } else { "PEM".to_owned() };
            return Shape::new(what).but(
                "a public key or certificate in PEM must be in a local file: save it there and set key-file to its path",
            );
        }
        if let Some(what) = token(text) {
            return Shape::new(what).but("the provider serves the keys as plain JSON at another address");
        }
        if let Some(inner) = string(text) {
            return match inner.trim_start().starts_with(['{', '[']) {
                true => Shape::new("a JSON string with JSON in it").but("it was encoded twice"),
                false => Shape::new("a JSON string"),
            };
        }
        if serde_json::from_str::<IgnoredAny>(text).is_ok() {
            return Shape::new(match type_of(text) {
                "null" => "the JSON value null",
                type_name => type_name,
            });
        }
        let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if STANDARD.decode(&packed).is_ok_and(|bytes| bytes.trim_ascii_start().starts_with(b"{")) {
            return Shape::new("the base64 of JSON").but("decode it");
        }
        Shape::new(format!("plain text{}", self.shown(words(text))))
    }

    /// A text that begins like JSON but is not.
    fn broken(&self, text: &str, error: &serde_json::Error) -> Shape {
        let place = format!("line {}, column {}", error.line(), error.column());
        if error.classify() == Category::Eof {
            return Shape::new(format!("JSON that is cut off (it ends at {place})"));
        }
        let is_quoted_otherwise = text.get(1..).is_some_and(|rest| rest.trim_start().starts_with('\''));
        if is_quoted_otherwise {
            return Shape::new("a text with single quotes").but("JSON requires double quotes");
        }
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        match (values.next(), text.get(values.byte_offset()..)) {
            (Some(Ok(_)), Some(rest)) if !rest.trim().is_empty() => {
                Shape::new(format!("JSON with more text after it ({place})"))
            }
            _ => Shape::new(format!("broken JSON ({place})")),
        }
    }

    fn array(&self, text: &str) -> Shape {
        match elements(text) {
            Err(error) => self.broken(text, &error),
            Ok(_) if is_list_of_jwks(text) => Shape::new("a bare list of keys")
                .but("a JWK Set is an object that contains this list, {\"keys\": [ … ]}"),
            Ok(elements) if elements.first().is_some_and(|first| is_set(first.get())) => {
                Shape::new("a list that contains a JWK Set").but("remove the list around the JWK Set")
            }
            Ok(elements) if elements.is_empty() => Shape::new("an empty JSON list"),
            Ok(_) => Shape::new("a JSON list where an object is expected,"),
        }
    }

    fn object(&self, text: &str) -> Shape {
        let members = match members(text) {
            Ok(members) => members,
            Err(error) => return self.broken(text, &error),
        };
        if let Some(JsonError::DuplicateMember) = self.error {
            let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            let twice = names.windows(2).find_map(|pair| match pair {
                [one, other] if one == other => Some(format!("'{}'", quoted(one))),
                _ => None,
            });
            let twice = twice.unwrap_or_else(|| "a member of a nested object".to_owned());
            return Shape::new(format!("a JSON object that contains {twice} twice,"))
                .but("it is ambiguous which of the two is meant");
        }
        if let Some(shape) = self.keys_or_discovery(&members) {
            return shape;
        }
        if let Some(JsonError::Malformed(why)) = self.error {
            return Shape::new(format!("JSON that is not accepted ({why})"));
        }
        self.reply(&members).or_else(|| self.wrapped_keys(&members)).unwrap_or_else(|| self.unknown_object(&members))
    }

    /// A JWK Set, an object that is meant as one, or a discovery document.
    fn keys_or_discovery(&self, members: &[Member<'_>]) -> Option<Shape> {
        match (get(members, "keys"), self.wanted) {
            (Some(keys), Wanted::Discovery) if keys.starts_with('[') => {
                return Some(
                    Shape::new("a JWK Set")
                        .but("set key-file to its address without oidc:, and required-issuer to the iss of the tokens"),
                );
            }
            (Some(keys), Wanted::JwkSet | Wanted::JwkOrSet) if keys.starts_with('[') => {
                let Some(JsonError::Malformed(why)) = self.error else { return None };
                let shape = Shape::new("a JWK Set that is not accepted").but(why);
                return Some(Shape { is_meant: true, ..shape });
            }
            (Some(keys), Wanted::JwkSet | Wanted::JwkOrSet) => {
                let found = type_of(keys);
                return Some(Shape::new(format!("a JSON object whose 'keys' is {found} where a list is expected,")));
            }
            _ => {}
        }
        let jwks_uri = text_of(members, "jwks_uri").filter(|_| self.wanted != Wanted::Discovery)?;
        let address = Endpoint::parse(&jwks_uri).ok().filter(|_| self.excerpts == Excerpts::Shown);
        let set = address.map_or_else(String::new, |address| {
            let query = if address.is_plain() { "" } else { " and its query" };
            format!(" ({}{query})", quoted(&address.to_string()))
        });
        let issuer = text_of(members, "issuer").filter(|issuer| is_one_issuer(issuer));
        let issuer = issuer.filter(|_| self.excerpts == Excerpts::Shown);
        Some(Shape::new("a discovery document (OpenID Connect)").but(match issuer {
            Some(issuer) => format!("set key-file to oidc:{}, or to its jwks_uri{set}", quoted(&issuer)),
            None => format!("set key-file to its jwks_uri{set}"),
        }))
    }

    /// Another kind of reply of a server.
    fn reply(&self, members: &[Member<'_>]) -> Option<Shape> {
        let has = |name: &str| get(members, name).is_some();
        if has("access_token") || has("id_token") {
            return Some(
                Shape::new("a reply with a token").but("this is the token endpoint; the keys have another address"),
            );
        }
        if has("public_key") && has("realm") {
            return Some(Shape::new("Keycloak's description of a realm").but(
                "set key-file to oidc: and the address of the realm, or to that address followed by /protocol/openid-connect/certs",
            ));
        }
        let is_error = ["error", "errors", "errorCode", "errorSummary", "errorMessage", "message", "Message", "fault"];
        let is_problem = has("title") && has("status") || text_of(members, "kind").as_deref() == Some("Status");
        (is_error.iter().any(|name| has(name)) || is_problem)
            .then(|| Shape::new(format!("an error reply{}", self.shown(error_words(members)))))
    }

    /// Keys in another form, or within another document.
    fn wrapped_keys(&self, members: &[Member<'_>]) -> Option<Shape> {
        if is_jwk(members) {
            return Some(Shape::new("a single JWK").but("a JWK Set contains it in a list, {\"keys\": [ … ]}"));
        }
        let all = |is_meant: &dyn Fn(&str) -> bool| {
            !members.is_empty()
                && members.iter().all(|(_, value)| string(value.get()).is_some_and(|text| is_meant(&text)))
        };
        if all(&|text| text.contains("-----BEGIN CERTIFICATE") || text.starts_with("MII")) {
            return Some(Shape::new("a map of certificates").but(
                "set key-file to the JWK Set of the same provider (Google: https://www.googleapis.com/oauth2/v3/certs; \
                 Firebase: https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com), or to oidc: and the issuer",
            ));
        }
        if all(&|text| text.contains("-----BEGIN ")) {
            return Some(
                Shape::new("a map of keys in PEM")
                    .but("set key-file to the JWK Set of the same provider, or to a local file with the key"),
            );
        }
        members.iter().find_map(|(name, value)| {
            let name = self.name(name);
            let value = value.get();
            if is_set(value) {
                return Some(
                    Shape::new(format!("an object with the JWK Set in {name}"))
                        .but("only the JWK Set itself is accepted, {\"keys\": [ … ]}"),
                );
            }
            if is_list_of_jwks(value) {
                return Some(
                    Shape::new(format!("an object with the list of keys in {name}"))
                        .but("RFC 7517 requires the name 'keys'"),
                );
            }
            if string(value).is_some_and(|text| is_set(text.trim())) {
                return Some(
                    Shape::new(format!("an object with the JWK Set as a text in {name}"))
                        .but("only the JWK Set itself is accepted, {\"keys\": [ … ]}"),
                );
            }
            object(value).filter(|members| is_jwk(members)).map(|_| {
                Shape::new("a map of keys")
                    .but("a JWK Set contains them in a list, {\"keys\": [ … ]}, each with its kid")
            })
        })
    }

    fn unknown_object(&self, members: &[Member<'_>]) -> Shape {
        if members.is_empty() {
            return Shape::new("an empty JSON object");
        }
        let missing = if self.wanted == Wanted::Discovery { "'issuer' and 'jwks_uri'" } else { "'keys'" };
        let names: Vec<_> = members.iter().take(SHOWN_NAMES).map(|(name, _)| format!("'{}'", quoted(name))).collect();
        let more = if members.len() > SHOWN_NAMES { " …" } else { "" };
        let names = self.shown(Some(format!("it has {}{more}", names.join(", "))));
        Shape::new(format!("a JSON object without {missing}{names}"))
    }

    /// A member's name.
    fn name(&self, name: &str) -> String {
        match self.excerpts {
            Excerpts::Shown => format!("'{}'", quoted(name)),
            Excerpts::Hidden => "a member".to_owned(),
        }
    }
}

/// True if the issuer can follow `oidc:`; a pattern for many tenants, as in Microsoft's common document, cannot.
fn is_one_issuer(issuer: &str) -> bool {
    !issuer.contains('{') && Endpoint::for_discovery(issuer).is_ok()
}

#[cfg(test)]
mod tests;
