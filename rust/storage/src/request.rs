// SPDX-License-Identifier: Apache-2.0
//! What is sent: forms without a signature, since the token is the proof.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request};

use crate::session_name::session_name;

const FORM: &str = "application/x-www-form-urlencoded";
/// RFC 8693, section 2.1.
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// RFC 8693, section 3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// AssumeRoleWithWebIdentity.
pub(crate) fn assume_role(
    endpoint: &str,
    token: &str,
    role: &str,
    user: &str,
    duration: Duration,
) -> Result<Request<Vec<u8>>, http::Error> {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", role)
        .append_pair("RoleSessionName", &session_name(user))
        .append_pair("DurationSeconds", &duration.as_secs().to_string())
        .append_pair("WebIdentityToken", token);
    post(endpoint, form.finish(), "text/xml", None)
}

/// The token exchange of RFC 8693, which makes a token for another audience of the caller's.
pub(crate) fn exchange_token(
    endpoint: &str,
    token: &str,
    audience: Option<&str>,
    client_id: &str,
    client_secret: Option<&str>,
) -> Result<Request<Vec<u8>>, http::Error> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", TOKEN_EXCHANGE)
        .append_pair("subject_token", token)
        .append_pair("subject_token_type", ACCESS_TOKEN)
        .append_pair("requested_token_type", ACCESS_TOKEN);
    if let Some(audience) = audience {
        form.append_pair("audience", audience);
    }
    let authorization = match client_secret {
        None => {
            form.append_pair("client_id", client_id);
            None
        }
        Some(secret) => {
            // RFC 6749, section 2.3.1.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret)))))
        }
    };
    post(endpoint, form.finish(), "application/json", authorization.as_deref())
}

fn post(
    endpoint: &str,
    form: String,
    accept: &'static str,
    authorization: Option<&str>,
) -> Result<Request<Vec<u8>>, http::Error> {
    let mut request =
        Request::builder().method(Method::POST).uri(endpoint).header(CONTENT_TYPE, FORM).header(ACCEPT, accept);
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(form.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_that_of_the_api() {
        let request = assume_role(
            "https://sts.example/",
            "a.b+c.d",
            "arn:aws:iam::1:role/a",
            "al ice",
            Duration::from_secs(3600),
        )
        .unwrap();
        assert_eq!(
            str::from_utf8(request.body()).unwrap(),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa\
             &RoleSessionName=al%3D20ice&DurationSeconds=3600&WebIdentityToken=a.b%2Bc.d"
        );
        assert_eq!(request.headers()[CONTENT_TYPE], FORM);
    }

    #[test]
    fn the_clients_secret_goes_into_the_header() {
        let request = exchange_token("https://idp.example/t", "token", Some("sts"), "tri no", Some("p&w")).unwrap();
        let form = str::from_utf8(request.body()).unwrap();
        assert!(form.contains("&audience=sts") && !form.contains("client_id"), "{form}");
        assert_eq!(request.headers()[AUTHORIZATION], format!("Basic {}", STANDARD.encode("tri+no:p%26w")));
        assert!(!format!("{:?}", request.headers()).contains("Basic"));
        let public = exchange_token("https://idp.example/t", "token", None, "trino", None).unwrap();
        assert!(str::from_utf8(public.body()).unwrap().ends_with("&client_id=trino"));
    }
}
