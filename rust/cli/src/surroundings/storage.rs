// SPDX-License-Identifier: Apache-2.0
//! Settings of a catalog that give one user what the object store gives to another. docs/storage-as-the-user.md says which of them were
//! tested, and on which version of Trino.

use nativejwt_core::{Finding, Properties};

use super::{Findings, is_true};

/// The native S3 file system, by its present and its older name.
const S3_PROPERTIES: [&str; 2] = ["fs.s3.enabled", "fs.native-s3.enabled"];
const CONNECTOR: &str = "connector.name";
const METADATA_CACHE: &str = "iceberg.metadata-cache.enabled";
const FILE_CACHE: &str = "fs.cache.enabled";
const LISTING_CACHE: &str = "hive.file-status-cache-tables";
const FOOTER_CACHE: &str = "iceberg.parquet-footer-cache.type";
const MAPPING: &str = "s3.security-mapping.enabled";
const AUTH_TYPE: &str = "s3.auth-type";
const ENDPOINT: &str = "s3.endpoint";
const METASTORE: &str = "hive.metastore";
const VENDED: &str = "iceberg.rest-catalog.vended-credentials-enabled";
/// What gives a catalog an account of its own.
const ACCOUNTS: [&str; 2] = ["s3.aws-access-key", "s3.iam-role"];

/// Searches a catalog that reads from S3.
pub(super) fn check_catalog(catalog: &Properties, found: &mut Findings) {
    if !S3_PROPERTIES.iter().any(|name| found.value(catalog, name).known().is_some_and(|entry| is_true(&entry.value))) {
        return;
    }
    check_caches(catalog, found);
    check_accounts(catalog, found);
    if found.value(catalog, ENDPOINT).known().is_some_and(|entry| entry.value.starts_with("http://")) {
        let message = "is not https: everybody on the way reads the users' session tokens and their data. Use https";
        found.warn(Finding::StorageOverHttp, catalog, ENDPOINT, message);
    }
}

/// Caches that answer one user with what another one read.
fn check_caches(catalog: &Properties, found: &mut Findings) {
    // The connector lakehouse has Iceberg in it.
    let is_iceberg =
        found.value(catalog, CONNECTOR).known().is_some_and(|entry| matches!(&*entry.value, "iceberg" | "lakehouse"));
    if is_iceberg && found.value(catalog, METADATA_CACHE).is_not(|value| value.eq_ignore_ascii_case("false")) {
        let message = "is not false: all users share Iceberg's cache of metadata, so whoever S3 refuses reads counts, partition values, statistics and file names of tables that somebody else read; where the coordinator is also a worker, even rows. Add iceberg.metadata-cache.enabled=false";
        found.warn(Finding::IcebergMetadataCache, catalog, METADATA_CACHE, message);
    }
    if found.value(catalog, FILE_CACHE).known().is_some_and(|entry| is_true(&entry.value)) {
        let message = "is true: all users share the cache of files, and with cached listings users get rows that S3 refuses them. Set fs.cache.enabled=false";
        found.warn(Finding::FileCache, catalog, FILE_CACHE, message);
    }
    if found.value(catalog, LISTING_CACHE).known().is_some_and(|entry| !entry.value.trim().is_empty()) {
        let message = "is set: all users share the cached listings, so users that S3 refuses see the names of files";
        found.warn(Finding::ListingCache, catalog, LISTING_CACHE, message);
    }
    if found.value(catalog, FOOTER_CACHE).known().is_some_and(|entry| !entry.value.eq_ignore_ascii_case("none")) {
        let message = "is not NONE: all users share the cached footers of Parquet files, with the bounds of columns";
        found.warn(Finding::FooterCache, catalog, FOOTER_CACHE, message);
    }
}

/// Accounts that read for whoever has no credentials, and settings that read as the catalog.
fn check_accounts(catalog: &Properties, found: &mut Findings) {
    let mut has_account = false;
    for name in ACCOUNTS {
        if catalog.get(name).is_some() {
            has_account = true;
            let message = "is set: what Trino does without a user, such as loading an Iceberg table behind a view with SECURITY DEFINER, is done with this account, and its rights are everybody's there";
            found.warn(Finding::StoreAccount, catalog, name, message);
        }
    }
    if !has_account && found.value(catalog, AUTH_TYPE).is_not(|value| value.eq_ignore_ascii_case("anonymous")) {
        let message = "is not ANONYMOUS, and the catalog has no keys: what Trino does without a user is done with the account of the machine, on EC2 and EKS the instance's role";
        let fix = "Give this account no rights, or on Trino 483 use s3.auth-type=ANONYMOUS without keys; on 476, set keys of an account without rights";
        found.warn_with_fix(Finding::StoreAccount, catalog, AUTH_TYPE, message, fix);
    }
    if found.value(catalog, MAPPING).known().is_some_and(|entry| is_true(&entry.value)) {
        let message = "is true beside storage credentials: users without a mapping are refused, and the mapping has no effect for the others. Choose one of the two";
        found.warn(Finding::SecurityMapping, catalog, MAPPING, message);
    }
    if found.value(catalog, VENDED).known().is_some_and(|entry| is_true(&entry.value)) {
        let message = "is true beside storage credentials: the credentials that the catalog vends replace those of the user for its files. Choose one of the two";
        found.warn(Finding::VendedCredentials, catalog, VENDED, message);
    }
    if found.value(catalog, METASTORE).known().is_some_and(|entry| entry.value.eq_ignore_ascii_case("file")) {
        let message = "is file: this metastore reads and writes S3 as the catalog, not as the user. Use a metastore that does not touch S3, or Iceberg's JDBC or REST catalog";
        found.warn(Finding::FileMetastore, catalog, METASTORE, message);
    }
}
