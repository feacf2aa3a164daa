// SPDX-License-Identifier: Apache-2.0
//! A token as a structure that can be mutated, signed, reduced and written as a case.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::shrink::{shrink_list, toml_text};
use crate::signer::sign;

/// JSON text in pieces. Every piece is raw, so that any oddity can be expressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Text before the object.
    pub before: String,
    /// Names with their quotes, and values.
    pub members: Vec<(String, String)>,
    /// Text after the object.
    pub after: String,
    /// White space, or text that is not, after each piece.
    pub space: String,
    /// Bytes to use instead of all of these.
    pub instead: Option<Vec<u8>>,
}

impl Document {
    /// An object with these members. Names are without quotes.
    #[must_use]
    pub fn new(members: &[(&str, String)]) -> Self {
        let members = members.iter().map(|(name, value)| (format!("\"{name}\""), value.clone())).collect();
        Self { before: String::new(), members, after: String::new(), space: String::new(), instead: None }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        if let Some(bytes) = &self.instead {
            return bytes.clone();
        }
        let space = &self.space;
        let members: Vec<String> =
            self.members.iter().map(|(name, value)| format!("{space}{name}{space}:{space}{value}{space}")).collect();
        format!("{}{{{}}}{}", self.before, members.join(","), self.after).into_bytes()
    }

    /// Replaces the value of a member, or adds it.
    pub fn set(&mut self, name: &str, value: &str) {
        let quoted = format!("\"{name}\"");
        match self.members.iter_mut().find(|(other, _)| *other == quoted) {
            Some(member) => member.1 = value.to_owned(),
            None => self.members.push((quoted, value.to_owned())),
        }
    }

    /// Removes a member.
    pub fn remove(&mut self, name: &str) {
        let quoted = format!("\"{name}\"");
        self.members.retain(|(other, _)| *other != quoted);
    }
}

/// A change of an encoded part: the position and the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Inserts text.
    Insert(usize, String),
    /// Removes characters.
    Remove(usize, usize),
    /// Changes bits of the last character, which stays in the alphabet.
    LastBits(u8),
    /// Writes `-` and `_` as `+` and `/`.
    OtherAlphabet,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Edit {
    fn apply(&self, part: &mut String) {
        // Parts are ASCII until other text is inserted. Such a part stays as it is.
        let place = |at: usize, part: &String| if part.is_ascii() { at.min(part.len()) } else { 0 };
        match self {
            Self::Insert(at, text) => part.insert_str(place(*at, part), text),
            Self::Remove(at, count) => {
                let start = place(*at, part);
                let end = place(at + count, part);
                part.replace_range(start..end.max(start), "");
            }
            Self::LastBits(bits) => {
                if let Some(index) =
                    part.bytes().last().and_then(|last| ALPHABET.iter().position(|letter| *letter == last))
                {
                    part.pop();
                    part.push(char::from(ALPHABET[index ^ usize::from(bits & 63)]));
                }
            }
            Self::OtherAlphabet => *part = part.replace('-', "+").replace('_', "/"),
        }
    }
}

/// A change of the bytes of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureEdit {
    /// Flips a bit.
    Flip(usize),
    /// Removes bytes at the end.
    Cut(usize),
    /// Adds a byte at the beginning or the end.
    Add(bool),
    /// Swaps the halves.
    Swap,
    /// Sets all bytes to this one.
    Fill(u8),
}

impl SignatureEdit {
    fn apply(&self, signature: &mut Vec<u8>) {
        match *self {
            Self::Flip(bit) if !signature.is_empty() => {
                let byte = bit / 8 % signature.len();
                signature[byte] ^= 1 << (bit % 8);
            }
            Self::Flip(_) => {}
            Self::Cut(count) => signature.truncate(signature.len().saturating_sub(count)),
            Self::Add(true) => signature.insert(0, 0),
            Self::Add(false) => signature.push(0),
            Self::Swap => {
                let half = signature.len() / 2;
                signature.rotate_left(half);
            }
            Self::Fill(byte) => signature.fill(byte),
        }
    }
}

/// A token and its Authorization value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The protected header.
    pub header: Document,
    /// The claims.
    pub payload: Document,
    /// The algorithm of the signature, whatever the header says.
    pub algorithm: String,
    /// The key that signs.
    pub key: String,
    /// Changes of the encoded header before signing.
    pub header_edits: Vec<Edit>,
    /// Changes of the encoded payload before signing.
    pub payload_edits: Vec<Edit>,
    /// Changes of the bytes of the signature.
    pub signature_edits: Vec<SignatureEdit>,
    /// Changes of the encoded signature.
    pub signature_part_edits: Vec<Edit>,
    /// Another payload that is inserted after signing.
    pub payload_after: Option<Document>,
    /// The Authorization value, with the variables `{token}`, `{header}`, `{payload}` and `{signature}`.
    pub authorization: String,
}

impl Token {
    /// The parts and the bytes of the Authorization value.
    #[must_use]
    pub fn build(&self) -> Built {
        let encode = |bytes: &[u8], edits: &[Edit]| {
            let mut part = URL_SAFE_NO_PAD.encode(bytes);
            edits.iter().for_each(|edit| edit.apply(&mut part));
            part
        };
        let header = encode(&self.header.bytes(), &self.header_edits);
        let payload = encode(&self.payload.bytes(), &self.payload_edits);
        let mut signature = sign(&self.algorithm, &self.key, &latin1(&format!("{header}.{payload}")));
        self.signature_edits.iter().for_each(|edit| edit.apply(&mut signature));
        let signature_part = encode(&signature, &self.signature_part_edits);
        let payload = self.payload_after.as_ref().map_or(payload, |after| URL_SAFE_NO_PAD.encode(after.bytes()));
        let token = format!("{header}.{payload}.{signature_part}");
        let text = self
            .authorization
            .replace("{token}", &token)
            .replace("{header}", &header)
            .replace("{payload}", &payload)
            .replace("{signature}", &signature_part);
        Built { header, payload, signature, signature_part, authorization: latin1(&text) }
    }

    /// Removes and simplifies everything that is not needed for `fails`.
    pub fn shrink(mut self, mut fails: impl FnMut(&Token) -> bool) -> Token {
        let plain = "Bearer {token}";
        for simpler in [
            Self { authorization: plain.to_owned(), ..self.clone() },
            Self { payload_after: None, ..self.clone() },
            Self { algorithm: "HS256".to_owned(), key: "hmac-64".to_owned(), ..self.clone() },
        ] {
            if simpler != self && fails(&simpler) {
                self = simpler;
            }
        }
        macro_rules! lists {
            ($($($field:ident).+)*) => {$(
                let kept = shrink_list(self.$($field).+.clone(), |list| {
                    let mut token = self.clone();
                    token.$($field).+ = list.to_vec();
                    fails(&token)
                });
                self.$($field).+ = kept;
            )*};
        }
        lists!(header_edits payload_edits signature_edits signature_part_edits header.members payload.members);
        for blank in [
            |token: &mut Token| token.header.space.clear(),
            |token: &mut Token| token.payload.space.clear(),
            |token: &mut Token| token.header.before.clear(),
            |token: &mut Token| token.header.after.clear(),
            |token: &mut Token| token.payload.before.clear(),
            |token: &mut Token| token.payload.after.clear(),
        ] {
            let mut simpler = self.clone();
            blank(&mut simpler);
            if simpler != self && fails(&simpler) {
                self = simpler;
            }
        }
        self
    }

    /// The lines of a case that make exactly this token. They contain the signature if its bytes were changed.
    #[must_use]
    pub fn case_lines(&self) -> String {
        let built = self.build();
        let mut make = vec![format!("alg = '{}'", self.algorithm), format!("key = '{}'", self.key)];
        for (name, document, edits, part) in [
            ("header", &self.header, &self.header_edits, &built.header),
            ("payload", &self.payload, &self.payload_edits, &built.payload),
        ] {
            let bytes = document.bytes();
            match std::str::from_utf8(&bytes) {
                Ok(text) if !text.contains("<<") => make.push(format!("{name} = {}", toml_text(text))),
                _ => make.push(format!("{name}-hex = '{}'", hex(&bytes))),
            }
            if !edits.is_empty() {
                make.push(format!("{name}-part = {}", toml_text(part)));
            }
        }
        if !self.signature_edits.is_empty() {
            make.push(format!("signature-hex = '{}'", hex(&built.signature)));
        }
        if !self.signature_part_edits.is_empty() {
            make.push(format!("signature-part = {}", toml_text(&built.signature_part)));
        }
        if let Some(after) = &self.payload_after {
            make.push(format!("payload-after = {}", toml_text(&String::from_utf8_lossy(&after.bytes()))));
        }
        let mut lines = format!("make = {{ {} }}\n", make.join(", "));
        let authorization = self.authorization.as_str();
        if authorization != "Bearer {token}" {
            match authorization.strip_prefix("Bearer ").filter(|rest| rest.contains("{header}")) {
                Some(token) => {
                    lines = lines.replace(" }\n", &format!(", token = {} }}\n", toml_text(token)));
                }
                None => lines += &format!("authorization = {}\n", toml_text(authorization)),
            }
        }
        lines
    }
}

/// The result of building a [`Token`].
#[derive(Clone, Debug)]
pub struct Built {
    header: String,
    payload: String,
    signature: Vec<u8>,
    signature_part: String,
    /// The bytes of the Authorization value.
    pub authorization: Vec<u8>,
}

/// The bytes of an Authorization value, without characters that ISO-8859-1 does not have.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
