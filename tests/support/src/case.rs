// SPDX-License-Identifier: Apache-2.0
//! Case files: a configuration, a token, and the expected verdict. `tests/cases/README.md` describes them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::token::{Make, expand, latin1};
use super::{PREFIX, tests_folder};

/// 2023-11-14T22:13:20Z.
const DEFAULT_NOW: i64 = 1_700_000_000_000;

/// The prefix of a `key-file` that is fetched by HTTP. The path of a file follows it.
pub const SERVED: &str = "served:";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    defaults: Defaults,
    case: Vec<RawCase>,
}

/// The values for members that a case omits. `config` and `make` are merged member by member.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Defaults {
    #[serde(default)]
    config: BTreeMap<String, String>,
    #[serde(default)]
    make: Make,
    now: Option<i64>,
    source: Option<String>,
    stock: Option<Stock>,
    difference: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCase {
    name: String,
    #[serde(default)]
    config: BTreeMap<String, String>,
    authorization: Option<String>,
    token: Option<String>,
    make: Option<Make>,
    now: Option<i64>,
    user: Option<String>,
    principal: Option<String>,
    groups: Option<Vec<String>>,
    reject: Option<String>,
    message: Option<String>,
    message_is_stocks: Option<bool>,
    refused_at_start: Option<Vec<String>>,
    stock: Option<Stock>,
    difference: Option<String>,
    source: Option<String>,
}

/// What Trino's built-in authenticator does with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stock {
    /// The same user.
    Accept,
    /// 401.
    Reject,
    /// 500.
    Fail,
    /// The coordinator does not start.
    RefuseToStart,
}

/// The expected verdict of a case.
#[derive(Clone, Debug)]
pub enum Expected {
    Identity {
        user: String,
        principal: String,
        /// If the case gives them.
        groups: Option<Vec<String>>,
    },
    Reject {
        code: String,
        message: Option<String>,
    },
    /// The configuration is invalid, and the errors contain each of the texts.
    FailsToStart(Vec<String>),
}

/// A case with all defaults applied.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub file: String,
    /// Properties with their prefixes.
    pub config: Vec<(String, String)>,
    /// The value of the Authorization header.
    pub authorization: Vec<u8>,
    pub now: i64,
    pub expected: Expected,
    pub message_is_stocks: bool,
    pub stock: Stock,
    pub difference: Option<String>,
    pub source: String,
}

/// One intended difference from Trino.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Difference {
    /// Which side is stricter.
    pub direction: Direction,
    /// Text in a line of DIFFERENCES.md.
    pub line: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Trino accepts, nativejwt does not.
    RefusesMore,
    /// nativejwt accepts, Trino does not.
    AcceptsMore,
    /// Both do not accept, but in different ways: at startup, or with another status.
    RefusesOtherwise,
}

/// The folders of the files that cases name.
const FOLDERS: [&str; 4] = ["claim-rules/", "keys/", "mapping/", "revocation/"];

/// All cases, in the order of the file names; or all errors of the files.
pub fn load_all() -> Result<Vec<Case>, Vec<String>> {
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    let folder = tests_folder().join("cases");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| path.file_name().is_some_and(|name| name != "differences.toml"))
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match toml::from_str::<File>(&std::fs::read_to_string(&path).unwrap()) {
            Ok(file) => {
                for raw in file.case {
                    match resolve(raw, &file.defaults, &name, &folder) {
                        Ok(case) => cases.push(case),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// The intended differences by their names.
pub fn load_differences() -> BTreeMap<String, Difference> {
    let text = std::fs::read_to_string(tests_folder().join("cases/differences.toml")).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("differences.toml: {error}"))
}

fn resolve(raw: RawCase, defaults: &Defaults, file: &str, folder: &Path) -> Result<Case, String> {
    let problem = |what: &str| format!("{file}: {}: {what}", raw.name);
    let mut config = defaults.config.clone();
    config.extend(raw.config.clone());
    let absolute = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    let config = config
        .into_iter()
        .map(|(name, value)| {
            let value = match value.strip_prefix(SERVED) {
                Some(file) => format!("{SERVED}{}", absolute(file)),
                None if FOLDERS.iter().any(|folder| value.starts_with(folder)) => absolute(&value),
                None if name == "config-files" => {
                    let listed: Vec<_> = value.split(',').map(|file| (file, file.trim())).collect();
                    let named = |(file, name): (&str, &str)| match name {
                        "" => file.to_owned(),
                        name => file.replace(name, &absolute(name)),
                    };
                    listed.into_iter().map(named).collect::<Vec<_>>().join(",")
                }
                None => value,
            };
            (if name.starts_with("http") { name } else { format!("{PREFIX}{name}") }, value)
        })
        .collect();

    let token = match (&raw.token, &raw.make) {
        (Some(_), Some(_)) => return Err(problem("token and make")),
        (Some(token), None) => latin1(&expand(token)),
        (None, Some(make)) => make.clone().or(&defaults.make).build(),
        (None, None) if defaults.make.alg.is_some() => defaults.make.build(),
        (None, None) => Vec::new(),
    };
    let mut authorization = Vec::new();
    let template = expand(raw.authorization.as_deref().unwrap_or("Bearer {token}"));
    for (index, piece) in template.split("{token}").enumerate() {
        if index > 0 {
            authorization.extend_from_slice(&token);
        }
        authorization.extend(latin1(piece));
    }

    let expected = match (&raw.user, &raw.reject, &raw.refused_at_start) {
        (Some(user), None, None) => {
            let user = expand(user);
            let principal = raw.principal.as_deref().map_or_else(|| user.clone(), expand);
            Expected::Identity { user, principal, groups: raw.groups.clone() }
        }
        (None, Some(code), None) => {
            Expected::Reject { code: code.clone(), message: raw.message.as_deref().map(expand) }
        }
        (None, None, Some(texts)) => Expected::FailsToStart(texts.clone()),
        _ => return Err(problem("exactly one of user, reject and refused-at-start")),
    };
    if raw.groups.is_some() && raw.user.is_none() {
        return Err(problem("groups without user"));
    }
    let stock = raw.stock.or(defaults.stock).ok_or_else(|| problem("stock is missing"))?;
    Ok(Case {
        file: file.to_owned(),
        config,
        authorization,
        now: raw.now.or(defaults.now).unwrap_or(DEFAULT_NOW),
        expected,
        message_is_stocks: raw.message_is_stocks.unwrap_or(false),
        stock,
        difference: raw.difference.clone().or(defaults.difference.clone()).filter(|slug| !slug.is_empty()),
        source: raw.source.clone().or(defaults.source.clone()).ok_or_else(|| problem("source is missing"))?,
        name: raw.name,
    })
}
