// SPDX-License-Identifier: Apache-2.0
//! What `check-config` finds, each with a stable name. docs/findings.md is generated from this table.

use std::fmt;

/// How bad a finding is, and when the command looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A coordinator fails to start, or rejects every token.
    Error,
    /// A coordinator starts, and something is dangerous or will fail later.
    Warning,
    /// As a warning, but only with `--online`.
    OnlineWarning,
}

/// The one table of findings. It gives the enum, the names and the documentation.
macro_rules! findings {
    ($($variant:ident $name:literal $severity:ident $meaning:literal $fix:literal)*) => {
        /// Something that `check-config` reports. `Display` gives the stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Finding {
            $(#[doc = $meaning] $variant,)*
        }

        impl Finding {
            /// Every finding, in the order of the documentation.
            pub const ALL: &'static [Finding] = &[$(Finding::$variant,)*];

            /// The stable name, such as `keys-over-http`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Finding::$variant => $name,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Finding::$variant => Severity::$severity,)* }
            }

            /// What it means, in one or two sentences for the operator.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Finding::$variant => $meaning,)* }
            }

            /// What to do, in one sentence.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Finding::$variant => $fix,)* }
            }
        }
    };
}

findings! {
    InvalidConfiguration "invalid-configuration" Error
        "A property or a file is wrong, so the coordinator fails to start."
        "Do what the message says"
    KeysNotFetched "keys-not-fetched" Error
        "The command cannot fetch the keys. The coordinator starts, but rejects every token until it has fetched them."
        "Make the address in key-file reachable from the coordinator, or correct it"
    AuthenticationType "authentication-type" Error
        "The coordinator does not read the JWT properties of this file, because http-server.authentication.type has no place for them."
        "List JWT there (server launcher), or HEADER with header-authenticator.config-files (plugin)"

    BackslashDropped "backslash-dropped" Warning
        "Java's property format drops a single backslash, or turns it into a tab or a line end."
        "Write each backslash twice"
    LinesJoined "lines-joined" Warning
        "A backslash at the end of a line joins the next line to the value, or should do so and does not."
        "Remove the backslash or write two; remove spaces after it"
    SeparatorInValue "separator-in-value" Warning
        "The value begins with =, : or >."
        "Write only one = or : between name and value"
    QuotesInValue "quotes-in-value" Warning
        "The quotes around a value are part of the value."
        "Remove the quotes"
    BracketsInValue "brackets-in-value" Warning
        "The brackets around a value are part of the value."
        "Separate several values with commas, without brackets"
    VariableNotReplaced "variable-not-replaced" Warning
        "A value contains ${NAME}, which nothing replaces."
        "Write an environment variable as ${ENV:NAME}"
    CommentInValue "comment-in-value" Warning
        "What looks like a comment behind a value is part of the value."
        "Move the comment to a line of its own"
    NotAscii "not-ascii" Warning
        "Java reads property files as ISO-8859-1, so a character outside of ASCII becomes another one."
        "Write the character as \\u and four hexadecimal digits"
    PropertyInValue "property-in-value" Warning
        "A line has text before the name of the property, as in export NAME=VALUE, so the property is not set."
        "Begin the line with the name of the property"
    UnknownProperty "unknown-property" Warning
        "config.properties has a property with JWT or JWKS in its name that is neither Trino's nor ours."
        "Correct the name, or remove the line"

    KeysOverHttp "keys-over-http" Warning
        "The keys are fetched without encryption. An attacker on the network path can substitute keys and authenticate as any user."
        "Use https"
    HostNameNotVerified "host-name-not-verified" Warning
        "The name in the key server's certificate is not verified, so a server with any trusted certificate can substitute keys."
        "Remove the line"
    TrustedCertificatesUnreadable "trusted-certificates-unreadable" Warning
        "The certificates that the JVM trusts cannot be read, so servers are verified without them."
        "Set JAVA_HOME to the JDK of the coordinator, and make its trust store readable"
    ClientPropertyWithoutEffect "client-property-without-effect" Warning
        "A property jwk.http-client.* has no effect, because nativejwt fetches keys with its own HTTP client."
        "Remove the line"
    KeyNotUsed "key-not-used" Warning
        "A key of the set is unusable: its tokens are rejected. The message says why."
        "Have the issuer correct the key or take it out of the set"
    KeyWeak "key-weak" OnlineWarning
        "An attacker may find the private key that belongs to this public key, or nearly so: the RSA modulus has a small factor, the key has the fingerprint of CVE-2017-15361 (ROCA), or its exponent is less than 65537 (FIPS 186-5)."
        "Have the issuer generate a new key"
    KeyPublished "key-published" OnlineWarning
        "The private key or secret is printed in a public document, so anyone can sign tokens as any user."
        "Have the issuer generate a key of its own, for example with nativejwt keygen"
    KeyFileUnusable "key-file-unusable" Warning
        "A file that tokens can name by their kid has no usable key, or one with a problem."
        "Correct the file or remove it"
    KeyFolderUnreadable "key-folder-unreadable" Warning
        "The folder of the key files cannot be read."
        "Correct the path, or give the coordinator's user the right to read it"
    NoDefaultKey "no-default-key" Warning
        "key-file has ${KID} or $KEYID, and there is no file for tokens without kid, which are rejected."
        "Add the file, or have the issuer set kid"
    KeyFileHasMoreKeys "key-file-has-more-keys" Warning
        "A PEM file has several keys or certificates. Only the first one is used."
        "Use a JWK Set, which nativejwt jwks makes, or a file for each key with ${KID}"
    CertificateOfCa "certificate-of-ca" Warning
        "The certificate in the key file is marked as that of a CA. Tokens are usually signed with another key."
        "Use the certificate of the key that signs tokens; if the issuer's own certificate is self-signed, keep it"
    SecretDoubtful "secret-doubtful" Warning
        "The HMAC key has a form that suggests another secret than the one that is read, or a public number."
        "Compare the secret with the issuer's, and store it in base64"

    NoAudience "no-audience" Warning
        "required-audience is not set: the coordinator accepts tokens that the issuer made for other services."
        "Set required-audience to the aud of the tokens for Trino"
    ExpirationNotRequired "expiration-not-required" OnlineWarning
        "Neither require-expiration nor max-token-lifetime is set: a token without exp is good for ever."
        "Set require-expiration=true"
    ClockDiffers "clock-differs" OnlineWarning
        "This machine's clock differs from the key server's by more than clock-skew. If it is behind, new tokens can be rejected as not yet valid and expired ones are accepted for longer; if it is ahead, tokens expire early."
        "Synchronize the clocks (NTP); for a difference of seconds, set clock-skew"
    ClaimRuleDoubtful "claim-rule-doubtful" Warning
        "A claim rule never decides, or accepts tokens because a claim is absent or has another type."
        "Correct the rule; nativejwt check-rules tries it with claims"

    UsersShared "users-shared-by-issuers" Warning
        "Two issuers can give the same user, who then has the rights of both."
        "Give the issuers different users, as docs/keys.md shows in \"Several issuers\""
    PrincipalsMerged "principals-merged" Warning
        "A mapping gives different principals the same user."
        "Put the part in which the principals differ into the user, or write it literally in the pattern"
    UserRepeated "user-repeated" Warning
        "A pattern matches twice, so the user contains its text twice."
        "Write (.+) instead of (.*), or ^ at the start of the pattern"
    ControlCharacterInPattern "control-character-in-pattern" Warning
        "A pattern contains a control character, because JSON reads \\b as a backspace."
        "Write each backslash of a pattern twice in JSON"
    MappingMapsNothing "mapping-maps-nothing" OnlineWarning
        "The user mapping gives no user to any principal, so every token is rejected."
        "Move the rule that decides first behind the others, or correct its pattern; nativejwt map-user tries principals"

    WritableByOthers "writable-by-others" Warning
        "Other users of the machine can change or replace a file, and so decide who gets in."
        "Take the right to write away with chmod go-w, from the file or from the folder that the message names"
    SecretReadableByOthers "secret-readable-by-others" Warning
        "Other users of the machine can read a shared secret, a private key, a password or a token."
        "Take the right to read away with chmod go-r"

    WorkersOverHttp "workers-over-http" Warning
        "Passed-through tokens or storage credentials are sent to the workers in clear text."
        "Set internal-communication.https.required=true"
    InsecureHttpAllowed "insecure-http-allowed" Warning
        "Over plain HTTP, Trino authenticates nothing, so a client can use any user name beside passed-through tokens or storage credentials."
        "Remove http-server.authentication.allow-insecure-over-http"
    OtherAuthenticators "other-authenticators" Warning
        "Users of another authenticator can send any token as the extra credential, or get no storage credentials."
        "Remove the other authenticators, or accept what the message says"
    IcebergCredentialName "iceberg-credential-name" Warning
        "Iceberg's client reads the token only from the extra credential named token."
        "Set pass-through.credential-name=token"
    IcebergSessionShared "iceberg-session-shared" Warning
        "Iceberg keeps a session by user and source, and reuses it for requests with another token or none."
        "Set iceberg.rest-catalog.session-timeout=0s"
    IcebergTokenRefresh "iceberg-token-refresh" Warning
        "Iceberg exchanges users' tokens at the token endpoint, and continues with the tokens that it returns."
        "Set iceberg.rest-catalog.oauth2.token-refresh-enabled=false"
    CatalogAccount "catalog-account" Warning
        "A catalog has an account of its own beside passed-through tokens. A session without a token uses it."
        "Remove the account from the catalog"

    StorageOverHttp "storage-over-http" Warning
        "Tokens, storage credentials or data are sent without encryption."
        "Use https"
    IcebergMetadataCache "iceberg-metadata-cache" Warning
        "All users share Iceberg's cache of metadata, so users whom the store refuses read parts of tables."
        "Add iceberg.metadata-cache.enabled=false"
    FileCache "file-cache" Warning
        "All users share the cache of files, so users get rows that the store refuses them."
        "Set fs.cache.enabled=false"
    ListingCache "listing-cache" Warning
        "All users share the cached listings, so users whom the store refuses see the names of files."
        "Remove hive.file-status-cache-tables"
    FooterCache "footer-cache" Warning
        "All users share the cached footers of Parquet files, with the bounds of columns."
        "Remove iceberg.parquet-footer-cache.type"
    StoreAccount "store-account" Warning
        "Trino does with the account of the catalog, or of the machine, what it does without a user."
        "Give this account no rights; on Trino 483, use s3.auth-type=ANONYMOUS without keys"
    SecurityMapping "security-mapping" Warning
        "s3.security-mapping and storage credentials do not work together."
        "Choose one of the two"
    VendedCredentials "vended-credentials" Warning
        "The credentials that an Iceberg REST catalog vends replace those of the user."
        "Choose one of the two"
    FileMetastore "file-metastore" Warning
        "A file metastore reads and writes the store as the catalog, not as the user."
        "Use a metastore that does not touch S3, or Iceberg's JDBC or REST catalog"

    LogWarning "log-warning" Warning
        "A warning without a name of its own, which the log of the coordinator has as well."
        "Do what the message says"
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::tests::assert_fresh;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let names: std::collections::HashSet<_> = Finding::ALL.iter().map(|finding| finding.name()).collect();
        assert_eq!(names.len(), Finding::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    }

    #[test]
    fn every_meaning_is_a_sentence_and_every_fix_can_follow_one() {
        for finding in Finding::ALL {
            assert!(finding.meaning().ends_with('.'), "{finding}");
            assert!(!finding.fix().ends_with('.') && finding.fix().starts_with(char::is_uppercase), "{finding}");
        }
    }

    #[test]
    fn the_committed_page_of_findings_is_up_to_date() {
        let mut page = String::from(
            "# What check-config finds\n\nGenerated from `rust/core/src/config/finding.rs`; do not edit. `nativejwt check-config` prints the name of each\n\
             finding in brackets, and `--json` has it as `name` ([The command](command.md#check-a-configuration)). Names are stable.\n\
             Findings that are marked are searched for with `--online` only. With `--strict`, warnings are errors.\n",
        );
        for (title, wanted) in [("Errors", true), ("Warnings", false)] {
            page += &format!("\n## {title}\n\n| name | meaning | what to do |\n| --- | --- | --- |\n");
            for finding in Finding::ALL.iter().filter(|finding| (finding.severity() == Severity::Error) == wanted) {
                let mark = if finding.severity() == Severity::OnlineWarning { " (`--online`)" } else { "" };
                page += &format!("| `{finding}`{mark} | {} | {}. |\n", finding.meaning(), finding.fix());
            }
        }
        assert_fresh("docs/findings.md", &page);
    }
}
