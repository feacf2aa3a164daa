// SPDX-License-Identifier: Apache-2.0
//! Warnings about files that other users of the machine can change or replace, and secrets that they can read.

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{self, Path, PathBuf};

    use nativejwt_core::{ConfigurationErrors, Finding, Problem, Properties, Property, hmac_secret};

    use super::super::{find, is_file, key_files};
    use crate::private_key::{is_json, read_key_file};

    const WRITE: u32 = 0o022;
    const READ: u32 = 0o044;
    const GROUP: u32 = 0o020;
    /// In a folder with this bit, only the owner of a file can replace it.
    const STICKY: u32 = 0o1000;

    /// What other users can do if they can write to a file.
    const DECIDE: &str = "they decide who can log in";
    const SEND: &str = "they choose the token that is sent to the key server";
    const ROLES: &str = "they decide which role of the object store a user gets";
    const EXCHANGE: &str = "they choose the secret that is sent to the token endpoint";

    /// The stores of `jwk.http-client`.
    const TRUST_STORE: &str = "jwk.http-client.trust-store-path";
    const KEY_STORE: &str = "jwk.http-client.key-store-path";
    /// How the names of properties end that hold passwords and secrets, Trino's own among them:
    /// `internal-communication.shared-secret` lets anyone act as any user.
    const SECRETS: [&str; 3] = ["password", "secret", "keystore.key"];

    /// Kubernetes mounts these into one pod, readable for all of its processes. The operator cannot change that.
    const KUBERNETES: [&str; 2] = ["/var/run/secrets/kubernetes.io/", "/run/secrets/kubernetes.io/"];

    struct Permissions<'w> {
        warnings: &'w mut ConfigurationErrors,
        /// The folders that have a warning already: each has one, however many files are in it.
        folders: BTreeSet<PathBuf>,
    }

    /// Checks `file`, every file that it names, and every file that the properties of its `issuers` name.
    pub(crate) fn warn_of_permissions(
        file: &Path,
        properties: &Properties,
        issuers: &[Properties],
        warnings: &mut ConfigurationErrors,
    ) {
        let mut permissions = Permissions { warnings, folders: BTreeSet::new() };
        let source = file.display().to_string();
        let itself = |message: &str| Problem::for_file(&source, format!("is a file {message}"));
        permissions.check(file, holds_secret(file), DECIDE, &itself);
        if let Some(files) = find(properties, "config-files") {
            for named in files.value.split(',').map(|named| Path::new(named.trim())) {
                permissions.check(named, holds_secret(named), DECIDE, &names(files, properties, named));
            }
        }
        for name in ["claim-rules.file", "revocation-file", "backchannel-logout.file"] {
            let Some(entry) = find(properties, name) else { continue };
            let path = Path::new(&entry.value);
            permissions.check(path, None, DECIDE, &names(entry, properties, path));
        }
        let of_storage = [
            ("storage.role-file", None, ROLES),
            ("storage.token-exchange.client-secret-file", Some("it holds a client secret"), EXCHANGE),
        ];
        for (name, secret, harm) in of_storage {
            let Some(entry) = find(properties, name) else { continue };
            let path = Path::new(&entry.value);
            permissions.check(path, outside_kubernetes(entry, secret), harm, &names(entry, properties, path));
        }
        for issuer in issuers {
            permissions.check_issuer(issuer);
        }
    }

    impl Permissions<'_> {
        fn check_issuer(&mut self, properties: &Properties) {
            if let Some(entry) = find(properties, "key-file") {
                for file in key_files(&entry.value) {
                    self.check(&file, shared_secret(&file), DECIDE, &names(entry, properties, &file));
                }
                if is_file(&entry.value) {
                    let path = Path::new(&entry.value);
                    self.check_folders(path, DECIDE, &names(entry, properties, path));
                }
            }
            let stores = [(TRUST_STORE, None), (KEY_STORE, Some("it holds a private key"))];
            let stores = stores.map(|(name, secret)| (properties.get(name), secret, DECIDE));
            let others = [
                ("user-mapping.file", None, DECIDE),
                ("jwks.cache-file", None, DECIDE),
                ("jwks.bearer-token-file", Some("it holds a token"), SEND),
            ];
            let others = others.map(|(name, secret, harm)| (find(properties, name), secret, harm));
            for (entry, secret, harm) in stores.into_iter().chain(others) {
                let Some(entry) = entry else { continue };
                let path = Path::new(&entry.value);
                self.check(path, outside_kubernetes(entry, secret), harm, &names(entry, properties, path));
            }
        }

        /// `secret` says why others must not read the file; none if they may. `harm` says what they can do if they can write
        /// to it.
        fn check(&mut self, file: &Path, secret: Option<&str>, harm: &str, problem: &dyn Fn(&str) -> Problem) {
            if let Ok(mode) = mode(file) {
                if mode & WRITE != 0 {
                    let who = who(mode, WRITE);
                    let message = format!("that {who} can write to (mode {:04o}): {harm}", mode & 0o7777);
                    let fix = format!("Run chmod go-w '{}'", file.display());
                    self.warnings.push(problem(&message).with_fix(Finding::WritableByOthers, fix));
                }
                if let Some(secret) = secret.filter(|_| mode & READ != 0) {
                    let who = who(mode, READ);
                    let message = format!("that {who} can read: {secret} (mode {:04o})", mode & 0o7777);
                    let fix = format!("Run chmod go-r '{}'", file.display());
                    self.warnings.push(problem(&message).with_fix(Finding::SecretReadableByOthers, fix));
                }
            }
            self.check_folders(file, harm, problem);
        }

        /// A user who can write to a folder above a file can replace the file, or a folder on its path.
        fn check_folders(&mut self, file: &Path, harm: &str, problem: &dyn Fn(&str) -> Problem) {
            let as_written = path::absolute(file).ok();
            let behind_links = fs::canonicalize(file).ok();
            let folders = [as_written, behind_links].into_iter().flatten();
            for folder in folders.flat_map(|file| file.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>()) {
                let Ok(mode) = mode(&folder) else { continue };
                let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
                if mode & WRITE == 0 || mode & STICKY != 0 || !self.folders.insert(real) {
                    continue;
                }
                let who = who(mode, WRITE);
                let message = format!(
                    "that {who} can replace, because they can write to the folder '{}' (mode {:04o}): {harm}",
                    folder.display(),
                    mode & 0o7777
                );
                let fix = format!("Run chmod go-w '{}'", folder.display());
                self.warnings.push(problem(&message).with_fix(Finding::WritableByOthers, fix));
            }
        }
    }

    /// Why others must not read the file that the property names, unless it is one of [`KUBERNETES`].
    fn outside_kubernetes<'s>(entry: &Property, secret: Option<&'s str>) -> Option<&'s str> {
        secret.filter(|_| !KUBERNETES.iter().any(|mount| entry.value.starts_with(mount)))
    }

    /// Makes a problem with a file that a property names.
    fn names<'p>(entry: &'p Property, properties: &'p Properties, file: &'p Path) -> impl Fn(&str) -> Problem + 'p {
        move |message| {
            let message = format!("names '{}', a file {message}", file.display());
            Problem::for_property(&entry.name, &properties.source, entry.line, message)
        }
    }

    fn mode(path: &Path) -> std::io::Result<u32> {
        fs::metadata(path).map(|metadata| metadata.permissions().mode())
    }

    /// The users who have one of these rights, in words.
    fn who(mode: u32, rights: u32) -> &'static str {
        let group = GROUP | GROUP << 1;
        match (mode & rights & group != 0, mode & rights & !group != 0) {
            (true, true) => "its group and all other users",
            (true, false) => "its group",
            _ => "all other users",
        }
    }

    /// Why others must not read a key file: it holds a shared secret.
    fn shared_secret(path: &Path) -> Option<&'static str> {
        let is_secret = read_key_file(path).is_ok_and(|text| match is_json(&text) {
            true => text.contains("\"oct\""),
            false => hmac_secret(&text).is_ok(),
        });
        is_secret.then_some("it is a shared secret, with which anyone can log in as any user")
    }

    /// Why others must not read a property file: it holds a secret, instead of a reference to the environment.
    fn holds_secret(file: &Path) -> Option<&'static str> {
        let properties = Properties::load_with(file, |_| false).ok()?;
        let is_secret = |entry: &Property| {
            let is_inline = entry.name.ends_with("key-file") && entry.value.starts_with("inline:");
            let is_named = SECRETS.iter().any(|end| entry.name.ends_with(end));
            is_named && !entry.value.starts_with("${") || is_inline && entry.value.contains("\"oct\"")
        };
        properties.entries.iter().any(is_secret).then_some("it holds a password or a secret")
    }
}

#[cfg(unix)]
pub(super) use unix::warn_of_permissions;

#[cfg(not(unix))]
pub(super) fn warn_of_permissions(
    _: &std::path::Path,
    _: &nativejwt_core::Properties,
    _: &[nativejwt_core::Properties],
    _: &mut nativejwt_core::ConfigurationErrors,
) {
}
