//! What the process around an authenticator brings with it.

use crate::keys::JvmTrust;

/// Who opens an authenticator. The default is a command, which leaves nothing behind.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Whom the JVM trusts, when keys are fetched from a server.
    pub jvm_trust: JvmTrust,
    /// True for a coordinator, which reads and writes `jwks.cache-file`. Written by somebody else, the file would be
    /// somebody else's.
    pub keeps_cache_files: bool,
    /// True for a caller that hands a principal on and no identity: `groups-field` and `pass-through.credential-name` are
    /// refused then.
    pub without_identity: bool,
}
