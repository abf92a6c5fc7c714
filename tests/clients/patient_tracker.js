// Sends events with @snowplow/node-tracker until all are taken: node patient_tracker.js HOST PORT get|post COUNT SECONDS
// Prints `refused STATUS` at the first refusal, and at the end {"refused": STATUSES, "taken": EVENT_IDS} as JSON.
const snowplow = require('@snowplow/node-tracker');

const [host, port, eventMethod, count, seconds] = process.argv.slice(2);

const refused = [];
const taken = [];
const tracker = snowplow.newTracker(
  { namespace: 'patient', appId: 'node-app' },
  {
    endpoint: host,
    protocol: 'http',
    port: Number(port),
    eventMethod,
    bufferSize: 1,
    onRequestSuccess: (events) => taken.push(...events.map((event) => event.eid)),
    onRequestFailure: (failure) => {
      if (refused.length === 0) console.log(`refused ${failure.status}`);
      refused.push(failure.status);
    },
  },
);

const deadline = Date.now() + Number(seconds) * 1000;
let tracked = 0;

// The tracker keeps what was refused, and sends it again when it is next given something to do.
async function work() {
  if (refused.length === 0 || tracked < Number(count)) {
    tracker.track(snowplow.buildStructEvent({ category: 'story', action: 'sent again', value: tracked }));
    tracked += 1;
  }
  await tracker.flush();
  if (taken.length >= tracked && refused.length > 0 && tracked >= Number(count)) {
    console.log(JSON.stringify({ refused, taken }));
  } else if (Date.now() > deadline) {
    console.error(`${taken.length} of ${tracked} events were taken, ${refused.length} requests refused`);
    process.exitCode = 1;
  } else {
    setTimeout(work, 20);
  }
}
work();
