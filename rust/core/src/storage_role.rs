// SPDX-License-Identifier: Apache-2.0
//! Which role of an object store a token gets. What the role is exchanged for is not known here.

use std::path::Path;

use crate::claims::VerifiedClaims;
use crate::claims::path::ClaimPath;
use crate::config::storage::{RoleSetting, StorageSettings, USER, check_role};
use crate::config::{ConfigurationErrors, Setting};
use crate::epoch::Epoch;
use crate::events::Events;
use crate::in_force::Fingerprint;
use crate::json::Value;
use crate::json_file::{LineCounter, RuleFileError, read_file, text_of_file};
use crate::metrics::FileKind;
use crate::watched_file::{Reloadable, WatchedFile};

const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Chooses the role of a token.
pub(crate) enum StorageRoles {
    /// One ARN, in which `${USER}` is the user.
    Fixed(String),
    /// A claim that holds the ARN, and what it may begin with.
    Field { path: ClaimPath, allowed: Vec<String> },
    /// The roles of groups.
    File(Reloadable<GroupRoles>),
}

/// The roles of groups, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct GroupRoles(Vec<(String, String)>);

impl StorageRoles {
    /// Reads the file, if there is one. Adds everything that is wrong to `errors`.
    pub(crate) fn open(settings: &StorageSettings, errors: &mut ConfigurationErrors) -> Option<Self> {
        Some(match &settings.role {
            RoleSetting::Fixed(role) => Self::Fixed(role.clone()),
            RoleSetting::Field(path) => Self::Field { path: path.clone(), allowed: settings.allowed_roles.clone() },
            RoleSetting::File(setting) => Self::File(open_file(setting, errors)?),
        })
    }

    /// The claim that the payload's reader must keep.
    pub(crate) fn field(&self) -> Option<&ClaimPath> {
        match self {
            Self::Field { path, .. } => Some(path),
            Self::Fixed(_) | Self::File(_) => None,
        }
    }

    /// The role, with the user in it. `None` if there is none for this token: the claim is absent or not allowed, no group
    /// has one, or the user cannot be a part of a role's name.
    pub(crate) fn role(&self, user: &str, groups: &[String], claims: &VerifiedClaims<'_>) -> Option<String> {
        match self {
            Self::Fixed(role) => with_user(role, user),
            Self::Field { path, allowed } => match path.find(&claims.selected)? {
                Value::String(role) => {
                    let is_allowed = allowed.iter().any(|prefix| role.starts_with(prefix.as_str()));
                    (is_allowed && !role.contains(USER) && check_role(role).is_ok()).then(|| role.clone().into_owned())
                }
                _ => None,
            },
            Self::File(roles) => {
                let roles = roles.load();
                let (_, role) = roles.0.iter().find(|(group, _)| groups.contains(group))?;
                with_user(role, user)
            }
        }
    }

    /// The fingerprint of the file that is in use.
    pub(crate) fn in_use(&self) -> Option<Fingerprint> {
        match self {
            Self::File(roles) => Some(roles.in_use()),
            Self::Fixed(_) | Self::Field { .. } => None,
        }
    }

    pub(crate) fn has_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Applies a change of the file.
    pub(crate) fn poll(&self, events: &Events, epoch: &Epoch) {
        if let Self::File(roles) = self {
            roles.poll(FileKind::StorageRoles, events, epoch, |_, bytes| {
                GroupRoles::from_bytes(bytes).map_err(|errors| errors.iter().map(RuleFileError::to_string).collect())
            });
        }
    }
}

/// Puts the user into a role. A slash in the user would choose another path, and so another role.
fn with_user(role: &str, user: &str) -> Option<String> {
    if !role.contains(USER) {
        return Some(role.to_owned());
    }
    if user.is_empty() || user.contains(['/', '$']) {
        return None;
    }
    let role = role.replace(USER, user);
    check_role(&role).is_ok().then_some(role)
}

fn open_file(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<Reloadable<GroupRoles>> {
    let path = Path::new(&setting.value);
    let read = WatchedFile::open(path, MAX_FILE_BYTES)
        .map_err(|error| vec![RuleFileError { line: 0, message: format!("cannot be read: {error}") }])
        .and_then(|(file, bytes)| Ok(Reloadable::of_file(file, GroupRoles::from_bytes(&bytes)?)));
    read.map_err(|wrong| errors.extend(setting.problems_of_file(wrong))).ok()
}

/// `{"roles": [{"group": "analysts", "role": "arn:…"}]}`
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile<'t> {
    #[serde(borrow)]
    roles: Vec<&'t serde_json::value::RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleOfGroup {
    group: String,
    role: String,
}

impl GroupRoles {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Vec<RuleFileError>> {
        let text = text_of_file(bytes).map_err(|error| vec![error])?;
        let file: RoleFile<'_> = read_file(text).map_err(|error| vec![error])?;
        let mut lines = LineCounter::new(text);
        let mut roles = Vec::with_capacity(file.roles.len());
        let mut errors = Vec::new();
        for (index, raw) in file.roles.iter().enumerate() {
            let line = lines.line_of(raw.get());
            let entry = serde_json::from_str::<RoleOfGroup>(raw.get())
                .map_err(|_| "is not an object with the members group and role, both strings".to_owned())
                .and_then(|entry| {
                    check_role(&entry.role).map(|()| entry).map_err(|why| format!("has a role that {why}"))
                });
            match entry {
                Ok(entry) => roles.push((entry.group, entry.role)),
                Err(what) => errors.push(RuleFileError { line, message: format!("role {} {what}", index + 1) }),
            }
        }
        if roles.is_empty() && errors.is_empty() {
            errors.push(RuleFileError { line: 0, message: "roles list is empty".to_owned() });
        }
        if errors.is_empty() { Ok(Self(roles)) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_becomes_a_part_of_the_role_only_if_it_cannot_choose_another() {
        let role = "arn:aws:iam::1:role/home-${USER}";
        assert_eq!(with_user(role, "alice").as_deref(), Some("arn:aws:iam::1:role/home-alice"));
        assert_eq!(
            with_user(role, "alice@corp.example").as_deref(),
            Some("arn:aws:iam::1:role/home-alice@corp.example")
        );
        for user in ["", "a/b", "a b", "a:b", "ä", "a&b", "a\n", "${USER}"] {
            assert_eq!(with_user(role, user), None, "{user}");
        }
        for user in [".", ".."] {
            assert_eq!(with_user("arn:aws:iam::1:role/${USER}", user), None, "{user}");
        }
        assert_eq!(with_user("arn:aws:iam::1:role/all", "a/b").as_deref(), Some("arn:aws:iam::1:role/all"));
    }

    #[test]
    fn the_first_role_of_the_file_that_has_a_group_counts() {
        let roles = GroupRoles::from_bytes(
            br#"{"roles": [
                {"group": "finance", "role": "arn:aws:iam::1:role/finance"},
                {"group": "analysts", "role": "arn:aws:iam::1:role/${USER}"}
            ]}"#,
        );
        assert_eq!(roles.unwrap().0.len(), 2);
        for (text, expected) in [
            ("{\"roles\": [\n{\"group\": \"a\"}]}", "line 2: role 1 is not an object"),
            ("{\"roles\": [{\"group\": \"a\", \"role\": \"admin\"}]}", "role 1 has a role that is 'admin'"),
            ("{\"roles\": []}", "roles list is empty"),
            ("{\"role\": []}", "unknown field"),
            ("[]", "an array"),
        ] {
            let errors = GroupRoles::from_bytes(text.as_bytes()).unwrap_err();
            assert!(errors[0].to_string().contains(expected), "{text}: {}", errors[0]);
        }
    }
}
