// SPDX-License-Identifier: Apache-2.0
//! The claim rules of an authenticator, reloaded when their file changes.

use std::path::Path;
use std::sync::Arc;

use arc_swap::Guard;

use crate::claim_rules::ClaimRules;
use crate::config::{ConfigurationErrors, Setting};
use crate::epoch::Epoch;
use crate::events::Events;
use crate::host::HostProcess;
use crate::in_force::Fingerprint;
use crate::watched_file::Reloadable;

/// `claim-rules.file`.
pub(crate) struct WatchedRules {
    rules: Reloadable<ClaimRules>,
    /// The caller takes only a user, so rules cannot set groups.
    without_groups: bool,
}

impl WatchedRules {
    /// Reads the file. Adds everything that is wrong to `errors`.
    pub(crate) fn open(setting: &Setting, host: &HostProcess, errors: &mut ConfigurationErrors) -> Option<Self> {
        let rules = ClaimRules::from_watched_file(Path::new(&setting.value))
            .map_err(|wrong| errors.extend(setting.problems_of_file(wrong)))
            .ok()?;
        let watched = Self { rules, without_groups: host.without_identity };
        if let Err(why) = watched.check(&watched.load()) {
            errors.push(setting.problem(why));
        }
        Some(watched)
    }

    /// The present rules. It takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<ClaimRules>> {
        self.rules.load()
    }

    /// The fingerprint of the file that is in use.
    pub(crate) fn in_use(&self) -> Fingerprint {
        self.rules.in_use()
    }

    /// Applies a change of the file.
    pub(crate) fn poll(&self, events: &Events, epoch: &Epoch) {
        ClaimRules::poll(&self.rules, events, epoch, |rules| self.check(rules));
    }

    fn check(&self, rules: &ClaimRules) -> Result<(), String> {
        if self.without_groups && rules.set_groups() {
            return Err("sets groups, which requires Trino 480 or later with the plugin (earlier plugin interfaces return only a \
                        principal); the server launcher supports it from Trino 476"
                .to_owned());
        }
        Ok(())
    }
}
