// SPDX-License-Identifier: Apache-2.0
//! Hints about a text that is not a JWT: a token with other text around it, a part of a token, or something else.

use std::path::Path;

use nativejwt_core::quoted;
use serde_json::{Map, Value};

use super::seen::{Seen, decode};
use super::{Case, listed, service, shown};

/// What programs write if they have no token.
const NOTHING: [&str; 7] = ["null", "undefined", "None", "nil", "(null)", "[object Object]", "false"];

/// The checks for each kind of damage. The first that fits gives the hint.
const CHECKS: [fn(&Pasted<'_>) -> Option<String>; 21] = [
    empty,
    encoding,
    placeholder,
    scheme,
    json,
    pem,
    markup,
    opaque,
    percent,
    cookie,
    address,
    name_before,
    file,
    ellipsis,
    two_tokens,
    wrapped,
    white_space,
    disclosures,
    number_of_parts,
    alphabet,
    length,
];

/// The text that was given instead of a token.
struct Pasted<'t> {
    bytes: &'t [u8],
    text: &'t str,
    seen: &'t Seen<'t>,
}

pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let text = String::from_utf8_lossy(case.token);
    let pasted = Pasted { bytes: case.token, text: &text, seen: &case.seen };
    CHECKS.iter().find_map(|check| check(&pasted))
}

/// The largest claims of the token.
pub(super) fn what_is_large(seen: &Seen<'_>) -> Option<String> {
    let claims = seen.claims.as_ref()?;
    let mut sizes: Vec<(usize, &String)> = claims.iter().map(|(name, value)| (value.to_string().len(), name)).collect();
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let largest = sizes.iter().take(3).map(|(size, name)| format!("{} with {size} bytes", shown(name)));
    Some(format!(
        "the largest claims are {}: have the identity provider leave out what is not needed, or raise max-token-size (at most 32kB)",
        listed(largest)
    ))
}

fn empty(pasted: &Pasted<'_>) -> Option<String> {
    if pasted.bytes.is_empty() {
        return Some("the token is empty: check the variable, file or command that should provide it".to_owned());
    }
    let is_blank = pasted.text.trim().is_empty();
    is_blank.then(|| "the token is only white space: check the variable or file that should contain it".to_owned())
}

fn encoding(pasted: &Pasted<'_>) -> Option<String> {
    let utf16 = "the text is UTF-16, as PowerShell's > writes it: write the file as ASCII or UTF-8 (Set-Content -Encoding ascii)";
    match pasted.bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some(utf16.to_owned()),
        [0xef, 0xbb, 0xbf, ..] => {
            return Some("there is a byte order mark before the token: write the file without one".to_owned());
        }
        [0x1f, 0x8b, ..] => return Some("the bytes are compressed (gzip): decompress them first".to_owned()),
        _ => {}
    }
    let zeros = pasted.bytes.iter().filter(|byte| **byte == 0).count();
    if zeros > 1 && zeros * 3 > pasted.bytes.len() {
        return Some(utf16.to_owned());
    }
    let at = str::from_utf8(pasted.bytes).err()?.valid_up_to();
    Some(format!("byte number {} is not valid UTF-8: this is binary data, or a damaged copy", at + 1))
}

fn placeholder(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim();
    if NOTHING.contains(&text.trim_matches('"')) {
        return Some(format!(
            "this is the word {text} instead of a token: the request for the token failed, or its response does not have the member that was read"
        ));
    }
    let around = [("${", "}"), ("{{", "}}"), ("%", "%"), ("$(", ")"), ("<", ">")];
    let is_variable =
        around.iter().any(|(start, end)| text.len() > 2 && text.starts_with(start) && text.ends_with(end))
            || text.starts_with('$');
    let is_short = text.len() < 100 && !text.contains("eyJ") && !text.starts_with("<?") && !text.starts_with("<!");
    (is_variable && is_short && !text.contains("</") && !is_markup(text)).then(|| {
        format!(
            "{} is a variable or placeholder that was not replaced by the token: check the quotation marks around it",
            shown(text)
        )
    })
}

/// The text after a word at its beginning, which may be in any case.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

fn scheme(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim_start().trim_start_matches(['"', '\'']);
    if let Some(rest) = without_word(text, "Authorization:") {
        let word = rest.split_whitespace().next().unwrap_or_default();
        return Some(format!(
            "this is the whole Authorization header: use only what follows the word {}",
            if word.contains('.') { "Authorization:" } else { word }
        ));
    }
    if let Some(rest) = without_word(text, "Bearer") {
        return Some(match rest.trim_start_matches([':', ' ', '=', '+']) {
            "" => "there is the word Bearer, but no token after it: check the variable that should contain the token"
                .to_owned(),
            _ => "the token begins with the word Bearer: use only the token, because the word is added before it"
                .to_owned(),
        });
    }
    for word in ["Basic", "Negotiate", "Digest"] {
        if without_word(text, word).is_some_and(|rest| rest.starts_with(' ')) {
            return Some(format!(
                "these are credentials of the scheme {word}, not a token: log in with a bearer token"
            ));
        }
    }
    let word = ["DPoP", "JWT", "Token"]
        .into_iter()
        .find(|word| without_word(text, word).is_some_and(|rest| rest.starts_with(' ')))?;
    Some(format!("the token begins with the word {word}: use only the token"))
}

fn json(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim();
    if !text.starts_with(['{', '[']) {
        let is_member = text.starts_with('"') && text.contains("\":");
        return is_member
            .then(|| "this is a piece of JSON: use only the value, without name and quotation marks".to_owned());
    }
    let members = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        Ok(Value::Array(elements)) => match elements.first() {
            Some(Value::Object(members)) => members.clone(),
            Some(Value::String(text)) if is_token(text) => {
                return Some(
                    "this is a JSON array: use only the token in it, without brackets and quotation marks".to_owned(),
                );
            }
            _ => return Some("this is a JSON array, not a token".to_owned()),
        },
        _ if is_in_brackets(text) => return Some(IN_BRACKETS.to_owned()),
        _ => {
            let named = ["access_token", "id_token"].into_iter().find(|name| text.contains(&format!("\"{name}\"")));
            return Some(match named {
                Some(name) => format!("this is JSON that is cut off or damaged: use only the value of {name}"),
                None => "this begins like JSON and is not a token: use only the token".to_owned(),
            });
        }
    };
    Some(what_json_it_is(&members))
}

const IN_BRACKETS: &str = "there are brackets around the token: remove them";

fn is_in_brackets(text: &str) -> bool {
    text.get(1..).is_some_and(|rest| rest.starts_with("eyJ"))
}

fn what_json_it_is(members: &Map<String, Value>) -> String {
    let has = |name: &str| members.contains_key(name);
    if let Some(error) = members.get("error").filter(|_| !has("access_token")) {
        let description =
            members.get("error_description").and_then(Value::as_str).map(|text| format!(" ({})", quoted(text)));
        let error = error.as_str().map_or_else(|| "an error".to_owned(), |error| format!("the error {}", shown(error)));
        return format!(
            "this is the error response of a token endpoint, not a token: {error}{}",
            description.unwrap_or_default()
        );
    }
    if has("payload") && (has("signature") || has("signatures")) {
        return "this is a JWS in JSON Serialization (RFC 7515, section 7.2): have the issuer use Compact Serialization, three parts separated by dots".to_owned();
    }
    if has("ciphertext") {
        return "this is an encrypted token (JWE) in JSON Serialization: have the issuer sign the token without encrypting it".to_owned();
    }
    if has("kty") {
        return "this is a key (JWK), not a token: keys belong in key-file".to_owned();
    }
    if has("keys") {
        return "this is a JWK Set, not a token: it belongs in key-file".to_owned();
    }
    if has("jwks_uri") {
        return "this is a discovery document, not a token: its issuer belongs in key-file, after oidc:".to_owned();
    }
    let tokens = tokens_in(members);
    if let Some(name) = tokens.first() {
        let others = match tokens.get(1..) {
            Some(others @ [_, ..]) => format!("; it also has {}", others.join(", ")),
            _ => String::new(),
        };
        let kind = if name.contains("refresh") { ", but that is not an access token" } else { "" };
        return format!("this is a whole JSON response: use only the value of its member {name}{kind}{others}");
    }
    if let Some(Value::String(opaque)) = members.get("access_token") {
        let whose = service::opaque(opaque).map_or("", |(what, _)| what);
        let whose = if whose.is_empty() { String::new() } else { format!(", {whose}") };
        return format!(
            "this is a whole JSON response, and its access_token is not a JWT{whose}: request a JWT from the identity provider, often by naming the audience or resource in the request"
        );
    }
    if has("alg") {
        return "this is the decoded header of a token: use the token as it was issued, with its dots".to_owned();
    }
    if ["sub", "iss", "exp", "aud"].into_iter().any(has) {
        return "these are the decoded claims of a token, or the response of an introspection endpoint: use the token as it was issued, with its dots".to_owned();
    }
    format!("this is JSON without a token in it (members {})", super::seen::names(members))
}

/// The paths of the strings in the JSON that look like a JWT, access tokens first.
fn tokens_in(members: &Map<String, Value>) -> Vec<String> {
    fn walk(members: &Map<String, Value>, above: &str, depth: usize, found: &mut Vec<String>) {
        for (name, value) in members {
            let path = format!("{above}{}", quoted(name));
            match value {
                Value::String(text) if is_token(text) => found.push(path),
                Value::Object(below) if depth < 4 => walk(below, &format!("{path}."), depth + 1, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(members, "", 0, &mut found);
    found.sort_by_key(|path| {
        let name = path.to_ascii_lowercase();
        let kinds = ["access", "id", "refresh"];
        (name.contains("refresh"), kinds.iter().position(|kind| name.contains(kind)).unwrap_or(kinds.len()))
    });
    found.truncate(4);
    found
}

/// True for a text that begins like a JWT and has two dots.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

fn pem(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim_start();
    if let Some((_, label)) = text.split_once("-----BEGIN ") {
        let label = label.split("-----").next().unwrap_or_default();
        return Some(if label.contains("PRIVATE") {
            "this is a private key, not a token: it signs tokens, and only the issuer may have it".to_owned()
        } else {
            format!("this is a {} in PEM, not a token: keys belong in key-file", quoted(label))
        });
    }
    let is_ssh = ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-"].iter().any(|start| text.starts_with(start));
    if is_ssh {
        return Some("this is an SSH key, not a token".to_owned());
    }
    let is_der = text.starts_with("MII") && !text.contains('.');
    is_der.then(|| "this is a key or certificate (DER in base64), not a token: keys belong in key-file".to_owned())
}

fn is_markup(text: &str) -> bool {
    ["<html", "<!doctype", "<?xml", "<saml", "<response", "<assertion"]
        .iter()
        .any(|start| without_word(text, start).is_some())
}

fn markup(pasted: &Pasted<'_>) -> Option<String> {
    const SAML: &str = "this is a SAML assertion, not a JWT: have the identity provider issue a JWT (OpenID Connect)";
    let text = pasted.text.trim_start();
    let lower = text.to_ascii_lowercase();
    if text.starts_with('<') {
        return Some(if is_in_brackets(text) {
            IN_BRACKETS.to_owned()
        } else if text.contains(">eyJ") {
            "this is XML with a token in it: use only the token, from eyJ to the next <".to_owned()
        } else if lower.contains("saml") {
            SAML.to_owned()
        } else if lower.contains("<html") {
            "this is a web page (HTML), not a token: the request for the token was answered with a login or error page"
                .to_owned()
        } else {
            "this is XML, not a token".to_owned()
        });
    }
    // The base64 of "<saml", "<?xml" and "<Respons".
    ["PHNhbWw", "PD94bWw", "PFJlc3BvbnN"].iter().any(|start| text.starts_with(start)).then(|| SAML.to_owned())
}

fn opaque(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim_start();
    let is_paseto = matches!(text.as_bytes(), [b'v', b'1'..=b'4', b'.', ..])
        && [".local.", ".public."].iter().any(|purpose| text.get(2..).is_some_and(|rest| rest.starts_with(purpose)));
    if is_paseto {
        return Some("this is a PASETO, not a JWT: have the issuer issue a JWT".to_owned());
    }
    let (what, way_out) = service::opaque(text)?;
    Some(format!("this is {what}, which is opaque and not a JWT: {way_out}"))
}

fn percent(pasted: &Pasted<'_>) -> Option<String> {
    let is_hex = |byte: &u8| byte.is_ascii_hexdigit();
    let found =
        pasted.bytes.windows(3).find(|three| three.first() == Some(&b'%') && three.iter().skip(1).all(is_hex))?;
    let shown = String::from_utf8_lossy(found);
    Some(format!("the text is percent-encoded as in a URL ({shown}): decode it first"))
}

/// The names of parameters that hold tokens.
const PARAMETERS: [&str; 6] = ["access_token", "id_token", "token", "jwt", "assertion", "id_token_hint"];

fn address(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim();
    let is_url = ["https://", "http://"].iter().any(|start| without_word(text, start).is_some());
    let has = |name: &str| {
        text.split(['?', '#', '&', ' ']).any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    };
    let parameter = PARAMETERS.into_iter().find(|name| has(name));
    match (is_url, parameter) {
        (true, Some(name)) => {
            Some(format!("this is a whole URL: use only the value of its parameter {name}, up to the next &"))
        }
        (false, Some(name)) => {
            Some(format!("use only the value of {name}, without the name before it and up to the next &"))
        }
        (true, None) if has("code") => Some(
            "this URL has an authorization code, not a token: the client must exchange the code at the token endpoint"
                .to_owned(),
        ),
        (true, None) => Some("this is a URL, not a token".to_owned()),
        (false, None) => None,
    }
}

fn cookie(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text.trim();
    let (before, _) = text.split_once("eyJ").unwrap_or((text, ""));
    let is_cookie = ["Cookie:", "Set-Cookie:"].iter().any(|start| without_word(text, start).is_some())
        || (text.contains("; ") && before.ends_with('='));
    is_cookie.then(|| {
        "this is a cookie: use only the token, without the name before it and without what follows the semicolon"
            .to_owned()
    })
}

fn name_before(pasted: &Pasted<'_>) -> Option<String> {
    let (before, _) = pasted.text.trim_start().split_once("eyJ")?;
    let before = before.trim_end_matches(['"', '\'', ' ']);
    let what = match before.chars().next_back() {
        _ if before.len() > 60 || before.contains('{') => return None,
        Some('=') => "a name and an equals sign",
        Some(':') => "a name and a colon",
        _ => return None,
    };
    Some(format!("there are {what} before the token: use only the token, which begins with eyJ"))
}

fn file(pasted: &Pasted<'_>) -> Option<String> {
    let name = pasted.text.trim();
    let path = name.strip_prefix('@').unwrap_or(name);
    let is_name = !path.is_empty() && path.len() < 1024 && !path.contains(['\0', '\n']) && !is_token(path);
    (is_name && Path::new(path).is_file()).then(|| {
        format!(
            "{} is a file: write - instead of TOKEN, and pass the file as standard input with < {}",
            shown(path),
            quoted(path)
        )
    })
}

fn ellipsis(pasted: &Pasted<'_>) -> Option<String> {
    let text = pasted.text;
    if text.contains(['…', '⋯']) || text.contains("...") {
        return Some(
            "the token contains an ellipsis: the program that printed it left out a part; use the whole token"
                .to_owned(),
        );
    }
    let is_masked =
        text.contains("***") || text.contains("[REDACTED]") || text.contains("<redacted>") || text.contains("[MASKED]");
    is_masked.then(|| {
        "a part of the token is masked, as build servers mask secrets in logs: copy the token from its source"
            .to_owned()
    })
}

fn two_tokens(pasted: &Pasted<'_>) -> Option<String> {
    let starts =
        pasted.text.split(|character: char| !(character.is_ascii_alphanumeric() || "-_.=".contains(character)));
    if starts.filter(|piece| is_token(piece)).count() > 1 {
        return Some("these are two or more tokens: use one of them".to_owned());
    }
    let has_no_enc =
        pasted.seen.header.as_ref().is_some_and(|header| header.contains_key("alg") && !header.contains_key("enc"));
    let glued = pasted.text.matches("eyJ").count() >= 4 && pasted.seen.parts.len() >= 5;
    (has_no_enc && glued).then(|| "these are two tokens without a separator: use one of them".to_owned())
}

fn wrapped(pasted: &Pasted<'_>) -> Option<String> {
    const MARKS: [char; 9] = ['"', '\'', '`', '“', '”', '‘', '’', '«', '»'];
    let text = pasted.text.trim();
    if text.contains(MARKS) {
        return Some(if text.starts_with(MARKS) || text.ends_with(MARKS) {
            "there are quotation marks around the token: remove them (jq prints a string without them with -r)"
                .to_owned()
        } else if !text.starts_with("eyJ") && text.contains("eyJ") {
            "the token is in a longer text: use only the token, from eyJ to the quotation mark".to_owned()
        } else {
            "the token contains a quotation mark: use only what is before that mark".to_owned()
        });
    }
    if text.contains("\\n") || text.contains("\\r") {
        return Some("the token contains a line end that is written as \\n: remove it".to_owned());
    }
    if text.starts_with("eyJ") {
        let last = text.chars().next_back().filter(|last| ",;:%)]}>\\&|$#*!.".contains(*last))?;
        let many = pasted.seen.parts.len() > 3 || last != '.';
        return many
            .then(|| format!("there is an extra character at the end ({}): remove it", shown(&last.to_string())));
    }
    let start = text.find("eyJ").filter(|start| *start > 0 && text.get(*start..).is_some_and(is_token))?;
    let extra = if start == 1 { "is one character".to_owned() } else { format!("are {start} characters") };
    Some(format!("there {extra} before the token, which begins with eyJ: remove everything before it"))
}

fn white_space(pasted: &Pasted<'_>) -> Option<String> {
    let is_space = |character: &char| character.is_whitespace() || nativejwt_core::is_unprintable(*character);
    let (index, character) = pasted.text.chars().enumerate().find(|(_, character)| is_space(character))?;
    if !pasted.text.trim_matches(|character| is_space(&character)).chars().any(|character| is_space(&character)) {
        return Some("there is white space or a line end before or after the token: remove it".to_owned());
    }
    let what = match character {
        '\n' | '\r' => "a line break".to_owned(),
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        other => format!("the invisible character U+{:04X}", u32::from(other)),
    };
    let count = pasted.text.trim().chars().filter(is_space).count();
    let more = if count > 1 { format!(", and {} more like it", count - 1) } else { String::new() };
    Some(format!(
        "there is {what} after character number {index}{more}: a JWT has no white space, so remove it (tr -d '[:space:]')"
    ))
}

fn disclosures(pasted: &Pasted<'_>) -> Option<String> {
    pasted.text.contains('~').then(|| {
        "the text contains ~, so it is an SD-JWT with disclosures: have the issuer issue a plain JWT".to_owned()
    })
}

fn number_of_parts(pasted: &Pasted<'_>) -> Option<String> {
    let begins_as_one = pasted.seen.header.as_ref().is_some_and(|header| header.contains_key("alg"));
    let parts = &pasted.seen.parts;
    match parts.len() {
        1 if begins_as_one => {
            Some("this is only the header, the first of three parts: the copy ended at the first dot".to_owned())
        }
        1 | 2 if pasted.seen.header.is_none() && pasted.text.starts_with("eyJ") => {
            Some(alphabet(pasted).unwrap_or_else(|| {
                "this begins like a JWT, but a dot between its parts is missing: copy the token again from its source".to_owned()
            }))
        }
        1 => one_part(pasted.text.trim()),
        2 if pasted.seen.header.is_none() => {
            Some("this has one dot instead of two, and no part of it is JSON: it is not a JWT".to_owned())
        }
        2 if pasted.seen.header_text("alg").is_some_and(|name| name.eq_ignore_ascii_case("none")) => Some(
            "the token is not signed (alg is none), and its second dot is missing: have the issuer sign its tokens"
                .to_owned(),
        ),
        2 if begins_as_one => {
            Some("the third part, the signature, is missing, and so is the dot before it: the copy ended too early".to_owned())
        }
        2 => Some("the first part, the header, is missing: the copy began too late".to_owned()),
        3 => None,
        5 => Some(encrypted(pasted.seen)),
        number if parts.iter().any(|part| part.is_empty()) => {
            Some(format!("there are {number} parts instead of three, and some are empty: remove the extra dots"))
        }
        number => {
            Some(format!("there are {number} parts instead of three: look for other text or a second token after the token"))
        }
    }
}

fn one_part(text: &str) -> Option<String> {
    const WAY_OUT: &str = "Ask the identity provider for a JWT: many issue one if the request names an audience or resource (Auth0), or goes to a custom authorization server (Okta: /oauth2/default)";
    if text.starts_with("ZXlK") {
        return Some("the token was encoded in base64 once more: decode it once (base64 -d)".to_owned());
    }
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let what = match (is_hex, text.len()) {
        (true, 36) if text.contains('-') => "this is a UUID".to_owned(),
        (true, length) => format!("these are {length} hexadecimal digits"),
        (false, length) => format!("these are {length} characters without a dot"),
    };
    Some(format!("{what}: an opaque token or a session ID, not a JWT. {WAY_OUT}"))
}

/// The hint for a JWE, by its header (RFC 7516, section 4.1).
fn encrypted(seen: &Seen<'_>) -> String {
    let (Some(algorithm), Some(encryption)) = (seen.header_text("alg"), seen.header_text("enc")) else {
        return "the text has four dots, but its first part is not the header of a JWE, which has alg and enc: this is not a JWT".to_owned();
    };
    let how = format!("the token is encrypted (alg {}, enc {})", quoted(algorithm), quoted(encryption));
    let issuer = seen.header_text("iss");
    if algorithm == "dir" {
        let of = issuer.map_or_else(String::new, |issuer| format!(", {},", shown(issuer)));
        return format!(
            "{how} with a secret that only its issuer{of} has, so no one else can read it. Have the client name the audience of an API in its request (Auth0: audience=…): then the token is signed instead of encrypted"
        );
    }
    if seen.header_text("cty").is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"))
        && algorithm == "RSA-OAEP"
        && issuer.is_none()
        && seen.key_id().is_none()
    {
        return format!(
            "{how}, as the refresh tokens of AWS Cognito are: send the access token; or have the issuer sign it without encrypting it"
        );
    }
    format!(
        "{how} for the owner of a private key: have the issuer sign the access token without encrypting it (in Keycloak: the client's settings for access token encryption)"
    )
}

/// The hint for a part with characters that are not in base64url.
fn alphabet(pasted: &Pasted<'_>) -> Option<String> {
    const NAMES: [&str; 3] = ["header", "payload", "signature"];
    for (part, name) in pasted.seen.parts.iter().zip(NAMES) {
        let foreign = part.iter().find(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        let Some(foreign) = foreign else { continue };
        let has_slash = part.iter().any(|byte| matches!(byte, b'+' | b'/'));
        let has_padding = part.ends_with(b"=");
        return Some(match (has_slash, has_padding, foreign) {
            (false, true, b'=') => format!(
                "the {name} is padded with =, but a JWT has base64url without padding (RFC 7515, section 2){}. Have the issuer leave the padding out; in the signature, you can also remove the = yourself",
                by_load_balancer(pasted.seen)
            ),
            (true, ..) => format!(
                "the {name} is base64 with + or /, but a JWT has base64url with - and _ (RFC 7515, section 2): have the issuer use base64url without padding"
            ),
            _ => {
                let character =
                    String::from_utf8_lossy(part).chars().find(|c| !(c.is_ascii_alphanumeric() || "-_=".contains(*c)));
                let character = character.unwrap_or('=');
                let dash = if matches!(character, '‐'..='―' | '−') {
                    ", which word processors write instead of -"
                } else {
                    ""
                };
                format!(
                    "the {name} contains the character {} (U+{:04X}), which is not in base64url{dash}: the copy is damaged",
                    shown(&character.to_string()),
                    u32::from(character)
                )
            }
        });
    }
    None
}

/// The hint about padding by an AWS load balancer.
fn by_load_balancer(seen: &Seen<'_>) -> &'static str {
    if seen.header_text("signer").is_some_and(|signer| signer.starts_with("arn:aws:elasticloadbalancing")) {
        "; AWS load balancers pad the tokens that they make (x-amzn-oidc-data): send the identity provider's token, x-amzn-oidc-accesstoken, instead"
    } else {
        ""
    }
}

/// The hint for a part that lost characters.
fn length(pasted: &Pasted<'_>) -> Option<String> {
    for (part, name) in pasted.seen.parts.iter().zip(["header", "payload", "signature"]) {
        if part.len() % 4 == 1 {
            return Some(format!(
                "the {name} has {} characters, which is not a possible length of base64url: characters were lost or added",
                part.len()
            ));
        }
        let again = decode(part).map(|bytes| crate::jwk::base64url(&bytes));
        if again.is_some_and(|again| again.as_bytes() != *part) {
            return Some(format!(
                "the last character of the {name} is not what the issuer wrote: the copy was cut or changed there"
            ));
        }
    }
    None
}
