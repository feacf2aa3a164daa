// SPDX-License-Identifier: Apache-2.0
//! The errors of OAuth 2.0 in a person's words (RFC 6749, sections 4.1.2.1 and 5.2; RFC 8628, section 3.5).

use nativejwt_core::{is_unprintable, quoted};

use crate::error::{ErrorKind, LoginError};
use crate::profile::{Flow, Profile};
use crate::provider::Provider;

/// A longer description is cut.
const MAX_DESCRIPTION: usize = 300;

/// What the provider was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request<'r> {
    /// The person's consent in the browser, with this redirect URI.
    Consent { redirect_uri: &'r str },
    /// A token for the code of the redirect.
    Code,
    /// A device code, or a token for one.
    Device,
    /// A token for a job.
    ClientCredentials,
    /// A new token for a refresh token.
    Refresh,
}

/// Makes an error of the provider's `error` and `error_description`.
pub(crate) fn refusal(
    error: &str,
    description: Option<&str>,
    request: Request<'_>,
    profile: &Profile,
    provider: &Provider,
) -> LoginError {
    let said = said(error, description);
    let kind = match (error, request) {
        ("invalid_grant", Request::Refresh) => ErrorKind::NotLoggedIn,
        _ => ErrorKind::Refused,
    };
    let advice = advice(error, description.unwrap_or_default(), request, profile);
    let clock = match error {
        "invalid_client" | "invalid_grant" | "invalid_request" => provider.clock_remark(),
        _ => None,
    };
    let clock = clock.map_or_else(String::new, |remark| format!(" {remark}."));
    LoginError::new(kind, format!("{advice}{clock} The provider says: {said}"))
}

/// The provider's own words, on one line and without control characters.
fn said(error: &str, description: Option<&str>) -> String {
    let Some(description) = description.filter(|description| !description.is_empty()) else {
        return quoted(error).to_string();
    };
    format!("{} ({})", quoted(error), escaped(description))
}

/// A text of the provider on one line, without what could change a terminal.
fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(MAX_DESCRIPTION) {
        match is_unprintable(character) {
            true => shown.extend(character.escape_unicode()),
            false => shown.push(character),
        }
    }
    if text.chars().nth(MAX_DESCRIPTION).is_some() {
        shown.push('…');
    }
    shown
}

fn advice(error: &str, description: &str, request: Request<'_>, profile: &Profile) -> String {
    let client = quoted(&profile.client_id);
    let is_confidential = profile.client_authentication.is_confidential();
    let mentions = |word: &str| description.to_ascii_lowercase().contains(word);
    match (error, request) {
        ("access_denied", Request::ClientCredentials) => {
            format!("The provider gives the client '{client}' no token of its own.")
        }
        ("access_denied", _) => "You, or a rule of the provider, refused the sign-in.".to_owned(),
        ("expired_token", _) => {
            "Nobody entered the code in time. Log in again, and open the page before the code ends.".to_owned()
        }
        // Keycloak's words, for a client that it does not know.
        ("invalid_client", _) if !is_confidential && mentions("invalid client or invalid client credentials") => {
            format!(
                "The provider does not know the client '{client}', or requires a secret from it: check --client-id, or name the file with the secret by --client-secret-file."
            )
        }
        ("invalid_client" | "unauthorized_client", _) if !is_confidential && wants_secret(error, description) => {
            format!(
                "The provider requires a secret from the client '{client}'. Name the file with it by --client-secret-file; or register a public client for people, which has none."
            )
        }
        ("invalid_client" | "unauthorized_client", _)
            if is_confidential && (error == "invalid_client" || mentions("invalid client")) =>
        {
            format!(
                "The provider does not accept the credentials of the client '{client}': check the client ID and its secret or key."
            )
        }
        ("invalid_client", _) => format!("The provider does not know the client '{client}': check --client-id."),
        ("unauthorized_client", Request::Device) | ("unsupported_grant_type", Request::Device) => format!(
            "The client '{client}' may not use the device flow: allow it at the provider, or log in with --browser."
        ),
        ("unauthorized_client", Request::ClientCredentials) => format!(
            "The client '{client}' may not get a token of its own: allow client credentials (a service account) at the provider."
        ),
        ("unauthorized_client", _) => format!(
            "The client '{client}' may not use this flow ({}): allow it at the provider, or take another one.",
            profile.flow
        ),
        ("unsupported_grant_type", _) => {
            format!("The provider does not offer this flow ({}): take another one.", profile.flow)
        }
        ("unsupported_response_type", _) => {
            "The provider does not offer the authorization code flow: log in with --device.".to_owned()
        }
        ("invalid_scope", _) => format!(
            "The provider does not know a part of the scope '{}', or the client '{client}' may not ask for it: change --scope.",
            quoted(&profile.scope)
        ),
        ("invalid_target", _) => {
            "The provider does not know the --resource, or the client may not ask for it (RFC 8707).".to_owned()
        }
        ("invalid_grant", Request::Refresh) => {
            "The login has ended: the provider no longer accepts its refresh token.".to_owned()
        }
        ("invalid_grant", Request::Code) => {
            "The provider does not accept the code that it sent. Codes end after a minute or less, so log in again."
                .to_owned()
        }
        ("invalid_request" | "invalid_redirect_uri", Request::Consent { redirect_uri }) if mentions("redirect") => {
            not_registered(redirect_uri, &client.to_string())
        }
        ("invalid_request", _) => "The provider does not accept the request.".to_owned(),
        ("login_required" | "interaction_required" | "consent_required", _) => {
            "The provider wants you to sign in or to consent in the browser: log in again.".to_owned()
        }
        ("server_error" | "temporarily_unavailable", _) => {
            "The provider has an error of its own. Try again in a minute.".to_owned()
        }
        ("slow_down", _) => "The provider was asked too often. Try again in a minute.".to_owned(),
        _ => match profile.flow {
            Flow::ClientCredentials => "The provider refused.".to_owned(),
            Flow::Browser | Flow::Device => "The provider refused the sign-in.".to_owned(),
        },
    }
}

/// Some providers call this `invalid_client`, others `unauthorized_client`. Keycloak's words are "Invalid client or Invalid
/// client credentials", Entra ID's "AADSTS7000218: The request body must contain … client_secret".
fn wants_secret(error: &str, description: &str) -> bool {
    let description = description.to_ascii_lowercase();
    error == "unauthorized_client" && description.contains("invalid client")
        || ["client_secret", "client secret", "client_assertion", "client authentication", "credentials"]
            .iter()
            .any(|words| description.contains(words))
}

/// What to do when the redirect URI may not be registered. Many providers only show this in the browser.
pub(crate) fn not_registered(redirect_uri: &str, client: &str) -> String {
    let pattern = match redirect_uri.rsplit_once(':') {
        Some((host, _)) => format!("{host} with any port (in Keycloak {host}/*)"),
        None => redirect_uri.to_owned(),
    };
    format!(
        "If the browser shows an error about the redirect URI, register {pattern} for the client '{client}' at the provider; for one that knows fixed ports only, register {redirect_uri} and give that port with --redirect-port."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientAuthentication;

    fn profile(client_authentication: ClientAuthentication, flow: Flow) -> Profile {
        Profile { client_authentication, flow, ..crate::profile::tests::profile() }
    }

    #[test]
    fn errors_come_with_a_way_out() {
        let public = profile(ClientAuthentication::None, Flow::Browser);
        let secret = profile(ClientAuthentication::SecretEnvironment("S".to_owned()), Flow::ClientCredentials);
        let consent = Request::Consent { redirect_uri: "http://127.0.0.1:1234/" };
        for (error, description, request, profile, expected) in [
            ("access_denied", "", consent, &public, "refused the sign-in"),
            ("expired_token", "", Request::Device, &public, "in time"),
            (
                "unauthorized_client",
                "Invalid client or Invalid client credentials",
                Request::Code,
                &public,
                "--client-secret-file",
            ),
            (
                "invalid_client",
                "AADSTS7000218: The request body must contain: 'client_secret'",
                Request::Code,
                &public,
                "--client-secret-file",
            ),
            ("invalid_client", "Client not found", Request::Device, &public, "--client-id"),
            ("invalid_client", "Invalid client or Invalid client credentials", Request::Device, &public, "--client-id"),
            ("invalid_client", "Bad secret", Request::ClientCredentials, &secret, "its secret or key"),
            (
                "unauthorized_client",
                "Invalid client or Invalid client credentials",
                Request::ClientCredentials,
                &secret,
                "its secret or key",
            ),
            ("unauthorized_client", "Client is not allowed", Request::Device, &public, "--browser"),
            ("unauthorized_client", "", Request::ClientCredentials, &secret, "service account"),
            ("invalid_scope", "", consent, &public, "'openid lake'"),
            ("invalid_request", "Invalid parameter: redirect_uri", consent, &public, "http://127.0.0.1/*"),
            ("invalid_grant", "Session not active", Request::Refresh, &public, "The login has ended"),
            ("something_new", "", consent, &public, "refused the sign-in"),
        ] {
            let text = advice(error, description, request, profile);
            assert!(text.contains(expected), "{error}: {text}");
            assert!(text.ends_with('.'), "{text}");
        }
    }

    #[test]
    fn words_of_the_provider_cannot_change_the_terminal() {
        assert_eq!(said("invalid_scope", None), "invalid_scope");
        let shown = said("x", Some("a\u{1b}[2Jb\nc"));
        assert!(!shown.contains('\u{1b}') && !shown.contains('\n'), "{shown}");
        assert!(said("x", Some(&"y".repeat(400))).chars().count() < 320);
    }
}
