// Opens every page of the built site in Chromium. Each page must load without an error, without a
// failed request and without a request to another machine, and must fit the width of a phone. The
// search must find the expected pages, and the pages must follow the dark theme.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './packages.mjs';
import { serveStatic } from './static-server.mjs';

const docs = join(root, 'docs');
const site = join(docs, '.vitepress', 'dist');
const pictures = join(docs, '.screenshots');
const phone = { width: 360, height: 740 };
const desktop = { width: 1280, height: 900 };
/** The pages to take pictures of. */
const shown = [
  '/',
  '/start',
  '/guides/http-over-af-unix',
  '/guides/testing-on-linux',
  '/how/afd-poll',
  '/how/stages',
  '/kb/FINDINGS',
  '/speed',
  '/api/tofu-reactor',
];

/** Search terms, and the page that must be among what is found. */
const searches = [
  ['HTTP AF_UNIX', '/guides/http-over-af-unix'],
  ['http unix domain socket', '/guides/http-over-af-unix'],
  ['unix socket', '/guides/http-over-af-unix'],
  ['ApcContext', '/how/afd-poll'],
  ['ApcContext null', '/how/afd-poll'],
  ['AF_UNIX Windows', '/support'],
  ['unverified', '/support'],
];

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.CHROMIUM ?? browsers.find((each) => existsSync(each));
if (executablePath === undefined) {
  console.error(
    'No Chromium was found. Install it by apt-get install chromium, or set CHROMIUM to its path.',
  );
  process.exit(1);
}
if (!existsSync(join(site, 'index.html'))) {
  console.error('The site is not built. Run: npm run docs');
  process.exit(1);
}

const pages = readdirSync(site, { recursive: true })
  .map((file) => String(file).replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.html') && file !== '404.html')
  .map((file) => `/${file.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '')}`);

const failures = [];
const { origin, close } = await serveStatic(site);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

/** Opens a page in the browser and collects its errors. */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(120_000); // loading a page takes long on a busy machine
  let at = '';
  const fail = (what) => failures.push(`${at}: ${what}`);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) fail(message.text());
  });
  page.on('pageerror', (error) => fail(error.message));
  page.on('requestfailed', (request) => {
    // A page cancels its prefetches when the browser leaves it.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') fail(`${request.url()} failed`);
  });
  page.on('request', (request) => {
    const { url } = { url: request.url() };
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) fail(`asks ${url}`);
  });
  const visit = async (path) => {
    at = path;
    const response = await page.goto(`${origin}${path}`, { waitUntil: 'load' });
    if (response?.status() !== 200) fail(`status ${response?.status()}`);
    await page.waitForSelector('#app .VPContent, #app .VPHome');
    const text = await page.locator('.VPContent').textContent();
    const titles = await page.locator('.vp-doc h1').count();
    if (titles > 1) fail(`has ${titles} titles: an include found no region, and took a whole file`);
    if (text?.includes(':::'))
      fail('shows ":::": write the marks of a container on lines of their own');
  };
  return { page, visit, fail };
}

const overflow = () => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return '';
  const wide = [...document.querySelectorAll('body *')].find((each) => {
    const { right } = each.getBoundingClientRect();
    return right > clientWidth + 1 && each.closest('.drawing, .scroll, table, pre') === null;
  });
  return `${scrollWidth} px wide: <${wide?.tagName.toLowerCase()} class="${wide?.className}">`;
};

const light = await open({ viewport: desktop, colorScheme: 'light' });
const narrow = await open({
  viewport: phone,
  colorScheme: 'light',
  hasTouch: true,
  isMobile: true,
});
for (const path of pages) {
  await light.visit(path);
  await narrow.visit(path);
  const wide = await narrow.page.evaluate(overflow);
  if (wide !== '') narrow.fail(`scrolls sideways on a phone: ${wide}`);
}

for (const [term, expected] of searches) {
  await light.visit('/');
  await light.page.locator('.DocSearch-Button').first().click();
  await light.page.locator('.VPLocalSearchBox input').fill(term);
  await light.page.waitForSelector('.VPLocalSearchBox .result', { timeout: 60_000 });
  const found = await light.page
    .locator('.VPLocalSearchBox a.result')
    .evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  if (!found.includes(expected)) {
    failures.push(`The search for "${term}" finds ${found.join(', ')}, and not ${expected}.`);
  }
}

const brightness = () => {
  const [red, green, blue] = getComputedStyle(document.body)
    .backgroundColor.match(/\d+/g)
    .map(Number);
  return (red + green + blue) / 3;
};
const dark = await open({ viewport: desktop, colorScheme: 'dark' });
await dark.visit('/how/afd-poll');
await light.visit('/how/afd-poll');
if ((await dark.page.evaluate(brightness)) > 80) dark.fail('is not dark in dark mode');
if ((await light.page.evaluate(brightness)) < 200) light.fail('is not light in light mode');
const textOfDrawing = () => getComputedStyle(document.querySelector('.dg-text')).fill;
if ((await dark.page.evaluate(textOfDrawing)) === (await light.page.evaluate(textOfDrawing))) {
  dark.fail('has drawings in the colours of the light theme');
}

if (process.argv.includes('--screenshots')) {
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  for (const [name, { page, visit }] of Object.entries({ light, dark, narrow })) {
    for (const path of shown) {
      await visit(path);
      await page.waitForTimeout(300);
      const file = `${path.slice(1).replaceAll('/', '-') || 'home'}-${name}.png`;
      await page.screenshot({ path: join(pictures, file) });
    }
  }
  console.log(`Pictures are in ${pictures}.`);
}

await browser.close();
close();
for (const each of failures) console.error(each);
console.log(`${pages.length} pages in Chromium, ${failures.length} failures.`);
process.exitCode = failures.length === 0 ? 0 : 1;
