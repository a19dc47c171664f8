// A real browser (Chromium, without a window) before the pages of the service: `node browser.mjs VISIT`.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { told } from './steps.mjs';

const { CHROMIUM, KEY_DIGEST, SCREENSHOTS, USER_NAME, PASSWORD, ADDRESS, USER_CODE } = process.env;
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [, , visit] = process.argv;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    // The one key that the service speaks TLS with; certificates of everybody else are checked as ever.
    `--ignore-certificate-errors-spki-list=${KEY_DIGEST}`,
  ],
});

// What the browser itself complained about, a broken content security policy above all.
const complaints = [];

async function open({ script = true, width = 1024, scheme = 'light' } = {}) {
  const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width, height: 760 }, colorScheme: scheme });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.setDefaultTimeout(20_000);
  return page;
}

// The browser sets the focus when it first draws a page, which may be after the page is loaded. Asked from outside: pages without scripts
// have no timers.
async function focusIsSet(page) {
  for (let turn = 0; turn < 200; turn += 1) {
    const isSet = await page.evaluate(() => !document.querySelector('[autofocus]') || document.activeElement !== document.body);
    if (isSet) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

// What a person sees of a page, and what would be in the way of some of them.
async function look(page, name, { scripts = true } = {}) {
  await focusIsSet(page);
  if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  const seen = await page.evaluate(() => ({
    heading: document.querySelector('h1')?.innerText,
    message: document.querySelector('[role=alert]')?.innerText,
    language: document.documentElement.lang,
    focus: document.activeElement?.id || document.activeElement?.name || undefined,
    wide: document.documentElement.scrollWidth > window.innerWidth,
    outlined: document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle === 'solid',
  }));
  const barriers = scripts ? await barriersOf(page) : [];
  for (const [fault, there] of [['wider than the window', seen.wide], ['the focus cannot be seen', !seen.outlined]]) {
    if (there) barriers.push(fault);
  }
  const { heading, message, language, focus } = seen;
  told(name, { heading, message, language, focus, barriers });
}

// What axe finds: it waits for timers of the page, so the page must allow scripts.
async function barriersOf(page) {
  await page.evaluate(axe);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await page.evaluate((values) => axe.run({ runOnly: values }), tags);
  return violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html).join(' ')}`);
}

// Where the browser is sent when the application is not there to listen: asked for, and never answered.
function sent(page) {
  const request = page.waitForRequest((asked) => asked.isNavigationRequest() && asked.url().startsWith('https://localhost/'));
  return request.then((asked) => asked.url());
}

async function typed(page, id, text) {
  await page.locator(`#${id}`).fill(text);
}

const visits = {
  // The sign-in of the script of 2017, by keyboard alone.
  async keyboard() {
    const page = await open();
    const { keyboard } = page;
    await page.goto(ADDRESS);
    await look(page, 'sign-in');
    await keyboard.type(USER_NAME);
    await keyboard.press('Tab');
    await keyboard.type('not the password');
    await keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await look(page, 'wrong-password');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.waitForSelector('ul');
    await look(page, 'consent');
    await keyboard.press('Tab');
    await look(page, 'consent-by-keyboard');
    const target = sent(page);
    await keyboard.press('Enter');
    told('redirect', { address: await target });
  },

  // The same with a mouse and without scripts, on a window as small as a telephone's.
  async plain() {
    const page = await open({ script: false, width: 320 });
    await page.goto(ADDRESS);
    await look(page, 'small-sign-in', { scripts: false });
    await typed(page, 'user', USER_NAME);
    await typed(page, 'password', 'not the password');
    await page.click('text=Sign in >> nth=-1');
    await look(page, 'small-wrong-password', { scripts: false });
    await typed(page, 'password', PASSWORD);
    await page.click('button[value=yes]');
    await look(page, 'small-consent', { scripts: false });
    const target = sent(page);
    await page.click('button[value=yes]');
    told('redirect', { address: await target });
  },

  // Somebody changes their mind.
  async cancel() {
    const page = await open();
    await page.goto(ADDRESS);
    const target = sent(page);
    await page.click('button[value=no]');
    told('redirect', { address: await target });
  },

  // The code of a device.
  async device() {
    const page = await open({ width: 320 });
    await page.goto(ADDRESS);
    await look(page, 'device');
    await page.keyboard.type('BCDF-GHJK');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await look(page, 'device-wrong-code');
    await typed(page, 'user-code', USER_CODE.toLowerCase());
    await page.click('button[value=yes]');
    await page.waitForSelector('#password');
    await look(page, 'device-sign-in');
    await typed(page, 'user', USER_NAME);
    await typed(page, 'password', PASSWORD);
    await page.click('button[value=yes]');
    await page.waitForSelector('ul');
    await look(page, 'device-consent');
    await page.click('button[value=yes]');
    await page.waitForSelector('h1:not(:has-text("act for you"))');
    await look(page, 'device-done');
  },

  // An address that is wrong, and so has nobody to whom that could be told.
  async error() {
    for (const width of [1024, 320]) {
      const page = await open({ width });
      await page.goto(ADDRESS);
      await look(page, width === 320 ? 'small-error' : 'error');
    }
  },

  // `gatelog login`: the answer goes to a program of this machine.
  async login() {
    const page = await open();
    await page.goto(ADDRESS);
    await typed(page, 'user', USER_NAME);
    await typed(page, 'password', PASSWORD);
    await page.click('button[value=yes]');
    await page.waitForSelector('ul');
    await page.click('button[value=yes]');
    await page.waitForURL('http://127.0.0.1:*/**');
    await look(page, 'login-done');
  },
};

try {
  await visits[visit]();
} finally {
  told('complaints', { complaints });
  await browser.close();
}
