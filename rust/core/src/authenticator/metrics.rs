// SPDX-License-Identifier: Apache-2.0
//! What the parts of an authenticator have counted.

use crate::authenticator::Authenticator;
use crate::clock::UnixMillis;
use crate::issuers::issuer::Issuer;
use crate::metrics::{FileKind, Metric, Snapshot};
use crate::rejection::Reason;

/// The number of rules that have metrics of their own.
const MAX_RULES: usize = 100;

const REQUESTS: &str = "name=Requests";
const REJECTIONS: &str = "name=Rejections";
const VERIFICATION: &str = "name=Verification";
const CACHE: &str = "name=TokenCache";
const FILES: &str = "name=Files";
const CLAIM_RULES: &str = "name=ClaimRules";
const REVOCATIONS: &str = "name=Revocations";
const IN_FORCE: &str = "name=InForce";
const LIBRARY: &str = "name=Library";

impl Authenticator {
    /// Everything that was counted, now.
    #[must_use]
    pub fn metrics(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let issuers = self.issuers.load();
        let mut issuers = issuers.issuers();
        issuers.sort_by(|one, other| one.counters.name.cmp(&other.counters.name));
        self.add_requests(&issuers, &mut snapshot);
        self.add_cache(&issuers, &mut snapshot);
        for issuer in &issuers {
            add_issuer(issuer, &mut snapshot);
        }
        self.add_files(&mut snapshot);
        self.add_rules(&issuers, &mut snapshot);
        let in_force = self.in_force();
        for ((part, print), attribute) in in_force.parts().into_iter().zip(["Configuration", "Rules", "Revocations"]) {
            snapshot.add(Metric::InForceHash, &[part], IN_FORCE, attribute, print.number() as f64);
        }
        self.add_shadow(&mut snapshot);
        let happenings = self.events.happenings();
        for (metric, attribute, value) in [
            (Metric::Defects, "Defects", happenings.defects()),
            (Metric::EventsDropped, "EventsDropped", happenings.dropped_events()),
            (Metric::LogLinesSwallowed, "LogLinesSwallowed", happenings.swallowed_lines()),
        ] {
            snapshot.add(metric, &[], LIBRARY, attribute, value as f64);
        }
        let version = env!("CARGO_PKG_VERSION");
        let attribute = format!("Version_{}", version.replace(|char: char| !char.is_ascii_alphanumeric(), "_"));
        snapshot.add(Metric::Library, &[version], LIBRARY, &attribute, 1.0);
        snapshot
    }

    fn add_requests(&self, issuers: &[&std::sync::Arc<Issuer>], snapshot: &mut Snapshot) {
        let accepted: u64 =
            issuers.iter().map(|issuer| issuer.counters.found_in_cache() + issuer.counters.verified()).sum();
        let (mut rejected, mut without_token) = (0, 0);
        for (reason, count) in self.counters.rejections() {
            match reason {
                Reason::NoBearerToken => without_token += count,
                _ => rejected += count,
            }
            snapshot.add(Metric::Rejections, &[reason.name()], REJECTIONS, reason.name(), count as f64);
        }
        for (outcome, attribute, count) in [
            ("accepted", "Accepted", accepted),
            ("rejected", "Rejected", rejected),
            ("without_token", "WithoutToken", without_token),
        ] {
            snapshot.add(Metric::Requests, &[outcome], REQUESTS, attribute, count as f64);
        }
        let times = self.counters.verifications();
        snapshot.add_histogram(Metric::VerificationSeconds, VERIFICATION, &times.at_most, times.count, times.seconds);
    }

    fn add_cache(&self, issuers: &[&std::sync::Arc<Issuer>], snapshot: &mut Snapshot) {
        let Some(cache) = &self.cache else { return };
        let hits: u64 = issuers.iter().map(|issuer| issuer.counters.found_in_cache()).sum();
        let (tokens, bytes) = cache.fill();
        for (metric, attribute, value) in [
            (Metric::CacheHits, "Hits", hits),
            (Metric::CacheMisses, "Misses", self.counters.verifications().count),
            (Metric::CacheEvictions, "Evictions", cache.evictions()),
            (Metric::CacheInvalidations, "Invalidations", self.issuers.epoch().changes()),
            (Metric::CacheTokens, "Tokens", tokens as u64),
            (Metric::CacheBytes, "Bytes", bytes),
            (Metric::CacheMaxBytes, "MaxBytes", self.global.token_cache_size.unwrap_or(0)),
        ] {
            snapshot.add(metric, &[], CACHE, attribute, value as f64);
        }
    }

    fn add_files(&self, snapshot: &mut Snapshot) {
        let happenings = self.events.happenings();
        for kind in FileKind::ALL {
            let [in_use, unusable] = happenings.reloads(kind);
            let name = kind.attribute();
            for (result, attribute, count) in [("in_use", "InUse", in_use), ("unusable", "Unusable", unusable)] {
                let attribute = format!("{name}{attribute}");
                snapshot.add(Metric::Reloads, &[kind.label(), result], FILES, &attribute, count as f64);
            }
            let [in_use, unusable] = happenings.last_reload(kind);
            for (result, attribute, at) in [("in_use", "InUse", in_use), ("unusable", "Unusable", unusable)] {
                if let Some(at) = at {
                    let attribute = format!("{name}{attribute}TimestampSeconds");
                    snapshot.add(Metric::ReloadTimestamp, &[kind.label(), result], FILES, &attribute, seconds(at));
                }
            }
        }
        if let Some(at) = happenings.files_polled_at() {
            snapshot.add(Metric::FilesPolledTimestamp, &[], FILES, "PolledTimestampSeconds", seconds(at));
        }
    }

    fn add_rules(&self, issuers: &[&std::sync::Arc<Issuer>], snapshot: &mut Snapshot) {
        for issuer in issuers {
            let name = &issuer.counters.name;
            for (index, hits) in issuer.user_mapping.load().hits().take(MAX_RULES).enumerate() {
                let (rule, attribute) = ((index + 1).to_string(), format!("MappingRule{}Hits", index + 1));
                snapshot.add(Metric::MappingRuleHits, &[name, &rule], &bean_of(issuer), &attribute, hits as f64);
            }
        }
        let hits = self.claim_rule_hits();
        if let Some((without, rules)) = hits.split_last() {
            for (index, hits) in rules.iter().take(MAX_RULES).enumerate() {
                let (rule, attribute) = ((index + 1).to_string(), format!("Rule{}Hits", index + 1));
                snapshot.add(Metric::ClaimRuleHits, &[&rule], CLAIM_RULES, &attribute, *hits as f64);
            }
            snapshot.add(Metric::ClaimRuleHits, &["none"], CLAIM_RULES, "NoRuleHits", *without as f64);
        }
        let now = UnixMillis::now();
        for (source, attribute, entries) in
            [("file", "InFile", self.revocation.in_file(now)), ("logout", "Logouts", self.revocation.logged_out(now))]
        {
            if let Some(entries) = entries {
                snapshot.add(Metric::Revocations, &[source], REVOCATIONS, attribute, entries as f64);
            }
        }
    }
}

fn bean_of(issuer: &Issuer) -> String {
    format!("type=Issuer,name={}", issuer.counters.name)
}

fn seconds(time: UnixMillis) -> f64 {
    time.0 as f64 / 1000.0
}

fn add_issuer(issuer: &Issuer, snapshot: &mut Snapshot) {
    let (bean, counters) = (bean_of(issuer), &issuer.counters);
    let name = counters.name.as_str();
    for (outcome, attribute, count) in [
        ("cached", "Cached", counters.found_in_cache()),
        ("verified", "Verified", counters.verified()),
        ("rejected", "Rejected", counters.rejected()),
    ] {
        snapshot.add(Metric::IssuerRequests, &[name, outcome], &bean, attribute, count as f64);
    }
    let mut keys = 0;
    issuer.keys.for_each_key(&mut |_| keys += 1);
    snapshot.add(Metric::Keys, &[name], &bean, "Keys", f64::from(keys));
    let Some(remote) = issuer.remote() else { return };
    let health = remote.health();
    if let Some(at) = health.fetched_at {
        let age = UnixMillis::now().0.saturating_sub(at.0);
        snapshot.add(Metric::KeysFetchedTimestamp, &[name], &bean, "KeysFetchedTimestampSeconds", seconds(at));
        snapshot.add(Metric::KeysAgeSeconds, &[name], &bean, "KeysAgeSeconds", age as f64 / 1000.0);
    }
    snapshot.add(Metric::KeysEndSeconds, &[name], &bean, "KeysEndSeconds", health.end_after.as_secs_f64());
    for (result, attribute, count) in
        [("succeeded", "FetchesSucceeded", health.fetches - health.failed), ("failed", "FetchesFailed", health.failed)]
    {
        snapshot.add(Metric::KeyFetches, &[name, result], &bean, attribute, count as f64);
    }
    if let Some(at) = health.refreshed_at {
        snapshot.add(Metric::KeyRefresherTimestamp, &[name], &bean, "RefresherTimestampSeconds", seconds(at));
    }
    for (action, attribute, count) in [
        ("waited", "UnknownKeyIdsWaited", health.unknown_waited),
        ("rejected", "UnknownKeyIdsRejected", health.unknown_rejected),
    ] {
        snapshot.add(Metric::UnknownKeyIds, &[name, action], &bean, attribute, count as f64);
    }
}
