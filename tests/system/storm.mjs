// Makes rooms over four connections until it is told to end: what was acknowledged, and how else the
// server answered.
export function storm(server) {
  const acknowledged = [];
  const refused = [];
  let going = true;
  const writers = Array.from({ length: 4 }, async () => {
    while (going) {
      const made = await server.call('POST', '/v2/rooms', {}).catch(() => null);
      if (made?.status === 200) acknowledged.push(made.body.id);
      else if (made) refused.push(made.status);
    }
  });
  return { acknowledged, refused, end: () => { going = false; return Promise.all(writers); } };
}
