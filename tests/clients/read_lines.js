// Reads enriched lines on stdin with the Analytics SDK and prints them as JSON, one a line.
const { transform } = require('snowplow-analytics-sdk');
const fs = require('fs');

for (const line of fs.readFileSync(0, 'utf8').split('\n').filter((l) => l.length > 0)) {
  console.log(JSON.stringify(transform(line)));
}
