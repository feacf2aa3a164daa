// SPDX-License-Identifier: Apache-2.0
//! What the process around an authenticator provides.

use std::path::PathBuf;

/// The process that opens an authenticator. The default is a command, which writes no files.
#[derive(Clone, Debug, Default)]
pub struct HostProcess {
    /// The JVM's trusted certificates, used when keys are fetched from a server.
    pub jvm_trust: JvmTrust,
    /// True for a coordinator, which reads and writes `jwks.cache-file`. A command must not write it, because the file
    /// would then belong to the user of the command.
    pub keeps_cache_files: bool,
    /// True for a caller that passes a principal to Trino and no identity. `groups-field` and
    /// `pass-through.credential-name` are then errors.
    pub without_identity: bool,
    /// True for a caller that has no address to which issuers can send logout tokens. `backchannel-logout.client-id` is then
    /// an error.
    pub without_logout_endpoint: bool,
    /// True for a caller whose configuration the built-in authenticator reads as well, in shadow mode. What that cannot read is
    /// then an error.
    pub beside_built_in: bool,
}

/// The source of the JVM's trusted certificates. It is used only if keys are fetched and no trust store is set.
#[derive(Clone, Debug, Default)]
pub enum JvmTrust {
    /// There is no JVM. Only the system's certificates are trusted.
    #[default]
    None,
    /// The certificates that the JVM trusts, as PEM text. The system's certificates are trusted as well.
    Certificates(Vec<u8>),
    /// The same for a JVM with `javax.net.ssl.trustStore`. The system's certificates are not trusted.
    CertificatesAlone(Vec<u8>),
    /// The folder of a JDK: its `lib/security/jssecacerts`, or else its `cacerts`, as its JVM would use them.
    JavaHome(PathBuf),
}
