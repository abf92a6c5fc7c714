// Visits pages with @snowplow/browser-tracker in Chromium and prints what the browser saw as one JSON object:
//   node browser.js COLLECTOR_URL events get|post base64|plain
//   node browser.js COLLECTOR_URL visit
//   node browser.js COLLECTOR_URL anonymous
// The collector is on 127.0.0.1. Pages of `events` come from `localhost`: another site, whose cookies Chromium refuses to
// store. Those of the others come from another port of 127.0.0.1: another origin of the same site, as most operators do it.
const fs = require('fs');
const http = require('http');
const { chromium } = require('playwright-core');

const [collector, scenario, eventMethod = 'post', encoding = 'base64'] = process.argv.slice(2);

const HOST = scenario === 'events' ? 'localhost' : '127.0.0.1';
const TRACKER = fs.readFileSync(require.resolve('@snowplow/browser-tracker/dist/index.umd.min.js'));

const html = (title, script) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,">
<style>body { margin: 0; height: 2000px }</style></head>
<body><a id="next" href="/second?from=first">next</a>
<script src="/tracker.js"></script><script>${script}</script></body></html>`;

const tracker = (options) =>
  `const snowplow = snowplowBrowserTracking; snowplow.newTracker('sp', ${JSON.stringify(collector)}, ${JSON.stringify({
    appId: 'shop-web',
    contexts: { webPage: true },
    eventMethod,
    encodeBase64: encoding === 'base64',
    keepalive: true,
    ...options,
  })});`;

const EVENTS = `${tracker({ bufferSize: 1 })}
snowplow.setUserId('user-3');
snowplow.trackPageView();
snowplow.trackStructEvent({ category: 'cart', action: 'add', label: 'ski-42', property: 'left', value: 12.5 });
snowplow.trackSelfDescribingEvent({
  event: { schema: 'iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1', data: { targetUrl: 'https://shop.example/checkout', elementClasses: ['button', 'primary'] } },
  context: [{ schema: 'iglu:com.example.shop/product/jsonschema/1-0-0', data: { sku: 'ski-42', name: 'Fell ⛷', price: 39.9, tags: ['new', 'snow'] } }],
});`;

// What is tracked later waits in a buffer of ten until the page is left.
const FIRST = `${tracker({ bufferSize: 10 })}
snowplow.trackPageView();
snowplow.flushBuffer({ newBufferSize: 10 });`;
const LEAVING = "snowplow.trackStructEvent({ category: 'page', action: 'leave' })";

const SECOND = `${tracker({ bufferSize: 1 })}
snowplow.enableActivityTracking({ minimumVisitLength: 1, heartbeatDelay: 1 });
snowplow.trackPageView();`;

const ANONYMOUS = `${tracker({ bufferSize: 1, anonymousTracking: { withServerAnonymisation: true } })}
snowplow.trackPageView();`;

const PAGES = {
  '/': html('Start', ''),
  '/events': html('Fell ski – Größe 42', EVENTS),
  '/first': html('First', FIRST),
  '/second': html('Second', SECOND),
  '/anonymous': html('Nobody', ANONYMOUS),
};

const site = http.createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/tracker.js') {
    response.setHeader('content-type', 'text/javascript').end(TRACKER);
  } else if (PAGES[path]) {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGES[path]);
  } else {
    response.statusCode = 404;
    response.end();
  }
});

async function main() {
  await new Promise((ready) => site.listen(0, HOST, ready));
  const origin = `http://${HOST}:${site.address().port}`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
  const context = await browser.newContext({
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) piste-story/3.0',
    viewport: { width: 1000, height: 700 },
    screen: { width: 1920, height: 1080 },
    locale: 'en-GB',
    timezoneId: 'Europe/Paris',
  });
  const page = await context.newPage();
  // Below the page, where the preflights and the final headers are.
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const exchanges = new Map();
  const exchange = (id) => {
    if (!exchanges.has(id)) exchanges.set(id, {});
    return exchanges.get(id);
  };
  network.on('Network.requestWillBeSent', ({ requestId, request, type }) =>
    Object.assign(exchange(requestId), { url: request.url, method: request.method, type, body: request.postData }),
  );
  network.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => Object.assign(exchange(requestId), { sent: headers }));
  network.on('Network.responseReceived', ({ requestId, response }) => Object.assign(exchange(requestId), { status: response.status }));
  network.on('Network.responseReceivedExtraInfo', ({ requestId, headers, statusCode, blockedCookies }) =>
    Object.assign(exchange(requestId), { received: headers, status: statusCode, blocked: blockedCookies.map((c) => c.blockedReasons).flat() }),
  );
  network.on('Network.loadingFailed', ({ requestId, errorText }) => Object.assign(exchange(requestId), { failed: errorText }));
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));

  const toCollector = () => [...exchanges.values()].filter((e) => e.url && e.url.startsWith(collector));
  // Ids, because the tracker may send one event twice when its page is left.
  const events = (e) => (e.method === 'POST' ? JSON.parse(e.body).data.map((event) => event.eid) : [new URL(e.url).searchParams.get('eid')]);
  const answered = () => toCollector().filter((e) => e.method !== 'OPTIONS' && e.status === 200);
  const stored = () => new Set(answered().flatMap(events)).size;
  const until = async (what, condition) => {
    const deadline = Date.now() + 20000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}: ${complaints} ${JSON.stringify(toCollector())}`);
      await page.waitForTimeout(25);
    }
  };

  if (scenario === 'events') {
    await page.goto(`${origin}/`);
    await page.goto(`${origin}/events?utm_source=mail&q=a%20b#reviews`, { referer: 'https://search.example/find?q=ski' });
    await until('three events', () => stored() >= 3);
  } else if (scenario === 'visit') {
    await page.goto(`${origin}/first`);
    await until('the first page view', () => stored() >= 1);
    await page.evaluate(LEAVING);
    await page.click('#next');
    await until('the event of leaving and the second page view', () => stored() >= 3);
    await page.mouse.wheel(0, 400);
    await until('a page ping', () => stored() >= 4);
  } else if (scenario === 'anonymous') {
    await page.goto(`${origin}/anonymous`);
    await until('the page view', () => stored() >= 1);
  } else {
    throw new Error(`no scenario ${scenario}`);
  }

  const cookies = await context.cookies();
  await browser.close();
  site.close();
  process.stdout.write(JSON.stringify({ origin, exchanges: toCollector(), cookies, complaints }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
