//! What the process around an authenticator brings with it.

use std::path::PathBuf;

/// Who opens an authenticator. The default is a command, which leaves nothing behind.
#[derive(Clone, Debug, Default)]
pub struct HostProcess {
    /// Whom the JVM trusts, when keys are fetched from a server.
    pub jvm_trust: JvmTrust,
    /// True for a coordinator, which reads and writes `jwks.cache-file`. Written by somebody else, the file would be
    /// somebody else's.
    pub keeps_cache_files: bool,
    /// True for a caller that hands a principal on and no identity: `groups-field` and `pass-through.credential-name` are
    /// refused then.
    pub without_identity: bool,
}

/// Where the JVM's trusted certificates come from. It is looked at only if keys are fetched and no trust store is set.
#[derive(Clone, Debug, Default)]
pub enum JvmTrust {
    /// There is no JVM: the system's certificates are all there is.
    #[default]
    None,
    /// The PEM text of the certificates that the JVM around us trusts, beside the system's.
    Certificates(Vec<u8>),
    /// The same of a JVM that was told whom to trust (`javax.net.ssl.trustStore`): the system's do not count.
    CertificatesAlone(Vec<u8>),
    /// The folder of a JDK: its `lib/security/jssecacerts`, else its `cacerts`, as a JVM of it would take them.
    JavaHome(PathBuf),
}
