// SPDX-License-Identifier: Apache-2.0
//! Hints about `iss` and `required-issuer`.

use super::seen::described;
use super::{Case, listed, shown, whole};

pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let required: Vec<&str> = match case.rules.as_ref().and_then(|rules| rules.required_issuer.as_deref()) {
        Some(required) => vec![required],
        None => case.issuers.iter().map(String::as_str).collect(),
    };
    let first = required.first()?;
    let Some(found) = case.seen.claim_text("iss").filter(|issuer| !issuer.trim().is_empty()) else {
        return Some(absent(case, &required));
    };
    let discovered = case.rules.as_ref().and_then(|rules| rules.key_file.strip_prefix("oidc:"));
    let nearest = required.iter().find_map(|required| Some((*required, difference(required, found)?)));
    match nearest {
        Some((required, difference)) => Some(format!("{difference}{}", way_out(required, found, discovered.is_some()))),
        None if required.len() == 1 => Some(format!(
            "required-issuer is {}, and the token's iss is {}{}{}",
            shown(first),
            shown(found),
            first_difference(first, found),
            way_out(first, found, discovered.is_some())
        )),
        None => Some(format!(
            "the token's iss is {}, and the files of config-files require {}: add a file for this issuer, or send a token of one of those",
            shown(found),
            listed(required.iter().map(|required| shown(required)))
        )),
    }
}

fn absent(case: &Case<'_>, required: &[&str]) -> String {
    let state = match case.seen.claim("iss") {
        None => "the token has no iss".to_owned(),
        Some(value) => format!("iss is {}, which counts as missing", described(value)),
    };
    let claims = case.seen.claims.as_ref();
    let other = claims.and_then(|claims| {
        claims
            .keys()
            .find(|name| name.eq_ignore_ascii_case("iss") && *name != "iss" || name.eq_ignore_ascii_case("issuer"))
    });
    match other {
        Some(other) => format!("{state}, but it has {}, which is ignored: have the issuer write iss", shown(other)),
        None => format!(
            "{state}: have the issuer write {}, or {}",
            listed(required.iter().map(|required| shown(required))),
            match required {
                [_] => "remove required-issuer if key-file has only the keys of this issuer",
                _ =>
                    "remove required-issuer from one file of config-files, which then handles the tokens that match no other file",
            }
        ),
    }
}

/// A URL's parts: scheme, host with port, path.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (scheme, host, path)
}

/// The difference between two issuers that are nearly the same.
fn difference(required: &str, found: &str) -> Option<String> {
    let both = format!("required-issuer is {}, and the token's iss is {}", shown(required), shown(found));
    let ((scheme, host, path), (found_scheme, found_host, found_path)) = (parts(required), parts(found));
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    let same_path = bare(path) == bare(found_path);
    let why = if required == found {
        return None;
    } else if found.trim_end_matches('/') == required.trim_end_matches('/') {
        let whose = if found.len() > required.len() { "the token's has" } else { "required-issuer has" };
        format!("they differ by a slash at the end, which {whose}")
    } else if required.trim() == found.trim() {
        "they differ by white space around them".to_owned()
    } else if required.eq_ignore_ascii_case(found) {
        format!("they differ by case{}", first_difference(required, found))
    } else if let Some(entra) = entra(required, found) {
        entra
    } else if (scheme.is_empty() || found_scheme.is_empty()) && host == found_host && same_path {
        "only one of them begins with https://".to_owned()
    } else if scheme != found_scheme && host == found_host && same_path {
        format!(
            "one is {scheme} and the other {found_scheme}: the identity provider derives its name from the request. If a proxy terminates TLS for it, configure that there (X-Forwarded-Proto, or the host name setting of the provider)"
        )
    } else if same_path && !bare(path).is_empty() && host != found_host {
        let name = |host: &str| host.split(':').next().unwrap_or_default().to_owned();
        if name(host) == name(found_host) {
            "they differ by the port".to_owned()
        } else {
            format!(
                "they differ by the host, {} and {}: many identity providers write the host to which the client sent its request. Have the client use the other host, or set a fixed host name at the provider (Keycloak: hostname)",
                shown(host),
                shown(found_host)
            )
        }
    } else if host == found_host
        && path.replace("/auth/realms/", "/realms/") == found_path.replace("/auth/realms/", "/realms/")
    {
        "they differ by /auth, which Keycloak has before version 17 or with http-relative-path".to_owned()
    } else if host == found_host && realm(path).is_some() && realm(found_path).is_some() {
        format!("they are different realms, {} and {}", shown(realm(path)?), shown(realm(found_path)?))
    } else if host == found_host && !host.is_empty() {
        format!("they have the same host{}", first_difference(required, found))
    } else {
        return None;
    };
    Some(format!("{both}: {why}"))
}

fn realm(path: &str) -> Option<&str> {
    path.split_once("/realms/").map(|(_, realm)| realm.split('/').next().unwrap_or_default())
}

/// The tenant of a Microsoft Entra issuer, and the version of its tokens.
fn entra_tenant(issuer: &str) -> Option<(&str, u8)> {
    let v1 = ["https://sts.windows.net/", "https://sts.microsoftonline.com/", "https://sts.chinacloudapi.cn/"];
    if let Some(tenant) = v1.iter().find_map(|start| issuer.strip_prefix(start)) {
        return Some((tenant.trim_end_matches('/'), 1));
    }
    let rest = issuer
        .strip_prefix("https://login.microsoftonline.com/")
        .or(issuer.strip_prefix("https://login.microsoftonline.us/"))?;
    let (tenant, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((tenant, if path.starts_with("v2.0") { 2 } else { 1 }))
}

fn entra(required: &str, found: &str) -> Option<String> {
    let ((tenant, version), (found_tenant, found_version)) = (entra_tenant(required)?, entra_tenant(found)?);
    if ["common", "organizations", "consumers", "{tenantid}", "{tenant}"].contains(&tenant) {
        return Some(format!(
            "{} is not a tenant, and tokens never have it in iss: use the tenant ID, {}",
            shown(tenant),
            shown(found_tenant)
        ));
    }
    if tenant != found_tenant {
        return Some(format!(
            "they are different tenants of Microsoft Entra, {} and {}",
            shown(tenant),
            shown(found_tenant)
        ));
    }
    (version != found_version).then(|| {
        format!("Microsoft Entra writes different values into iss of tokens of version {found_version} and of version {version}. Set requestedAccessTokenVersion to {version} in the registration of the API")
    })
}

/// What to change: `required-issuer`, unless `oidc:` sets it.
fn way_out(required: &str, found: &str, is_discovered: bool) -> String {
    if !is_discovered {
        return format!(". If you trust this issuer, set required-issuer={}", whole(found));
    }
    let document = format!("{}/.well-known/openid-configuration", required.trim_end_matches('/'));
    let set = match entra_tenant(required) {
        Some((tenant, version)) => {
            let version = if version == 2 { "v2.0/" } else { "" };
            format!("https://login.microsoftonline.com/{}/discovery/{version}keys", whole(tenant))
        }
        None => format!("<jwks_uri of {}>", whole(&document)),
    };
    format!(
        ". With oidc:, the issuer of the discovery document is required. If its access tokens have another iss, name the JWK Set instead: key-file={set} and required-issuer={}",
        whole(found)
    )
}

/// The first difference between two texts, in words.
fn first_difference(required: &str, found: &str) -> String {
    let same = required.chars().zip(found.chars()).take_while(|(one, other)| one == other).count();
    if same == 0 {
        return String::new();
    }
    let rest = |text: &str| {
        let rest: String = text.chars().skip(same).take(30).collect();
        if rest.is_empty() { "nothing".to_owned() } else { shown(&rest) }
    };
    format!("; the first {same} characters are the same, then {} and {} follow", rest(required), rest(found))
}
