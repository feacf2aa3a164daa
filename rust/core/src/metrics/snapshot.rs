// SPDX-License-Identifier: Apache-2.0
//! The metrics at one moment, and the table of all of them.

use std::fmt::{self, Write as _};

/// How a metric changes (OpenMetrics 1.0, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows, and begins at 0 with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many times are at most each of some bounds.
    Histogram,
    /// Always 1: the labels are what it tells.
    Info,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        })
    }
}

/// The one table of metrics. It gives the enum, the names and the documentation.
macro_rules! metrics {
    ($($variant:ident $name:literal $kind:ident [$($label:literal)*] $help:literal)*) => {
        /// A metric. Its labels have the values of a fixed table or of the configuration, so their number is bounded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Metric {
            $(#[doc = $help] $variant,)*
        }

        impl Metric {
            /// Every metric, in the order of the documentation.
            pub const ALL: &'static [Metric] = &[$(Metric::$variant,)*];

            /// The name, without `_total` and the like.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$variant => $name,)* }
            }

            /// How it changes.
            #[must_use]
            pub const fn kind(self) -> MetricKind {
                match self { $(Metric::$variant => MetricKind::$kind,)* }
            }

            /// The names of its labels.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Metric::$variant => &[$($label,)*],)* }
            }

            /// What it counts, in a sentence without a line break.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Metric::$variant => $help,)* }
            }
        }
    };
}

metrics! {
    Requests "nativejwt_requests" Counter ["outcome"] "Requests that were judged: accepted, rejected, or without a token."
    Rejections "nativejwt_rejections" Counter ["reason"] "Rejected requests, by reason."
    IssuerRequests "nativejwt_issuer_requests" Counter ["issuer" "outcome"] "Requests that the rules of this issuer applied to: found in the cache, verified, or rejected."
    VerificationSeconds "nativejwt_verification_seconds" Histogram [] "Time of a verdict about a token that the cache did not have, accepted or rejected."
    CacheHits "nativejwt_cache_hits" Counter [] "Tokens that the cache of accepted tokens had."
    CacheMisses "nativejwt_cache_misses" Counter [] "Tokens that the cache did not have, so that they were verified or rejected."
    CacheEvictions "nativejwt_cache_evictions" Counter [] "Tokens that left the cache because others needed the room."
    CacheInvalidations "nativejwt_cache_invalidations" Counter [] "Changes of keys or rules that made the cache verify all tokens again."
    CacheTokens "nativejwt_cache_tokens" Gauge [] "Tokens in the cache."
    CacheBytes "nativejwt_cache_bytes" Gauge [] "Bytes that the tokens in the cache take, on both sides of the boundary."
    CacheMaxBytes "nativejwt_cache_max_bytes" Gauge [] "Bytes that the cache may take (token-cache.max-size)."
    Keys "nativejwt_keys" Gauge ["issuer"] "Keys that can verify tokens of this issuer."
    KeysFetchedTimestamp "nativejwt_keys_fetched_timestamp_seconds" Gauge ["issuer"] "When the keys were fetched or confirmed last, in seconds since 1970."
    KeysAgeSeconds "nativejwt_keys_age_seconds" Gauge ["issuer"] "Time since the keys were fetched or confirmed last."
    KeysEndSeconds "nativejwt_keys_end_seconds" Gauge ["issuer"] "Time until all fetched keys end, unless a fetch succeeds before; 0 if there are none."
    KeyFetches "nativejwt_key_fetches" Counter ["issuer" "result"] "Fetches of the keys of this issuer that succeeded or failed."
    KeyRefresherTimestamp "nativejwt_key_refresher_timestamp_seconds" Gauge ["issuer"] "When the thread that fetches keys looked after this issuer last. It does so every ten seconds at least."
    UnknownKeyIds "nativejwt_unknown_key_ids" Counter ["issuer" "action"] "Tokens with a kid that no key has: those that waited for a fetch, and those that were rejected at once because of the limits on fetches."
    Reloads "nativejwt_reloads" Counter ["file" "result"] "Changes of files: those that are in use, and those that cannot be used."
    ReloadTimestamp "nativejwt_reload_timestamp_seconds" Gauge ["file" "result"] "When the last change of such a file took effect, and when the last one could not be used, in seconds since 1970."
    FilesPolledTimestamp "nativejwt_files_polled_timestamp_seconds" Gauge [] "When the thread that polls files has polled all of them last. It does so every two seconds."
    MappingRuleHits "nativejwt_mapping_rule_hits" Counter ["issuer" "rule"] "Principals that this rule of the user mapping decided about, for the first 100 rules. It begins anew with each change of the file."
    ClaimRuleHits "nativejwt_claim_rule_hits" Counter ["rule"] "Tokens that this claim rule decided about, for the first 100 rules; none stands for those that no rule matched. It begins anew with each change of the file."
    Revocations "nativejwt_revocations" Gauge ["source"] "Entries of the revocation file, and logouts, that have not ended."
    StorageLeases "nativejwt_storage_leases" Gauge [] "Tokens for which storage credentials are kept."
    StorageExchanges "nativejwt_storage_exchanges" Counter ["result"] "Exchanges of a token for storage credentials: granted, denied by STS, or without an answer."
    StorageOutage "nativejwt_storage_outage" Gauge [] "1 while STS cannot be reached."
    InForceHash "nativejwt_in_force_hash" Gauge ["part"] "Fingerprints of the configuration, the rules and the revocations that are in force: the number that nativejwt ctl status and nativejwt check-config show in hexadecimal digits."
    ShadowRequests "nativejwt_shadow_requests" Counter [] "Requests that native-jwt judged in shadow mode."
    ShadowCompared "nativejwt_shadow_compared" Counter [] "Those whose verdict was compared with that of the built-in authenticator. The plugin compares none."
    ShadowDifferences "nativejwt_shadow_differences" Counter ["builtin" "native" "row"] "Verdicts that differed: that of the built-in authenticator, that of native-jwt by its reason, and the row of DIFFERENCES.md that explains it, with _ for -; or configured, boundary, unexplained."
    ShadowUnexplained "nativejwt_shadow_unexplained" Counter [] "Verdicts that differed without an explanation. The log has a line for them."
    ShadowSeconds "nativejwt_shadow_seconds" Counter ["side"] "Time of all verdicts in shadow mode: those of the built-in authenticator, and those of native-jwt."
    ShadowSkipped "nativejwt_shadow_skipped" Counter [] "Requests that native-jwt did not judge in shadow mode, because too many waited."
    Defects "nativejwt_defects" Counter [] "Defects of this software that were caught. The log has each of them."
    EventsDropped "nativejwt_events_dropped" Counter [] "Events that never reached the log because too many waited."
    LogLinesSwallowed "nativejwt_log_lines_swallowed" Counter [] "Rejections without a line in the log, because too many lines would have come in a short time."
    Library "nativejwt" Info ["version"] "The library that runs."
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Which metric.
    pub metric: Metric,
    /// What follows the metric's name: `_total`, `_bucket` and the like.
    pub suffix: &'static str,
    /// Names and values of the labels.
    pub labels: Vec<(&'static str, String)>,
    /// The key properties of the MBean that has it, such as `name=TokenCache`.
    pub bean: String,
    /// The attribute of that MBean.
    pub attribute: String,
    /// The value.
    pub value: f64,
}

/// The metrics at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    samples: Vec<Sample>,
}

impl Snapshot {
    /// Adds a value. `labels` are the values of the metric's labels, in their order.
    pub fn add(&mut self, metric: Metric, labels: &[&str], bean: &str, attribute: &str, value: f64) {
        let suffix = match metric.kind() {
            MetricKind::Counter => "_total",
            MetricKind::Info => "_info",
            MetricKind::Gauge | MetricKind::Histogram => "",
        };
        let labels = metric.labels().iter().zip(labels).map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (bean, attribute) = (bean.to_owned(), attribute.to_owned());
        self.samples.push(Sample { metric, suffix, labels, bean, attribute, value });
    }

    /// Adds a histogram of times. `at_most` has the bounds in microseconds, and how many times are not above each.
    pub(crate) fn add_histogram(
        &mut self,
        metric: Metric,
        bean: &str,
        at_most: &[(u64, u64)],
        count: u64,
        seconds: f64,
    ) {
        let mut add = |suffix, labels: Vec<(&'static str, String)>, attribute: String, value| {
            self.samples.push(Sample { metric, suffix, labels, bean: bean.to_owned(), attribute, value });
        };
        for (bound, times) in at_most {
            let le = canonical(*bound as f64 / 1e6);
            add("_bucket", vec![("le", le)], format!("Le{bound:07}Micros"), *times as f64);
        }
        add("_bucket", vec![("le", "+Inf".to_owned())], "LeInfinity".to_owned(), count as f64);
        add("_sum", Vec::new(), "SumSeconds".to_owned(), seconds);
        add("_count", Vec::new(), "Count".to_owned(), count as f64);
    }

    /// All values, those of one metric together.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// As text, one line for each metric that has values, `metric`, and after it one for each value, `sample`. The fields of a
    /// line are separated by tabs: name, kind and meaning; bean, attribute, name with suffix, labels, value. Labels are written
    /// as OpenMetrics writes them.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for metric in Metric::ALL {
            let mut is_first = true;
            for sample in self.samples.iter().filter(|sample| sample.metric == *metric) {
                if is_first {
                    put(&mut text, format_args!("metric\t{}\t{}\t{}\n", metric.name(), metric.kind(), metric.help()));
                    is_first = false;
                }
                put(
                    &mut text,
                    format_args!("sample\t{}\t{}\t{}{}\t", sample.bean, sample.attribute, metric.name(), sample.suffix),
                );
                put_labels(&mut text, &sample.labels);
                put(&mut text, format_args!("\t{}\n", sample.value));
            }
        }
        text
    }
}

/// A bound as OpenMetrics wants it (version 1.0, "Considerations: Canonical Numbers"). Prometheus 3 writes it so whatever it reads,
/// and a bucket that is read from an MBean must have the same label.
fn canonical(bound: f64) -> String {
    let text = format!("{bound:?}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text,
    }
}

fn put_labels(text: &mut String, labels: &[(&'static str, String)]) {
    for (index, (name, value)) in labels.iter().enumerate() {
        // A tab would end the field. No label has one.
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', " ");
        put(text, format_args!("{}{name}=\"{value}\"", if index == 0 { '{' } else { ',' }));
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

fn put(text: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::tests::assert_fresh;

    #[test]
    fn bounds_are_canonical_numbers() {
        let bounds = [0.000_01, 0.000_05, 0.0001, 0.5, 1.0, 5.0].map(canonical);
        assert_eq!(bounds, ["1e-05", "5e-05", "0.0001", "0.5", "1.0", "5.0"]);
    }

    #[test]
    fn the_committed_table_of_metrics_is_up_to_date() {
        let mut table = String::from("| metric | labels | kind | meaning |\n| --- | --- | --- | --- |\n");
        for metric in Metric::ALL {
            let suffix = match metric.kind() {
                MetricKind::Counter => "_total",
                MetricKind::Info => "_info",
                MetricKind::Gauge | MetricKind::Histogram => "",
            };
            let labels: Vec<_> = metric.labels().iter().map(|label| format!("`{label}`")).collect();
            table += &format!(
                "| `{}{suffix}` | {} | {} | {} |\n",
                metric.name(),
                labels.join(", "),
                metric.kind(),
                metric.help()
            );
        }
        let path = "docs/metrics.md";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        let page = std::fs::read_to_string(file).unwrap();
        let begin = "<!-- generated from rust/core/src/metrics/snapshot.rs -->\n";
        let (before, rest) = page.split_once(begin).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        assert_fresh(path, &format!("{before}{begin}{table}<!-- end -->{after}"));
    }
}
