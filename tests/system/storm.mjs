import { patience } from '../browser/lib/server.mjs';

// Makes rooms over four connections until it is told to end, or its test has failed and forgot it:
// what was acknowledged, and how else the server answered.
export function storm(server) {
  const acknowledged = [];
  const refused = [];
  let going = true;
  const until = Date.now() + 120_000 * patience;
  const writers = Array.from({ length: 4 }, async () => {
    while (going && Date.now() < until) {
      const made = await server.call('POST', '/v2/rooms', {}).catch(() => null);
      if (made?.status === 200) acknowledged.push(made.body.id);
      else if (made) refused.push(made.status);
      else await new Promise((done) => setTimeout(done, 5));
    }
  });
  return { acknowledged, refused, end: () => { going = false; return Promise.all(writers); } };
}
