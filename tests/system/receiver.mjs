// A back end that takes webhooks: keeps each request as it came, and answers as it is told to.
import { createHmac } from 'node:crypto';
import http from 'node:http';

export async function startReceiver(port = 0) {
  // How many requests are open, were at most, and are over: answered, or given up.
  const receiver = { requests: [], open: 0, most: 0, over: 0, answer: () => 200 };
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    const chunks = [];
    receiver.open++;
    // Looked at a little later: one that was closed before this began may not be known to be.
    setTimeout(() => (receiver.most = Math.max(receiver.most, receiver.open)), 50).unref();
    response.once('close', () => {
      receiver.open--;
      receiver.over++;
    });
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const taken = { at: Date.now(), path: request.url, method: request.method,
        headers: request.headers, text, event: JSON.parse(text) };
      taken.status = receiver.answer(taken); // a status, a location, or nothing: no answer
      receiver.requests.push(taken);
      if (typeof taken.status === 'number') response.writeHead(taken.status).end();
      else if (taken.status) response.writeHead(302, { location: taken.status }).end();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  receiver.port = server.address().port;
  receiver.url = `http://127.0.0.1:${receiver.port}`;
  // Those of a room, or all; in the order of their coming.
  receiver.of = (roomId) => receiver.requests.filter(({ event }) => !roomId || event.data.room_id === roomId);
  receiver.good = (roomId) => receiver.of(roomId).filter(({ status }) => status === 200);
  receiver.types = (roomId) => receiver.good(roomId).map(({ event }) => event.type);
  receiver.stop = () => new Promise((resolve) => {
    server.close(resolve);
    for (const socket of sockets) socket.destroy();
  });
  return receiver;
}

export const hmac = (secret, text) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
