// SPDX-License-Identifier: Apache-2.0
//! Hints about tokens for another service or another purpose, recognized by what their issuers write.

use super::seen::Seen;
use super::shown;

/// The identifiers of Microsoft Graph as an audience.
const GRAPH: [&str; 3] =
    ["00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://graph.microsoft.com/"];

/// The hint for a token that only another service can verify, or that is not an access token.
pub(super) fn not_for_us(seen: &Seen<'_>) -> Option<String> {
    only_its_service_verifies(seen).or_else(|| refresh_token(seen)).or_else(|| id_token(seen))
}

/// The hint for a token whose signature only its own service can verify.
pub(super) fn only_its_service_verifies(seen: &Seen<'_>) -> Option<String> {
    let audience = seen.audiences().first().copied();
    let is_graph = seen.audiences().iter().any(|audience| GRAPH.contains(audience));
    let has_nonce = seen.header.as_ref().is_some_and(|header| header.contains_key("nonce"));
    if is_graph || has_nonce {
        let (whose, why) = match (is_graph, has_nonce) {
            (true, true) => ("Microsoft Graph".to_owned(), "aud is Graph, and the header has a nonce"),
            (true, false) => ("Microsoft Graph".to_owned(), "aud is Graph"),
            (false, _) => (
                audience.map_or_else(|| "another service".to_owned(), |aud| format!("the service {}", shown(aud))),
                "the header has a nonce",
            ),
        };
        return Some(format!(
            "the token was issued for {whose} ({why}), and only that service can verify its signature. Register an API of your own with the identity provider, and have the client request a token for it (Entra: the scope api://…/.default)"
        ));
    }
    let issuer = seen.claim_text("iss")?;
    let from_org_server = seen.claim_text("jti").is_some_and(|id| id.starts_with("AT."))
        && !issuer.contains("/oauth2/")
        && (seen.audiences().contains(&issuer) || is_okta_host(issuer));
    from_org_server.then(|| {
        format!(
            "this is an access token of Okta's org authorization server ({}) for Okta's own API, and Okta does not publish its key. Have the client use a custom authorization server, such as {}/oauth2/default",
            shown(issuer),
            issuer.trim_end_matches('/')
        )
    })
}

fn is_okta_host(issuer: &str) -> bool {
    [".okta.com", ".oktapreview.com", ".okta-emea.com"].iter().any(|host| issuer.trim_end_matches('/').ends_with(host))
}

/// The hint for a refresh token, which only its issuer accepts.
pub(super) fn refresh_token(seen: &Seen<'_>) -> Option<String> {
    let kind = seen.claim_text("typ").filter(|kind| ["Refresh", "Offline"].contains(kind))?;
    Some(format!(
        "this is a refresh token of Keycloak (its claim typ is {kind}), which only Keycloak can verify. Send the access token: the member access_token of the same response"
    ))
}

/// The hint for an ID token, which is for the client that requested it.
pub(super) fn id_token(seen: &Seen<'_>) -> Option<String> {
    let why = id_token_mark(seen)?;
    Some(format!(
        "this is an ID token ({why}), which is for the client that requested it. Send the access token: the member access_token of the same response"
    ))
}

/// The sign of an ID token (OpenID Connect Core 1.0, section 2), if the token is one.
fn id_token_mark(seen: &Seen<'_>) -> Option<String> {
    if seen.claim_text("typ") == Some("ID") {
        return Some("its claim typ is ID".to_owned());
    }
    if seen.claim_text("token_use") == Some("id") {
        return Some("its claim token_use is id".to_owned());
    }
    // Google's access tokens are opaque, so there is only the ID token to send.
    if seen.claim_text("iss").is_some_and(|issuer| issuer.ends_with("accounts.google.com")) {
        return None;
    }
    // Only access tokens have these.
    if ["scope", "scp", "token_use"].iter().any(|name| seen.claim(name).is_some())
        || seen.header_text("typ").is_some_and(|kind| kind.to_ascii_lowercase().contains("at+jwt"))
    {
        return None;
    }
    let claim = ["at_hash", "c_hash", "s_hash", "nonce"].into_iter().find(|name| seen.claim(name).is_some())?;
    Some(format!("it has the claim {claim}"))
}

/// The sign of an application's own token, which has no user.
pub(super) fn application_token(seen: &Seen<'_>) -> Option<&'static str> {
    if seen.claim_text("gty") == Some("client-credentials") {
        return Some("gty is client-credentials");
    }
    if seen.claim_text("idtyp") == Some("app") {
        return Some("idtyp is app");
    }
    let name = seen.claim_text("preferred_username").filter(|name| name.starts_with("service-account-"));
    name.map(|_| "preferred_username begins with service-account-")
}

/// The kind of an opaque token, by its beginning, and what to send instead.
pub(super) fn opaque(text: &str) -> Option<(&'static str, &'static str)> {
    const GITHUB: &str = "GitHub gives no JWT for it; in a workflow, ask for an OIDC token";
    const KNOWN: &[(&str, &str, &str)] = &[
        (
            "ya29.",
            "an access token of Google",
            "take the ID token, id_token of the same reply, which is a JWT of https://accounts.google.com",
        ),
        ("1//", "a refresh token of Google", "take the ID token, id_token of the reply that it is exchanged for"),
        ("ghp_", "a personal access token of GitHub", GITHUB),
        ("gho_", "an OAuth token of GitHub", GITHUB),
        ("ghu_", "a user token of GitHub", GITHUB),
        ("ghs_", "an installation token of GitHub", GITHUB),
        ("ghr_", "a refresh token of GitHub", GITHUB),
        ("github_pat_", "a personal access token of GitHub", GITHUB),
        ("glpat-", "a personal access token of GitLab", "in a pipeline, take an ID token (id_tokens)"),
        ("xoxb-", "a token of Slack", "take a token of your identity provider"),
        ("dapi", "a personal access token of Databricks", "take a token of your identity provider"),
        ("hvs.", "a token of HashiCorp Vault", "take one that Vault's identity secrets engine signs"),
        ("k8s-aws-v1.", "a token for an EKS cluster", "take a token of a service account"),
        ("sha256~", "an OAuth token of OpenShift", "take a token of a service account (oc create token)"),
        ("ory_at_", "an opaque access token of Ory Hydra", "set strategies.access_token: jwt for the client"),
        ("ory_rt_", "a refresh token of Ory Hydra", "take the access token"),
        ("IQoJb3JpZ2lu", "a session token of AWS", "take a token of your identity provider"),
        ("AKIA", "an access key of AWS", "take a token of your identity provider"),
        ("ASIA", "an access key of AWS", "take a token of your identity provider"),
        ("EwB", "an opaque access token of a Microsoft account", "have the client ask for a token of your own API"),
        ("EwC", "an opaque access token of a Microsoft account", "have the client ask for a token of your own API"),
        (
            "0.A",
            "a refresh token or code of Microsoft Entra",
            "take access_token of the reply that it is exchanged for",
        ),
        (
            "1.A",
            "a refresh token or code of Microsoft Entra",
            "take access_token of the reply that it is exchanged for",
        ),
        ("SSWS ", "an API token of Okta", "take an access token of a custom authorization server"),
        ("sk-", "an API key", "take a token of your identity provider"),
    ];
    KNOWN.iter().find(|(start, ..)| text.starts_with(start)).map(|(_, what, way_out)| (*what, *way_out))
}
