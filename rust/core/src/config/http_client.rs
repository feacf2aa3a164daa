// SPDX-License-Identifier: Apache-2.0
//! The properties of the HTTP client: `jwk.http-client.*`, named as in `io.airlift.http.client.HttpClientConfig`.

use std::time::Duration;

use crate::config::known::{CLIENT_PREFIX, CLIENT_PROPERTIES_WITHOUT_EFFECT};
use crate::config::problem::ConfigurationErrors;
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting_from};
use crate::config::units;

/// airlift's default ports.
const HTTP_PROXY_PORT: u16 = 8080;
const SOCKS_PROXY_PORT: u16 = 1080;

/// How JWK Sets are fetched. The files that the properties name are not read yet.
#[derive(Clone, Debug)]
pub(crate) struct HttpClientSettings {
    pub(crate) trust_store: Option<StoreSetting>,
    pub(crate) key_store: Option<StoreSetting>,
    pub(crate) proxy: Option<ProxySetting>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) request_timeout: Option<Duration>,
    /// `https.hostname-verification`, if it is `false`.
    pub(crate) any_host_name: Option<Setting>,
    /// Properties that are set but have no effect.
    pub(crate) without_effect: Vec<Setting>,
}

/// The file of a trust store or key store, and its password.
#[derive(Clone, Debug)]
pub(crate) struct StoreSetting {
    pub(crate) path: Setting,
    pub(crate) password: Option<Setting>,
}

/// The one proxy that may be set.
#[derive(Clone, Debug)]
pub(crate) enum ProxySetting {
    Http {
        address: HostAndPort,
        /// User and password.
        credentials: Option<(Setting, Setting)>,
        /// Whether the connection to the proxy itself uses TLS.
        secure: bool,
    },
    /// SOCKS 4, and 4a for names.
    Socks(HostAndPort),
}

/// The host as written in a URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostAndPort {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl HttpClientSettings {
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        let mut read = |name: &str| {
            let property = properties.get(&format!("{CLIENT_PREFIX}{name}"))?;
            Some(setting_from(property, properties, errors)).filter(|setting| !setting.value.is_empty())
        };
        let trust_store = (read("trust-store-path"), read("trust-store-password"));
        let key_store = (read("key-store-path"), read("key-store-password"));
        let http_proxy = read("http-proxy");
        let socks_proxy = read("socks-proxy");
        let user = read("http-proxy.user");
        let password = read("http-proxy.password");
        let secure = read("http-proxy.secure");
        let connect_timeout = read("connect-timeout");
        let request_timeout = read("request-timeout");
        let host_names = read("https.hostname-verification");
        let without_effect = CLIENT_PROPERTIES_WITHOUT_EFFECT.iter().filter_map(|name| read(name)).collect();

        let mut store =
            |(path, password): (Option<Setting>, Option<Setting>), path_property: &str| match (path, password) {
                (Some(path), password) => Some(StoreSetting { path, password }),
                (None, Some(password)) => {
                    errors.push(password.problem(format!(
                        "is set, but {CLIENT_PREFIX}{path_property} is not: set it, or remove this line"
                    )));
                    None
                }
                (None, None) => None,
            };
        let trust_store = store(trust_store, "trust-store-path");
        let key_store = store(key_store, "key-store-path");
        let secure = secure.filter(|setting| boolean(setting, errors) == Some(true));
        let verified = host_names.as_ref().and_then(|setting| boolean(setting, errors));
        if let (Some(http), Some(_)) = (&http_proxy, &socks_proxy) {
            errors.push(http.problem(format!("and {CLIENT_PREFIX}socks-proxy are both set: remove one of them")));
        }
        if http_proxy.is_none() {
            for setting in [&user, &password, &secure].into_iter().flatten() {
                errors.push(
                    setting
                        .problem(format!("is set, but {CLIENT_PREFIX}http-proxy is not: set it, or remove this line")),
                );
            }
        }
        let credentials = match (user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (Some(alone), None) => {
                errors
                    .push(alone.problem(format!(
                        "is set, but {CLIENT_PREFIX}http-proxy.password is not: set both or neither"
                    )));
                None
            }
            (None, Some(alone)) => {
                errors.push(
                    alone.problem(format!("is set, but {CLIENT_PREFIX}http-proxy.user is not: set both or neither")),
                );
                None
            }
            (None, None) => None,
        };
        let mut address = |setting: &Setting, default_port: u16| {
            HostAndPort::parse(&setting.value, default_port).map_err(|what| errors.push(setting.problem(what))).ok()
        };
        let proxy = match (&http_proxy, &socks_proxy) {
            (Some(http), _) => address(http, HTTP_PROXY_PORT).map(|address| ProxySetting::Http {
                address,
                credentials,
                secure: secure.is_some(),
            }),
            (None, Some(socks)) => address(socks, SOCKS_PROXY_PORT).map(ProxySetting::Socks),
            (None, None) => None,
        };
        Self {
            trust_store,
            key_store,
            proxy,
            connect_timeout: timeout(connect_timeout, errors),
            request_timeout: timeout(request_timeout, errors),
            any_host_name: host_names.filter(|_| verified == Some(false)),
            without_effect,
        }
    }
}

/// As airlift's `BooleanConverter`: `true` or `false`, in any case.
fn boolean(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<bool> {
    match setting.value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => {
            errors.push(setting.problem(format!("is '{}', but must be true or false", setting.value)));
            None
        }
    }
}

/// A timeout below one millisecond is an error: nothing can be fetched in that time.
fn timeout(setting: Option<Setting>, errors: &mut ConfigurationErrors) -> Option<Duration> {
    let setting = setting?;
    let duration = units::duration(&setting.value).and_then(|duration| match duration < Duration::from_millis(1) {
        true => Err(format!("is '{}', but must be at least 1ms", setting.value)),
        false => Ok(duration),
    });
    duration.map_err(|what| errors.push(setting.problem(what))).ok()
}

impl HostAndPort {
    /// As Guava's `HostAndPort.fromString`: `host`, `host:port`, an IPv6 address in brackets with a port, or an IPv6
    /// address without either.
    fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        let malformed = || {
            format!(
                "is '{text}', which is not a host and port: write it as proxy.example:{default_port}, without http://"
            )
        };
        // Text with an @ may contain a password, so it is not shown.
        if text.contains('@') {
            return Err("contains a user or password: write only host and port here, and the others in http-proxy.user and http-proxy.password"
                .to_owned());
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(malformed)?;
                (host, (!port.is_empty()).then(|| port.strip_prefix(':').ok_or_else(malformed)).transpose()?)
            }
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) if port.bytes().all(|digit| digit.is_ascii_digit()) => port.parse().map_err(|_| malformed())?,
            Some(_) => return Err(malformed()),
            None => default_port,
        };
        let host = match host.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V6(address)) => format!("[{address}]"),
            _ if text.starts_with('[') || host.contains(':') => return Err(malformed()),
            _ => host.to_owned(),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        if host.is_empty() || port == 0 || !host.chars().all(is_host) {
            return Err(malformed());
        }
        Ok(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_properties_of_the_built_in_client_are_known_and_reported() {
        let (settings, errors) = read(&["max-threads=3", "log.enabled=false", "connect-timeout=1s"]);
        assert_eq!(errors, Vec::<String>::new());
        let reported: Vec<String> =
            settings.without_effect.iter().map(|setting| setting.problem("has no effect").to_string()).collect();
        assert_eq!(
            reported,
            ["t:2: jwk.http-client.log.enabled has no effect", "t:1: jwk.http-client.max-threads has no effect"]
        );
    }

    fn read(lines: &[&str]) -> (HttpClientSettings, Vec<String>) {
        let text: String = lines.iter().map(|line| format!("{CLIENT_PREFIX}{line}\n")).collect();
        let mut errors = ConfigurationErrors::default();
        let settings = HttpClientSettings::read(&Properties::parse(&text, "t").unwrap(), &mut errors);
        (settings, errors.problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_error_names_property_and_line_and_no_password() {
        for (lines, expected) in [
            (
                &["trust-store-password=hunter2"][..],
                "t:1: jwk.http-client.trust-store-password is set, but jwk.http-client.trust-store-path is not: set it, or remove this line",
            ),
            (
                &["key-store-password=hunter2"],
                "t:1: jwk.http-client.key-store-password is set, but jwk.http-client.key-store-path is not: set it, or remove this line",
            ),
            (
                &["socks-proxy=a", "http-proxy=b"],
                "t:2: jwk.http-client.http-proxy and jwk.http-client.socks-proxy are both set: remove one of them",
            ),
            (
                &["http-proxy=http://proxy.example:3128"],
                "t:1: jwk.http-client.http-proxy is 'http://proxy.example:3128', which is not a host and port: write it as proxy.example:8080, without http://",
            ),
            (
                &["http-proxy=me:hunter2@proxy:1"],
                "t:1: jwk.http-client.http-proxy contains a user or password: write only host and port here, and the others in http-proxy.user and http-proxy.password",
            ),
            (
                &["socks-proxy=proxy:65536"],
                "t:1: jwk.http-client.socks-proxy is 'proxy:65536', which is not a host and port: write it as proxy.example:1080, without http://",
            ),
            (
                &["http-proxy=a", "http-proxy.user=me"],
                "t:2: jwk.http-client.http-proxy.user is set, but jwk.http-client.http-proxy.password is not: set both or neither",
            ),
            (
                &["http-proxy=a", "http-proxy.password=hunter2"],
                "t:2: jwk.http-client.http-proxy.password is set, but jwk.http-client.http-proxy.user is not: set both or neither",
            ),
            (
                &["http-proxy.secure=true"],
                "t:1: jwk.http-client.http-proxy.secure is set, but jwk.http-client.http-proxy is not: set it, or remove this line",
            ),
            (
                &["https.hostname-verification=no"],
                "t:1: jwk.http-client.https.hostname-verification is 'no', but must be true or false",
            ),
            (
                &["connect-timeout=5"],
                "t:1: jwk.http-client.connect-timeout is '5', which is not a duration: write a number and one of ns, us, ms, s, m, h, d, such as 30s",
            ),
            (&["request-timeout=0s"], "t:1: jwk.http-client.request-timeout is '0s', but must be at least 1ms"),
            (&["request-timeout="], "t:1: jwk.http-client.request-timeout is empty: set a value or remove the line"),
        ] {
            assert_eq!(read(lines).1, [expected]);
        }
    }

    #[test]
    fn values_are_read_as_airlift_reads_them() {
        let (settings, errors) =
            read(&["http-proxy.secure=FALSE", "https.hostname-verification=True", "connect-timeout=1.5m"]);
        assert_eq!(errors, [""; 0]);
        assert!(settings.any_host_name.is_none() && settings.proxy.is_none());
        assert_eq!(settings.connect_timeout, Some(Duration::from_secs(90)));
        assert!(read(&["https.hostname-verification=false"]).0.any_host_name.is_some());
        for (text, host, port) in [
            ("proxy.example", "proxy.example", 8080),
            ("proxy.example:3128", "proxy.example", 3128),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("[::1]:3128", "[::1]", 3128),
            ("::1", "[::1]", 8080),
        ] {
            assert_eq!(HostAndPort::parse(text, 8080), Ok(HostAndPort { host: host.to_owned(), port }), "{text}");
        }
        for text in ["", ":1", "a:", "a:b", "a:0", "a b", "[::1", "[a]:1", "a/b:1", "[::1]1", "a:+1"] {
            assert!(HostAndPort::parse(text, 8080).is_err(), "{text}");
        }
    }
}
