// SPDX-License-Identifier: Apache-2.0
// A Chromium that tests in Java steer. A request is a line of words, an answer a line too; each word is encoded as in a form.
//   driver.mjs PROFILE_FOLDER CERTIFICATE…   trusts servers with these certificates, and those alone
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

// The packages lie outside the tree.
const require = createRequire(process.env.NODE_PACKAGES + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [profile, ...certificates] = process.argv.slice(2);
const keys = certificates.map(file => {
  const key = new X509Certificate(readFileSync(file)).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
});
const LIMIT = 30_000;
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors-spki-list=' + keys.join(','),
  ],
  colorScheme: 'light',
  reducedMotion: 'reduce',
  viewport: { width: 1000, height: 800 },
});
context.setDefaultTimeout(LIMIT);
let page;
let complaints;

// What a page must not do: errors and warnings in the console, among them what its policy refuses, and errors thrown.
function watch(opened) {
  const complain = text => complaints.push(`${opened.url()} ${text}`);
  opened.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complain(message.text());
  });
  opened.on('pageerror', error => complain(String(error)));
}

const requests = {
  // Somebody new sits down: no cookie, no storage, no permission, one empty page.
  async fresh() {
    await context.clearCookies();
    await context.clearPermissions();
    for (const opened of context.pages().slice(1)) await opened.close();
    page = context.pages()[0] ?? await context.newPage();
    page.removeAllListeners();
    await page.goto('about:blank');
    complaints = [];
    watch(page);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1000, height: 800 });
  },
  async open(url) { await page.goto(url); },
  async reload() { await page.reload(); },
  url: () => page.url(),
  title: () => page.title(),
  // Keycloak's forms: name and password where it asks for them, and a consent where it asks for one.
  async signIn(user, password) {
    const name = page.locator('#username');
    const consent = page.locator('[name=accept]');
    await name.or(consent).first().waitFor();
    if (await name.isVisible()) {
      await name.fill(user);
      await page.fill('#password', password);
      await Promise.all([page.waitForNavigation(), page.click('#kc-login')]);
    }
  },
  async consent() { await Promise.all([page.waitForNavigation(), page.click('[name=accept]')]); },
  async click(selector) { await page.click(selector); },
  async press(key) { await page.keyboard.press(key); },
  async awaitUrl(start) { await page.waitForURL(url => String(url).startsWith(start)); },
  async awaitVisible(selector) { await page.locator(selector).first().waitFor(); },
  visible: async selector => String(await page.locator(selector).first().isVisible()),
  // As a person reads it: fields by their value.
  text: selector => page.locator(selector).first().evaluate(element => 'value' in element && element.value ? element.value : element.innerText),
  attribute: (selector, name) => page.locator(selector).first().getAttribute(name).then(value => value ?? ''),
  focused: () => page.evaluate(() => document.activeElement?.id ?? ''),
  evaluate: async script => String(await page.evaluate(script)),
  async permit(permission) { await context.grantPermissions([permission]); },
  async width(pixels) { await page.setViewportSize({ width: Number(pixels), height: 800 }); },
  async scheme(colorScheme) { await page.emulateMedia({ colorScheme }); },
  // Without their values, which tests would print.
  cookies: async () =>
    (await context.cookies())
      .map(c => [c.domain, c.path, c.name, c.httpOnly ? 'HttpOnly' : 'for scripts', c.value.includes('eyJ') ? 'with a token' : ''].join(' ').trim())
      .join('\n'),
  complaints: () => complaints.join('\n'),
  async screenshot(file) { await page.screenshot({ path: file, fullPage: true, animations: 'disabled' }); },
  // Through the debugger, since a strict policy refuses scripts of others in the page.
  async axe() {
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: axe });
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: "axe.run(document, { resultTypes: ['violations'] }).then(found => JSON.stringify(found.violations.map(v => [v.id, v.help, ...v.nodes.map(n => n.html)])))",
      awaitPromise: true,
      returnByValue: true,
    });
    await session.detach();
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return JSON.parse(result.value).map(violation => violation.join(' | ')).join('\n');
  },
};

const decode = word => decodeURIComponent(word.replaceAll('+', ' '));
const lines = createInterface({ input: process.stdin });
console.log('ready');
for await (const line of lines) {
  const [name, ...words] = line.split(' ').map(decode);
  try {
    console.log('ok ' + encodeURIComponent((await requests[name](...words)) ?? ''));
  } catch (error) {
    console.log('failed ' + encodeURIComponent(`${name} ${words.join(' ')}: ${error.message}\nat ${page?.url()}`));
  }
}
await context.close();
