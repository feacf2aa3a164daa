// SPDX-License-Identifier: Apache-2.0
//! What shadow mode has found, for an operator who wants to know whether to switch.

use std::fmt;

use crate::clock::UnixMillis;
use crate::shadow::Disagreement;
use crate::shadow::rows::Explanation;

/// Fewer requests prove little.
const ENOUGH_REQUESTS: u64 = 1000;

/// What shadow mode has counted since the start. `Display` gives it as Markdown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowReport {
    /// When the counting began: the start of the coordinator.
    pub since: UnixMillis,
    /// When the report was made.
    pub until: UnixMillis,
    /// Requests that nativejwt judged.
    pub requests: u64,
    /// Those of them whose verdict the built-in authenticator gave as well; 0 with the plugin, which does not see it.
    pub compared: u64,
    /// Requests that nativejwt did not judge, because too many waited.
    pub skipped: u64,
    /// The time of all verdicts of the built-in authenticator.
    pub built_in_seconds: f64,
    /// The time of all verdicts of nativejwt.
    pub native_seconds: f64,
    /// How often the verdicts differed, and why; the most important ones first.
    pub differences: Vec<(Disagreement, u64)>,
}

impl ShadowReport {
    /// All differences.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.differences.iter().map(|(_, count)| count).sum()
    }

    /// Differences that no row and no property explains.
    #[must_use]
    pub fn unexplained(&self) -> u64 {
        self.differences
            .iter()
            .filter(|(disagreement, _)| disagreement.explanation == Explanation::Unexplained)
            .map(|(_, count)| count)
            .sum()
    }

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            _ if self.requests == 0 => "No request has come yet. Let users work, and ask again.",
            _ if self.compared == 0 => {
                "The plugin does not see the verdicts of the built-in authenticator. Compare nativejwt_rejections_total with \
                 what your users see, or compare by the server launcher."
            }
            _ if self.unexplained() > 0 => {
                "Do not switch yet. Search the coordinator's log for 'Unexplained difference': each line has both verdicts."
            }
            _ if self.requests < ENOUGH_REQUESTS => {
                "No difference is unexplained, but few requests were compared. Wait until each client and job has worked."
            }
            _ if self.skipped > self.requests / 100 => {
                "Do not switch yet. Too many requests were skipped: nobody knows how many of them would differ. See in the \
                 coordinator's log why the threads fall behind."
            }
            _ => {
                "No difference is unexplained. Read the rows above: they tell what changes when you switch. If you want that, \
                 remove http-server.authentication.jwt.shadow and restart."
            }
        }
    }
}

impl fmt::Display for ShadowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Shadow mode\n\nFrom {} to {}.\n", self.since, self.until)?;
        writeln!(f, "| what | number |\n| --- | --- |")?;
        writeln!(f, "| requests judged by native-jwt | {} |", self.requests)?;
        writeln!(f, "| requests compared with the built-in authenticator | {} |", self.compared)?;
        writeln!(f, "| requests skipped, because too many waited | {} |", self.skipped)?;
        writeln!(f, "| verdicts that differ | {} |", self.differing())?;
        writeln!(f, "| **unexplained** | **{}** |", self.unexplained())?;
        for (name, seconds, requests) in [
            ("the built-in authenticator", self.built_in_seconds, self.compared),
            ("native-jwt", self.native_seconds, self.requests),
        ] {
            if requests > 0 {
                let micros = seconds * 1e6 / requests as f64;
                writeln!(f, "| time of {name}, each request | {micros:.1} µs |")?;
            }
        }
        if !self.differences.is_empty() {
            writeln!(f, "\n| row | what differs | built-in | native-jwt | times |\n| --- | --- | --- | --- | --- |")?;
        }
        for (disagreement, count) in &self.differences {
            let Disagreement { explanation, built_in, .. } = disagreement;
            writeln!(
                f,
                "| `{}` | {} | {} | {} | {count} |",
                explanation.id(),
                explanation.title(),
                built_in.name(),
                disagreement.native_name()
            )?;
        }
        if self.differences.iter().any(|(disagreement, _)| disagreement.explanation.is_row()) {
            writeln!(f, "\nEach row is explained in DIFFERENCES.md under its name.")?;
        }
        writeln!(f, "\n{}", self.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Reason;
    use crate::shadow::BuiltInOutcome;

    fn report(requests: u64, differences: &[(Explanation, u64)]) -> ShadowReport {
        let differ = |(explanation, count): &(Explanation, u64)| {
            let (built_in, native) = (BuiltInOutcome::Accepted, Some(Reason::MalformedBase64));
            (Disagreement { explanation: *explanation, built_in, native }, *count)
        };
        ShadowReport {
            since: UnixMillis(1_700_000_000_000),
            until: UnixMillis(1_700_604_800_000),
            requests,
            compared: requests,
            skipped: 3,
            built_in_seconds: 0.05,
            native_seconds: 0.004,
            differences: differences.iter().map(differ).collect(),
        }
    }

    #[test]
    fn the_report_has_the_figure_that_lets_one_switch() {
        let text = report(1000, &[(Explanation::Unexplained, 2), (Explanation::Base64Strict, 40)]).to_string();
        for line in [
            "From 2023-11-14T22:13:20.000Z to 2023-11-21T22:13:20.000Z.",
            "| requests judged by native-jwt | 1000 |",
            "| requests skipped, because too many waited | 3 |",
            "| verdicts that differ | 42 |",
            "| **unexplained** | **2** |",
            "| time of the built-in authenticator, each request | 50.0 µs |",
            "| time of native-jwt, each request | 4.0 µs |",
            "| `base64-strict` | base64url that is not strict | accepted | MALFORMED_BASE64 | 40 |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("Do not switch yet."), "{text}");
    }

    #[test]
    fn the_advice_depends_on_what_was_seen() {
        assert!(report(0, &[]).to_string().contains("No request has come yet"));
        assert!(report(10, &[]).to_string().contains("few requests were compared"));
        assert!(
            report(1000, &[(Explanation::NoKid, 1)])
                .to_string()
                .contains("remove http-server.authentication.jwt.shadow")
        );
        let skipped = ShadowReport { skipped: 11, ..report(1000, &[]) };
        assert!(skipped.advice().starts_with("Do not switch yet. Too many requests were skipped"));
        let plugin = ShadowReport { compared: 0, ..report(1000, &[]) };
        assert!(plugin.advice().starts_with("The plugin does not see"));
        assert!(!plugin.to_string().contains("time of the built-in"));
    }
}
