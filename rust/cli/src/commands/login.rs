// SPDX-License-Identifier: Apache-2.0
//! `login`: gets a token from an identity provider, and keeps it.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use nativejwt_control::{describe_groups, length};
use nativejwt_core::{Authenticator, Identity, Reason, Rejection, UnixMillis, quoted};
use nativejwt_login::grants::{Grant, Person, Surroundings, browser, client_credentials, device};
use nativejwt_login::storage::StorageKind;
use nativejwt_login::{ClientAuthentication, Flow, Profile, Profiles, Provider, RedirectAddress, Tokens, WantedToken};

use crate::coordinator_file::{CoordinatorFile, FETCH_TIMEOUT, host};
use crate::failure::{Failure, Outcome, with_reject};
use crate::hint::Case;
use crate::json::JsonObject;
use crate::login_session::{DEFAULT_PROFILE, KeyFileSigner, absolute, connect, profile_name, tell};

const DEFAULT_SCOPE: &str = "openid";

/// Get a token from an identity provider, for you or for a job
///
/// You sign in in a browser: in one that this command opens; or, over SSH and where there is no display, in one on any
/// machine, with a code (the device flow). --browser and --device force one of them. A job gets a token with
/// --client-credentials and has no browser.
///
/// The login is kept as a profile, without its secrets, and its tokens go into the desktop's key ring, or into a file that
/// only you can read. From then on, 'nativejwt token' prints a token that is good for at least a minute. A login again needs
/// no options: 'nativejwt login' repeats the one of the profile.
///
/// With --config, the issuer and the audience come from the configuration of a coordinator, its provider is reached as the
/// coordinator reaches it, and the result is shown: the user and the groups that this coordinator makes of the token, or the
/// reason why it rejects it. The exit code is then 1 for a rejected token.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt login --issuer https://sso.example.com/realms/lake --client-id nativejwt-cli
  nativejwt login --config etc/config.properties --client-id nativejwt-cli
  nativejwt login --profile job --issuer https://sso.example.com/realms/lake --client-id etl \\
      --client-credentials --client-secret-file /run/secrets/etl
  trino --server https://trino.example.com --access-token \"$(nativejwt token)\""
)]
pub(crate) struct Arguments {
    /// The issuer, exactly as its tokens have it in iss; for Keycloak https://HOST/realms/REALM
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// A coordinator's config.properties, or the plugin's property file: gives the issuer and the audience
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The ID of a client that is registered at the provider
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// The name under which the login is kept
    #[arg(long, value_name = "P", default_value = DEFAULT_PROFILE, value_parser = profile_name)]
    profile: String,

    /// The scope to ask for, words separated by blanks [default: openid]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,

    /// The parameter audience, which some providers (Auth0) need; with --config its required-audience
    #[arg(long, value_name = "A")]
    audience: Option<String>,

    /// The parameter resource (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,

    /// Keep the ID token instead of the access token, for providers with opaque access tokens (Google)
    #[arg(long)]
    id_token: bool,

    /// Sign in in a browser on this machine
    #[arg(long, group = "flow")]
    browser: bool,

    /// Sign in in a browser on any machine, with a code
    #[arg(long, group = "flow")]
    device: bool,

    /// Get a token with the client's own credentials, without a person
    #[arg(long, group = "flow")]
    client_credentials: bool,

    /// The port of the redirect; 0 takes a free one [default: 0]
    #[arg(long, value_name = "N")]
    redirect_port: Option<u16>,

    /// The host of the redirect: 127.0.0.1, ::1 or localhost [default: 127.0.0.1]
    #[arg(long, value_name = "H")]
    redirect_host: Option<String>,

    /// Print the address only, and open no browser
    #[arg(long)]
    no_open: bool,

    /// A file with the client's secret
    #[arg(long, value_name = "FILE", group = "credentials")]
    client_secret_file: Option<PathBuf>,

    /// The environment variable with the client's secret, also for later calls
    #[arg(long, value_name = "NAME", group = "credentials")]
    client_secret_env: Option<String>,

    /// A file with the client's private key, PEM or JWK, which signs assertions (RFC 7523)
    #[arg(long, value_name = "FILE", group = "credentials")]
    client_key_file: Option<PathBuf>,

    /// The kid of the assertions; by default that of the JWK
    #[arg(long, value_name = "KID", requires = "client_key_file")]
    client_key_id: Option<String>,

    /// A file with the certificates that are trusted for the provider: PEM, JKS or PKCS#12
    #[arg(long, value_name = "FILE")]
    trust_store: Option<PathBuf>,

    /// An HTTP proxy
    #[arg(long, value_name = "HOST:PORT")]
    proxy: Option<String>,

    /// How many seconds to wait for your sign-in
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,

    /// Where the tokens are kept [default: the key ring where one answers, else a file]
    #[arg(long, value_name = "WHERE", value_parser = storage)]
    storage: Option<StorageKind>,
}

fn storage(text: &str) -> Result<StorageKind, String> {
    match text {
        "keyring" => Ok(StorageKind::KeyRing),
        "file" => Ok(StorageKind::File),
        _ => Err("is neither keyring nor file".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let profiles = Profiles::open()?;
    let name = &arguments.profile;
    let present = profiles.find(name)?;
    let config =
        arguments.config.as_deref().or_else(|| arguments.of_same_login(present.as_ref(), None)?.config.as_deref());
    let coordinator = config.map(Coordinator::open).transpose()?;
    let issuer = arguments.issuer(present.as_ref(), coordinator.as_ref())?;
    // What an earlier login had is for its own issuer and client only: its secret must not go to another provider.
    let earlier = arguments.of_same_login(present.as_ref(), Some(&issuer));
    let profile = arguments.profile(issuer, earlier, coordinator.as_ref())?;
    let provider = connect(&profile)?;
    let forced = arguments.forced_flow().or_else(|| earlier.filter(|it| it.flow_is_forced).map(|it| it.flow));
    let flow = Surroundings::of_this_process().flow(forced, &provider);
    let profile = Profile { flow, flow_is_forced: forced.is_some(), ..profile };
    let tokens = log_in(arguments, &provider, &profile)?;

    if let Some(remark) = provider.clock_remark() {
        tell(&format!("WARN: {remark}."));
    }
    let storage = arguments.storage.or_else(|| earlier.filter(|it| it.storage_is_forced).map(|it| it.storage));
    let profile = Profile { storage_is_forced: storage.is_some(), ..profile };
    let (kept, how) = {
        // The replaced tokens are not revoked: many providers would end the session or the grant, and with it this login.
        let _lock = profiles.lock(name)?;
        profiles.keep(name, &profile, &tokens, storage)?
    };
    let verdict = coordinator.as_ref().map(|coordinator| (coordinator, coordinator.judge(&tokens)));
    if json {
        writeln!(out, "{}", result_json(arguments, &kept, &tokens, verdict.as_ref()))?;
    } else {
        if tokens.seconds_left().is_some_and(|left| left <= 0) {
            tell("WARN: The token that the provider sent has ended already.");
        }
        let life = match tokens.seconds_left() {
            Some(left) => format!("good for {}", length(u64::try_from(left).unwrap_or(0))),
            None => "of unknown life".to_owned(),
        };
        let renewal = match (&tokens.refresh_token, kept.flow) {
            (Some(_), _) | (None, Flow::ClientCredentials) => "'nativejwt token' gets the next one by itself",
            (None, _) => {
                "then log in again, since the provider gave no refresh token (many give one for the scope offline_access)"
            }
        };
        tell(&how);
        let person = tokens.person().map_or_else(String::new, |person| format!(" as '{}'", quoted(&person)));
        writeln!(out, "Logged in at {}{person}. The token is {life}; {renewal}.", quoted(&kept.issuer))?;
        if let Some((coordinator, verdict)) = &verdict {
            coordinator.write(&tokens, verdict, out)?;
        }
    }
    Ok(match verdict {
        Some((_, Err(_))) => Outcome::Rejected,
        _ => Outcome::Accepted,
    })
}

fn log_in(arguments: &Arguments, provider: &Provider, profile: &Profile) -> Result<Tokens, Failure> {
    let grant = Grant { provider, profile, signer: &KeyFileSigner };
    let mut person =
        Person { tell: &mut tell, patience: Duration::from_secs(arguments.wait), opens_browser: !arguments.no_open };
    Ok(match profile.flow {
        Flow::Browser => browser::log_in(grant, &mut person)?,
        Flow::Device => device::log_in(grant, &mut person)?,
        Flow::ClientCredentials => client_credentials::log_in(grant)?,
    })
}

impl Arguments {
    /// The present login of the profile, if it is for the issuer and the client of the options. `issuer` is the one that is
    /// meant, once it is known.
    fn of_same_login<'p>(&self, present: Option<&'p Profile>, issuer: Option<&str>) -> Option<&'p Profile> {
        let issuer = issuer.or(self.issuer.as_deref());
        present.filter(|present| {
            issuer.is_none_or(|issuer| issuer == present.issuer)
                && self.client_id.as_ref().is_none_or(|id| *id == present.client_id)
        })
    }

    /// The issuer of the options, of the coordinator that they name, or of the present login.
    fn issuer(&self, present: Option<&Profile>, coordinator: Option<&Coordinator>) -> Result<String, Failure> {
        if let Some(issuer) = &self.issuer {
            return Ok(issuer.clone());
        }
        if let (Some(coordinator), Some(_)) = (coordinator, &self.config) {
            return coordinator.issuer();
        }
        self.of_same_login(present, None).map(|present| present.issuer.clone()).ok_or_else(|| {
            Failure::Message("Give the issuer by --issuer URL, or by --config FILE of a coordinator".to_owned())
        })
    }

    fn forced_flow(&self) -> Option<Flow> {
        match (self.browser, self.device, self.client_credentials) {
            (true, ..) => Some(Flow::Browser),
            (_, true, _) => Some(Flow::Device),
            (.., true) => Some(Flow::ClientCredentials),
            _ => None,
        }
    }

    /// The profile of the options, of an earlier login with the same issuer and client, and of the coordinator.
    fn profile(
        &self,
        issuer: String,
        earlier: Option<&Profile>,
        coordinator: Option<&Coordinator>,
    ) -> Result<Profile, Failure> {
        let client_id = self.client_id.clone().or(earlier.map(|earlier| earlier.client_id.clone())).ok_or_else(|| {
            Failure::Message(
                "Give the client by --client-id ID: it must be registered at the provider, and your administrator knows it"
                    .to_owned(),
            )
        })?;
        let config = self.config.as_deref().map(absolute).transpose()?;
        let trust_store = self.trust_store.as_deref().map(absolute).transpose()?;
        let redirect = earlier.map(|earlier| earlier.redirect.clone()).unwrap_or_default();
        let audience =
            self.audience.clone().or_else(|| coordinator.filter(|_| self.config.is_some())?.audience(&issuer));
        let from = |pick: fn(&Profile) -> Option<&String>| earlier.and_then(pick).cloned();
        Ok(Profile {
            scope: self
                .scope
                .clone()
                .or_else(|| from(|it| Some(&it.scope)))
                .unwrap_or_else(|| DEFAULT_SCOPE.to_owned()),
            audience: audience.or_else(|| from(|it| it.audience.as_ref())),
            resource: self.resource.clone().or_else(|| from(|it| it.resource.as_ref())),
            // Both are decided when the provider is known.
            flow: Flow::Browser,
            flow_is_forced: false,
            token: if self.id_token { WantedToken::IdToken } else { earlier.map(|it| it.token).unwrap_or_default() },
            client_authentication: match self.client_authentication()? {
                ClientAuthentication::None => earlier.map(|it| it.client_authentication.clone()).unwrap_or_default(),
                given => given,
            },
            redirect: RedirectAddress {
                host: self.redirect_host.clone().unwrap_or(redirect.host),
                port: self.redirect_port.unwrap_or(redirect.port),
            },
            config: config.or_else(|| earlier.and_then(|it| it.config.clone())),
            trust_store: trust_store.or_else(|| earlier.and_then(|it| it.trust_store.clone())),
            proxy: self.proxy.clone().or_else(|| from(|it| it.proxy.as_ref())),
            storage: StorageKind::File,
            storage_is_forced: false,
            issuer,
            client_id,
        })
    }

    fn client_authentication(&self) -> Result<ClientAuthentication, Failure> {
        Ok(match (&self.client_secret_file, &self.client_secret_env, &self.client_key_file) {
            (Some(path), ..) => ClientAuthentication::SecretFile(absolute(path)?),
            (_, Some(name), _) => ClientAuthentication::SecretEnvironment(name.clone()),
            (.., Some(path)) => {
                ClientAuthentication::KeyFile { path: absolute(path)?, key_id: self.client_key_id.clone() }
            }
            _ => ClientAuthentication::None,
        })
    }
}

/// The coordinator of `--config`.
struct Coordinator {
    path: PathBuf,
    authenticator: Authenticator,
}

impl Coordinator {
    fn open(path: &std::path::Path) -> Result<Self, Failure> {
        let file = CoordinatorFile::load(path)?;
        let authenticator = Authenticator::open_with(&file.properties, &host())?;
        Ok(Self { path: path.to_owned(), authenticator })
    }

    /// The issuer of the configuration.
    fn issuer(&self) -> Result<String, Failure> {
        let mut issuers: Vec<String> = self
            .authenticator
            .issuers()
            .iter()
            .filter_map(|issuer| {
                let rules = issuer.rules();
                rules.required_issuer.or_else(|| rules.key_file.strip_prefix("oidc:").map(str::to_owned))
            })
            .collect();
        issuers.sort_unstable();
        issuers.dedup();
        match issuers.as_slice() {
            [issuer] => Ok(issuer.clone()),
            [] => Err(Failure::at(
                self.path.display(),
                "names no issuer (key-file=oidc:URL or required-issuer), so give it by --issuer",
            )),
            several => Err(Failure::at(
                self.path.display(),
                format!("has several issuers: choose one with --issuer: {}", several.join(", ")),
            )),
        }
    }

    fn audience(&self, issuer: &str) -> Option<String> {
        let rules = self.authenticator.issuers().into_iter().map(|issuer| issuer.rules());
        let is_its = |key_file: &str, required: Option<&str>| {
            required == Some(issuer) || key_file.strip_prefix("oidc:") == Some(issuer)
        };
        let found = rules.into_iter().find(|rules| is_its(&rules.key_file, rules.required_issuer.as_deref()));
        found?.required_audience
    }

    fn judge(&self, tokens: &Tokens) -> Result<Identity, Rejection> {
        // Without keys, the verdict is KEYS_UNAVAILABLE.
        let _ = self.authenticator.wait_until_fetched(FETCH_TIMEOUT);
        self.authenticator.authenticate_token(tokens.token.as_bytes(), UnixMillis::now())
    }

    fn write(
        &self,
        tokens: &Tokens,
        verdict: &Result<Identity, Rejection>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let path = self.path.display();
        match verdict {
            Ok(identity) => {
                writeln!(out, "The coordinator of {path} accepts it:")?;
                writeln!(out, "  user    {}", quoted(&identity.user))?;
                writeln!(out, "  groups  {}", describe_groups(&identity.groups))?;
            }
            Err(rejection) => {
                if rejection.code() == Reason::KeysUnavailable {
                    writeln!(out, "What the coordinator of {path} makes of it cannot be said from here: {rejection}")?;
                    return Ok(());
                }
                writeln!(out, "The coordinator of {path} REJECTS it, with {}: {rejection}", rejection.code())?;
                writeln!(out, "hint: {}", self.hint(tokens, rejection))?;
            }
        }
        Ok(())
    }

    fn hint(&self, tokens: &Tokens, rejection: &Rejection) -> String {
        Case::from_configuration(tokens.token.as_bytes(), UnixMillis::now(), &self.authenticator).hint(rejection)
    }
}

fn result_json(
    arguments: &Arguments,
    profile: &Profile,
    tokens: &Tokens,
    verdict: Option<&(&Coordinator, Result<Identity, Rejection>)>,
) -> String {
    let object = JsonObject::new()
        .text("profile", &arguments.profile)
        .text("issuer", &profile.issuer)
        .text("client_id", &profile.client_id)
        .text("storage", if profile.storage == StorageKind::KeyRing { "keyring" } else { "file" })
        .maybe_number("expires_at", tokens.expires_at)
        .boolean("refreshes", tokens.refresh_token.is_some() || profile.flow == Flow::ClientCredentials);
    let object = match verdict {
        None => object,
        Some((_, Ok(identity))) => object.raw(
            "verdict",
            &JsonObject::new()
                .boolean("accepted", true)
                .text("user", &identity.user)
                .texts("groups", &identity.groups)
                .finish(),
        ),
        Some((coordinator, Err(rejection))) => object.raw(
            "verdict",
            &with_reject(JsonObject::new().boolean("accepted", false), "reason", rejection)
                .text("hint", &coordinator.hint(tokens, rejection))
                .finish(),
        ),
    };
    object.finish()
}
