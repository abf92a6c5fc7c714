// Sends one event of each kind with @snowplow/node-tracker: node node_tracker.js HOST PORT get|post base64|plain
const snowplow = require('@snowplow/node-tracker');

const [host, port, eventMethod, encoding] = process.argv.slice(2);

const refused = [];
const tracker = snowplow.newTracker(
  { namespace: 'node-ns', appId: 'node-app', encodeBase64: encoding === 'base64' },
  {
    endpoint: host,
    protocol: 'http',
    port: Number(port),
    eventMethod,
    bufferSize: 1,
    onRequestFailure: (failure) => refused.push(failure.message),
  },
);

tracker.setPlatform('srv');
tracker.setUserId('user-1');
tracker.setScreenResolution(1920, 1080);
tracker.setViewport(800, 600);
tracker.setColorDepth(24);
tracker.setTimezone('Europe/Berlin');
tracker.setLang('de-DE');
tracker.setIpAddress('198.51.100.7');
tracker.setUseragent('piste-story/1.0 (a "quoted" agent; ü)');
tracker.setDomainUserId('d5b1c2a4-1111-4222-8333-444455556666');
tracker.setNetworkUserId('0f8fad5b-d9cb-469f-a165-70867728950e');
tracker.setSessionId('3f2504e0-4f89-41d3-9a0c-0305e82c3301');
tracker.setSessionIndex(3);

const webPage = { schema: 'iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0', data: { id: 'c6ef3124-b53a-4b13-a233-0088f79dcbcb' } };
const product = { schema: 'iglu:com.example.shop/product/jsonschema/1-0-0', data: { sku: 'ski-42', name: 'Fell ⛷', price: 39.9, tags: ['new', 'snow'] } };
const at = { type: 'dtm', value: 1700000000123 };

tracker.track(
  snowplow.buildPageView({
    pageUrl: 'https://shop.example:8443/skis/fell?utm_source=mail&q=a%20b#reviews',
    pageTitle: 'Fell ski – Größe 42',
    referrer: 'https://search.example/find?q=ski',
  }),
  [webPage],
  at,
);
tracker.track(
  snowplow.buildPagePing({
    pageUrl: 'https://shop.example/skis',
    pageTitle: 'Skis',
    referrer: 'https://shop.example/',
    minXOffset: 0,
    maxXOffset: 5,
    minYOffset: 10,
    maxYOffset: 900,
  }),
  [webPage],
  at,
);
tracker.track(
  snowplow.buildStructEvent({ category: 'cart', action: 'add', label: 'ski-42', property: 'left', value: 12.5 }),
  [],
  { type: 'ttm', value: 1700000001456 },
);
tracker.track(
  snowplow.buildLinkClick({
    targetUrl: 'https://shop.example/checkout',
    elementId: 'buy',
    elementClasses: ['button', 'primary'],
    elementTarget: '_self',
    elementContent: 'Buy now',
  }),
  [webPage, product],
  at,
);
tracker.track(
  snowplow.buildEcommerceTransaction({
    orderId: 'order-9',
    affiliation: 'web',
    total: 44.9,
    tax: 7.17,
    shipping: 5,
    city: 'Innsbruck',
    state: 'Tirol',
    country: 'AT',
    currency: 'EUR',
  }),
  [],
  at,
);
tracker.track(
  snowplow.buildEcommerceTransactionItem({
    orderId: 'order-9',
    sku: 'ski-42',
    name: 'Fell',
    category: 'skis',
    price: 39.9,
    quantity: 1,
    currency: 'EUR',
  }),
  [],
  at,
);

tracker.flush().then(() => {
  if (refused.length > 0) {
    console.error(refused.join('\n'));
    process.exitCode = 1;
  }
});
