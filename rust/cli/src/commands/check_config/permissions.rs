//! Who else on this machine can write to what decides about logins, or read what must stay secret.

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{self, Path, PathBuf};

    use nativejwt_core::{ConfigurationErrors, Problem, Properties, Property, hmac_secret};

    use super::super::{find, is_file, key_files};
    use crate::private_key::{is_json, read_key_file};

    const WRITE: u32 = 0o022;
    const READ: u32 = 0o044;
    const GROUP: u32 = 0o020;
    /// In such a folder only a file's owner can replace it.
    const STICKY: u32 = 0o1000;

    /// What others get who write to a file.
    const DECIDE: &str = "they decide who can log in";
    const SEND: &str = "they choose what the server of the keys is asked with";

    /// The stores of `jwk.http-client`.
    const TRUST_STORE: &str = "jwk.http-client.trust-store-path";
    const KEY_STORE: &str = "jwk.http-client.key-store-path";
    /// Passwords that somebody else could use.
    const PASSWORDS: [&str; 2] = ["jwk.http-client.key-store-password", "jwk.http-client.http-proxy.password"];

    /// What Kubernetes mounts into one pod, readable for all of its processes; no operator can change that.
    const KUBERNETES: [&str; 2] = ["/var/run/secrets/kubernetes.io/", "/run/secrets/kubernetes.io/"];

    struct Permissions<'w> {
        warnings: &'w mut ConfigurationErrors,
        /// Each is told of once, however many files it holds.
        folders: BTreeSet<PathBuf>,
    }

    /// Looks at `file` itself, at all that it names, and at what each of its `issuers` names.
    pub(crate) fn warn_of_permissions(
        file: &Path,
        properties: &Properties,
        issuers: &[Properties],
        warnings: &mut ConfigurationErrors,
    ) {
        let mut permissions = Permissions { warnings, folders: BTreeSet::new() };
        let source = file.display().to_string();
        let itself = |message: &str| Problem::for_file(&source, format!("is a file {message}"));
        permissions.look(file, holds_password(file), DECIDE, &itself);
        if let Some(files) = find(properties, "config-files") {
            for named in files.value.split(',').map(|named| Path::new(named.trim())) {
                permissions.look(named, holds_password(named), DECIDE, &of(files, properties, named));
            }
        }
        for issuer in issuers {
            permissions.look_at_issuer(issuer);
        }
    }

    impl Permissions<'_> {
        fn look_at_issuer(&mut self, properties: &Properties) {
            if let Some(entry) = find(properties, "key-file") {
                for file in key_files(&entry.value) {
                    self.look(&file, shared_secret(&file), DECIDE, &of(entry, properties, &file));
                }
                if is_file(&entry.value) {
                    let path = Path::new(&entry.value);
                    self.look_at_folders(path, DECIDE, &of(entry, properties, path));
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
                let secret = secret.filter(|_| !KUBERNETES.iter().any(|mount| entry.value.starts_with(mount)));
                let path = Path::new(&entry.value);
                self.look(path, secret, harm, &of(entry, properties, path));
            }
        }

        /// `secret` says what others get who read the file, if they must not.
        fn look(&mut self, file: &Path, secret: Option<&str>, harm: &str, problem: &dyn Fn(&str) -> Problem) {
            if let Ok(mode) = mode(file) {
                if mode & WRITE != 0 {
                    let who = who(mode, WRITE);
                    let message = format!(
                        "that {who} can write to (mode {:04o}): {harm}. chmod go-w '{}'",
                        mode & 0o7777,
                        file.display()
                    );
                    self.warnings.push(problem(&message));
                }
                if let Some(secret) = secret.filter(|_| mode & READ != 0) {
                    let who = who(mode, READ);
                    let message = format!(
                        "that {who} can read: {secret} (mode {:04o}). chmod go-r '{}'",
                        mode & 0o7777,
                        file.display()
                    );
                    self.warnings.push(problem(&message));
                }
            }
            self.look_at_folders(file, harm, problem);
        }

        /// Who can write to a folder on the way to a file can put another file in its place, or another folder.
        fn look_at_folders(&mut self, file: &Path, harm: &str, problem: &dyn Fn(&str) -> Problem) {
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
                    "that {who} can replace, since the folder '{}' can be written to (mode {:04o}): {harm}. chmod go-w '{}'",
                    folder.display(),
                    mode & 0o7777,
                    folder.display()
                );
                self.warnings.push(problem(&message));
            }
        }
    }

    /// Makes a problem of a file that a property names.
    fn of<'p>(entry: &'p Property, properties: &'p Properties, file: &'p Path) -> impl Fn(&str) -> Problem + 'p {
        move |message| {
            let message = format!("names '{}', a file {message}", file.display());
            Problem::for_property(&entry.name, &properties.source, entry.line, message)
        }
    }

    fn mode(path: &Path) -> std::io::Result<u32> {
        fs::metadata(path).map(|metadata| metadata.permissions().mode())
    }

    /// Who has one of these rights.
    fn who(mode: u32, rights: u32) -> &'static str {
        let group = GROUP | GROUP << 1;
        match (mode & rights & group != 0, mode & rights & !group != 0) {
            (true, true) => "its group and everybody else",
            (true, false) => "its group",
            _ => "everybody",
        }
    }

    /// Why a key file must not be read by others: it is the file of a shared secret.
    fn shared_secret(path: &Path) -> Option<&'static str> {
        let is_secret = read_key_file(path).is_ok_and(|text| match is_json(&text) {
            true => text.contains("\"oct\""),
            false => hmac_secret(&text).is_ok(),
        });
        is_secret.then_some("it is a shared secret, and who has it can log in as anybody")
    }

    /// Why a property file must not be read by others: a password stands in it, and not in the environment.
    fn holds_password(file: &Path) -> Option<&'static str> {
        let properties = Properties::load_with(file, |_| false).ok()?;
        let written =
            PASSWORDS.iter().filter_map(|name| properties.get(name)).any(|entry| !entry.value.starts_with("${"));
        written.then_some("a password stands in it")
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
