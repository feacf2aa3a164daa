// SPDX-License-Identifier: Apache-2.0
// Shows people their token, and who it is to this coordinator. The token is in this module and in the document while
// the page is open: it gets into no address, storage or log. All texts are set as text, never as HTML.

const settings = document.body.dataset;
const element = (id) => document.getElementById(id);

/** In the storage of this tab from the way to the issuer until the way back: state and verifier of a sign-in. */
const PENDING = 'native-jwt-sign-in';

/** Screen readers hear of the time that is left at these numbers of seconds. */
const ANNOUNCED = [300, 60];

let token = '';
let timer = 0;

/** A problem with a sentence for the person. */
class Problem extends Error {}

// First of all, so that the code is in no history and no address that somebody copies.
const returned = new URLSearchParams(location.hash.slice(1));
const returnedInQuery = new URLSearchParams(location.search);
if (location.hash !== '' || location.search !== '') {
  history.replaceState(null, '', location.pathname);
}

/** What the coordinator makes of the token, or of that of the web UI's sign-in. */
async function judge(headers, credentials) {
  let response;
  try {
    // With this mode, the redirect by which an ended sign-in is answered fails.
    response = await fetch('token/me', { headers, credentials, mode: 'same-origin', cache: 'no-store' });
  } catch {
    throw new Problem('The coordinator did not answer. Your sign-in may have ended: sign in again.');
  }
  if (response.status === 401) {
    throw new Problem('Your sign-in has ended: sign in again.');
  }
  const isJson = (response.headers.get('Content-Type') ?? '').startsWith('application/json');
  if (!response.ok || !isJson) {
    const text = isJson || response.ok ? '' : (await response.text()).slice(0, 300);
    throw new Problem(`The coordinator answered with status ${response.status}. ${text}`);
  }
  // The life of the token is measured by the coordinator's clock.
  const date = Date.parse(response.headers.get('Date') ?? '');
  return { ...(await response.json()), clockOffset: Number.isNaN(date) ? 0 : date - Date.now() };
}

async function showTokenOfWebUi() {
  const verdict = await judge({ 'X-Native-Jwt-Page': '1' }, 'same-origin');
  token = verdict.token ?? '';
  show(verdict);
}

/** The issuer's endpoints (OpenID Connect Discovery 1.0). */
async function discover() {
  const address = settings.issuer.replace(/\/$/, '') + '/.well-known/openid-configuration';
  let provider;
  try {
    const response = await fetch(address, { credentials: 'omit', cache: 'no-store' });
    provider = await response.json();
  } catch {
    throw new Problem(
      `The browser could not read ${address}. Is the issuer reachable, and does it allow CORS for this page?`);
  }
  if (provider.issuer !== settings.issuer) {
    throw new Problem(
      `The issuer calls itself '${provider.issuer}', but is configured as '${settings.issuer}':`
      + ' tell your administrator.');
  }
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    const scheme = URL.canParse(provider[name]) ? new URL(provider[name]).protocol : '';
    if (scheme !== 'https:' && scheme !== new URL(settings.issuer).protocol) {
      throw new Problem(`The issuer's discovery document has no usable ${name}.`);
    }
  }
  const { origin } = new URL(provider.token_endpoint);
  if (!settings.origins.split(' ').includes(origin)) {
    throw new Problem(
      `The issuer's token endpoint is at ${origin}.`
      + ' Your administrator must set web-ui.token-copy.token-endpoint-origin to it.');
  }
  return provider;
}

const redirectUri = () => location.origin + location.pathname;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Authorization code with PKCE (RFC 7636). The answer comes in the fragment, which no server sees. */
async function signInAtIssuer() {
  const provider = await discover();
  const pending = { state: random(), verifier: random() };
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
  const address = new URL(provider.authorization_endpoint);
  const parameters = {
    response_type: 'code',
    response_mode: 'fragment',
    client_id: settings.clientId,
    redirect_uri: redirectUri(),
    scope: settings.scope,
    state: pending.state,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
  };
  Object.entries(parameters).forEach(([name, value]) => address.searchParams.set(name, value));
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(address);
}

/** After the way back from the issuer. */
async function finishSignIn(pending) {
  if (returnedInQuery.has('state')) {
    throw new Problem(
      'The issuer ignored response_mode=fragment, so its answer was not used: tell your administrator.');
  }
  if (pending === null || returned.get('state') !== pending.state) {
    throw new Problem('This sign-in was not begun in this tab, or took too long: sign in again.');
  }
  const provider = await discover();
  // RFC 9207: an answer of another issuer must not be used.
  const isExpected = provider.authorization_response_iss_parameter_supported === true;
  if (returned.has('iss') ? returned.get('iss') !== provider.issuer : isExpected) {
    throw new Problem('The answer to the sign-in is not of the configured issuer, so it was not used.');
  }
  if (returned.has('error')) {
    const why = explained(returned.get('error'), returned.get('error_description'));
    throw new Problem(`The issuer refused the sign-in: ${why}`);
  }
  token = await exchange(provider, pending.verifier);
  show(await judge({ Authorization: `Bearer ${token}` }, 'omit'));
}

const explained = (error, description) => (description ? `${description} (${error})` : error);

async function exchange(provider, verifier) {
  let response;
  let answer;
  try {
    response = await fetch(provider.token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: returned.get('code') ?? '',
        redirect_uri: redirectUri(),
        client_id: settings.clientId,
        code_verifier: verifier,
      }),
      credentials: 'omit',
      redirect: 'error',
      cache: 'no-store',
    });
    answer = await response.json();
  } catch {
    throw new Problem(
      `The browser got no answer from ${provider.token_endpoint}. The issuer must allow CORS for ${location.origin}.`);
  }
  if (!response.ok || typeof answer.access_token !== 'string') {
    const error = explained(answer.error ?? `status ${response.status}`, answer.error_description);
    const advice = ['invalid_client', 'unauthorized_client'].includes(answer.error)
      ? ' The client must be a public one, without a secret: tell your administrator.'
      : '';
    throw new Problem(`The issuer gave no token: ${error}.${advice}`);
  }
  // A refresh token and an ID token, if they came, are dropped here.
  return answer.access_token;
}

function show(verdict) {
  element('result').hidden = false;
  element('identity').hidden = !verdict.accepted;
  if (!verdict.accepted) {
    forget();
    element('verdict-sentence').textContent =
      `This coordinator does not accept your token, so it is not shown: ${verdict.message} (${verdict.reason}).`
      + ' Send this sentence to your administrator.';
    announce('This coordinator does not accept your token.');
    offerSignIn('Try again', 'To get another token, sign out of the web UI first.');
    return;
  }
  element('verdict-sentence').textContent = 'This coordinator accepts your token. To it, you are:';
  element('user').textContent = verdict.user;
  element('groups').textContent = verdict.groups.length === 0 ? 'none by the token' : verdict.groups.join(', ');
  element('use').hidden = false;
  fillSnippets(verdict.user);
  announce(`The token is ready. You are the user ${verdict.user}.`);
  countDown(verdict);
}

function countDown(verdict) {
  if (verdict.expiresAt === undefined) {
    element('expires').textContent = 'never';
    return;
  }
  const end = new Date(verdict.expiresAt * 1000);
  const time = end.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  let before = 0;
  const tick = () => {
    const left = Math.ceil((end.getTime() - Date.now() - verdict.clockOffset) / 1000);
    if (left <= 0) {
      element('expires').textContent = 'expired';
      element('problem').textContent = 'The token has expired: get another one.';
      forget();
      offerSignIn();
      return;
    }
    element('expires').textContent = `in ${duration(left)}, ${time}`;
    if (ANNOUNCED.some((limit) => left <= limit && before > limit)) {
      announce(`The token expires in ${duration(left)}.`);
    }
    before = left;
  };
  timer = setInterval(tick, 1000);
  tick();
}

function duration(seconds) {
  const parts = [
    [Math.floor(seconds / 86400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  return parts.slice(first, first + 2).map(([number, unit]) => `${number} ${unit}`).join(' ');
}

function fillSnippets(user) {
  const host = location.hostname;
  const port = location.port || '443';
  const quoted = JSON.stringify(user);
  const texts = {
    cli: `trino --server ${location.origin} --user '${user.replaceAll("'", "'\\''")}' \\
  --access-token "$TRINO_TOKEN"`,
    jdbc: `Properties properties = new Properties();
properties.setProperty("SSL", "true");
properties.setProperty("accessToken", System.getenv("TRINO_TOKEN"));
Connection connection = DriverManager.getConnection("jdbc:trino://${host}:${port}", properties);`,
    python: `import os
from trino.auth import JWTAuthentication
from trino.dbapi import connect

connection = connect(
    host="${host}",
    port=${port},
    http_scheme="https",
    user=${quoted},
    auth=JWTAuthentication(os.environ["TRINO_TOKEN"]),
)`,
    spark: `import os

frame = (
    spark.read.format("jdbc")
    .option("driver", "io.trino.jdbc.TrinoDriver")
    .option("url", "jdbc:trino://${host}:${port}?SSL=true")
    .option("accessToken", os.environ["TRINO_TOKEN"])
    .option("query", "SELECT current_user AS who")
    .load()
)`,
    dbt: `trino:
  target: dev
  outputs:
    dev:
      type: trino
      method: jwt
      jwt_token: "{{ env_var('TRINO_TOKEN') }}"
      user: ${quoted}
      host: ${host}
      port: ${port}
      http_scheme: https
      database: CATALOG
      schema: SCHEMA`,
  };
  Object.entries(texts).forEach(([name, text]) => {
    element(`snippet-${name}`).querySelector('code').textContent = text;
  });
}

async function copy() {
  try {
    await navigator.clipboard.writeText(token);
    element('copied').textContent = 'Copied. It stays in the clipboard until you copy something else.';
  } catch {
    reveal(true);
    element('copied').textContent = 'The browser does not allow it. The token is selected: copy it by Ctrl+C.';
  }
}

function reveal(shown) {
  element('token').hidden = !shown;
  // A browser may keep the text of a field, also of a hidden one.
  element('token').value = shown ? token : '';
  element('reveal').textContent = shown ? 'Hide' : 'Show';
  element('reveal').setAttribute('aria-expanded', String(shown));
  if (shown) {
    element('token').focus();
    element('token').select();
    element('token').scrollTop = 0;
  }
}

function forget() {
  clearInterval(timer);
  token = '';
  element('token').value = '';
  element('use').hidden = true;
}

const announce = (text) => {
  element('announcement').textContent = text;
};

/** The texts are those of the web UI's sign-in, which begins when the page is loaded without one. */
function offerSignIn(
  text = 'Sign in again',
  note = 'If you get to the overview of queries, open this page once more.',
) {
  const isOfWebUi = settings.source === 'web-ui';
  element('sign-in').textContent = isOfWebUi ? text : 'Sign in';
  element('sign-in-note').textContent = isOfWebUi ? note : `at ${new URL(settings.issuer).host}`;
  element('sign-in-line').hidden = false;
}

function signIn() {
  if (settings.source === 'web-ui') {
    location.reload();
  } else {
    run(signInAtIssuer);
  }
}

/** The sentence of what goes wrong, and a way out. */
async function run(task) {
  element('problem').textContent = '';
  try {
    await task();
  } catch (problem) {
    forget();
    element('problem').textContent =
      problem instanceof Problem ? problem.message : 'Something went wrong in this page: sign in again.';
    offerSignIn();
  }
}

element('copy').addEventListener('click', copy);
element('reveal').addEventListener('click', () => reveal(element('token').hidden));
element('sign-in').addEventListener('click', signIn);

// A browser may keep a page that was left, to show it again by its button for the way back.
window.addEventListener('pagehide', forget);
window.addEventListener('pageshow', (event) => {
  if (event.persisted) {
    location.reload();
  }
});

if (settings.source === 'web-ui') {
  run(showTokenOfWebUi);
} else {
  const pending = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  if (returned.has('state') || returnedInQuery.has('state')) {
    run(() => finishSignIn(JSON.parse(pending)));
  } else {
    offerSignIn();
  }
}
