// SPDX-License-Identifier: Apache-2.0
//! Selects the issuer whose rules apply to a token.
//!
//! Without `config-files` there is one set of rules, which includes `required-issuer`. With `config-files` the token's
//! unverified `iss` selects the file whose `required-issuer` it equals, and decides nothing else. The keys of this issuer
//! then verify the signature, and its rules check `iss` again.

pub(crate) mod issuer;
mod reload;
pub(crate) mod view;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::claims;
use crate::issuers::issuer::Issuer;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};
pub(crate) use reload::Issuers;
#[cfg(test)]
pub(crate) use reload::tests;

/// The rules of all issuers, as they are now.
pub(crate) enum Rules {
    One(Arc<Issuer>),
    Several(Table),
}

/// The issuers of `config-files`.
pub(crate) struct Table {
    by_name: HashMap<Box<str>, Arc<Issuer>>,
    /// The one without `required-issuer`.
    otherwise: Option<Arc<Issuer>>,
}

impl Rules {
    /// The rules for a token with this unverified payload.
    pub(crate) fn select(&self, payload: &[u8]) -> Result<&Arc<Issuer>, Rejection> {
        match self {
            Self::One(issuer) => Ok(issuer),
            Self::Several(table) => table.select(payload),
        }
    }

    /// True if the `iss` of a token selects the rules.
    pub(crate) fn are_several(&self) -> bool {
        matches!(self, Self::Several(_))
    }

    pub(crate) fn issuers(&self) -> Vec<&Arc<Issuer>> {
        match self {
            Self::One(issuer) => vec![issuer],
            Self::Several(table) => table.by_name.values().chain(&table.otherwise).collect(),
        }
    }
}

impl Table {
    /// Combines the issuers of the files. The errors name the files that conflict with each other.
    fn new<'f>(issuers: impl IntoIterator<Item = (&'f Path, &'f Arc<Issuer>)>) -> Result<Self, Vec<String>> {
        let mut table = Self { by_name: HashMap::new(), otherwise: None };
        let mut errors = Vec::new();
        let mut files: HashMap<Option<&str>, &Path> = HashMap::new();
        let mut cache_files: HashMap<PathBuf, &Path> = HashMap::new();
        for (path, issuer) in issuers {
            if let Some(cache_file) = issuer.cache_file.as_deref().map(resolved)
                && let Some(other) = cache_files.insert(cache_file.clone(), path)
            {
                errors.push(format!(
                    "'{}' and '{}' have the same jwks.cache-file, '{}': each issuer needs its own",
                    other.display(),
                    path.display(),
                    cache_file.display()
                ));
            }
            let name = issuer.claims.required_issuer.as_deref();
            if let Some(other) = files.insert(name, path) {
                let (other, path) = (other.display(), path.display());
                errors.push(match name {
                    Some(name) => format!("'{other}' and '{path}' have the same required-issuer, '{}'", quoted(name)),
                    None => format!(
                        "'{other}' and '{path}' have no required-issuer: at most one file may omit it, to handle the tokens of all other issuers"
                    ),
                });
            }
            match name {
                Some(name) => drop(table.by_name.insert(name.into(), Arc::clone(issuer))),
                None => table.otherwise = Some(Arc::clone(issuer)),
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    fn select(&self, payload: &[u8]) -> Result<&Arc<Issuer>, Rejection> {
        let name = claims::unverified_issuer(payload)?;
        let named = name.as_deref().and_then(|name| self.by_name.get(name));
        named.or(self.otherwise.as_ref()).ok_or_else(|| match name {
            Some(name) => Rejection::new(
                Reason::UnknownIssuer,
                format!("The issuer of the token is not trusted by this coordinator: {}", quoted(&name)),
            ),
            None => Rejection::new(
                Reason::MissingIssuer,
                "Missing 'iss' claim: it is required to select the issuer's configuration",
            ),
        })
    }
}

/// The path without symbolic links, to compare files. The file itself may not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (path.canonicalize(), folder.canonicalize(), path.file_name()) {
        (Ok(resolved), ..) => resolved,
        (Err(_), Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
