// A real bottleneck: a network namespace in which one browser lives. What comes to it comes through a queue of the
// kernel's before a line of limited rate (`tc tbf`). Pages and signalling do not: the servers' ports on 127.0.0.1 are
// there too, over Unix sockets, so that only media is judged.
//
//     server --- relay ---> [ queue ] ---> line ---> Chromium        10.x.y.1 ---> 10.x.y.2
//        127.0.0.1:port <--- Unix socket <--- 127.0.0.1:port
//
// Without root, or where namespaces are not permitted, whyNoBottleneck() says so.
import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (...words) => execFileSync(words[0], words.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

// Runs in the namespace: listens where the servers do outside.
const doors = `
  const { connect, createServer } = require('node:net');
  const [folder, ...ports] = process.argv.slice(1);
  for (const port of ports) createServer((inside) => {
    const outside = connect(folder + '/' + port);
    for (const [from, to] of [[inside, outside], [outside, inside]]) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }).listen(Number(port), '127.0.0.1');
  process.stdin.resume().on('end', () => process.exit());
  process.stdout.write('listening');
`;

// Undefined where a bottleneck can be made.
export function whyNoBottleneck() {
  const name = `parlor-probe-${process.pid}`;
  try {
    run('ip', 'netns', 'add', name);
    try {
      run('ip', 'netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up');
      run('ip', 'netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', 'rate', '1mbit', 'burst', '4kb', 'latency', '10ms');
    } finally {
      run('ip', 'netns', 'del', name);
    }
    return undefined;
  } catch (error) {
    return `no network namespaces or no tc here: ${String(error.stderr || error.message).trim()}`;
  }
}

function openWay(folder, port) {
  const server = createServer((inside) => {
    const outside = connect(port, '127.0.0.1');
    for (const [from, to] of [[inside, outside], [outside, inside]]) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  return new Promise((resolve) => server.listen(join(folder, `${port}`), () => resolve(server)));
}

// `ports` are of servers on 127.0.0.1 that the browser talks to.
export async function openBottleneck(ports, kbps, queueMs = 1000) {
  const id = randomInt(0x10000).toString(16);
  const name = `parlor-${id}`;
  const device = `pl-${id}`;
  const net = `10.${randomInt(80, 250)}.${randomInt(250)}`;
  const folder = mkdtempSync(join(tmpdir(), 'parlor-bottleneck-'));
  const ways = { way: device };
  let rate = kbps;
  const shape = (verb) => run('tc', 'qdisc', verb, 'dev', device, 'root', 'tbf', 'rate', `${rate}kbit`,
    'burst', '3kb', 'limit', `${Math.round(rate * queueMs / 8)}`);

  run('ip', 'netns', 'add', name);
  const inside = (...words) => run('ip', 'netns', 'exec', name, ...words);
  run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'way', 'netns', name);
  run('ip', 'addr', 'add', `${net}.1/30`, 'dev', device);
  run('ip', 'link', 'set', device, 'up');
  inside('ip', 'link', 'set', 'lo', 'up');
  inside('ip', 'addr', 'add', `${net}.2/30`, 'dev', 'way');
  inside('ip', 'link', 'set', 'way', 'up');
  shape('add');

  const sockets = await Promise.all(ports.map((port) => openWay(folder, port)));
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', doors, '--', folder, ...ports.map(String)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const executable = join(folder, 'chromium');
  writeFileSync(executable, `#!/bin/sh\nexec ip netns exec ${name} /usr/bin/chromium "$@"\n`);
  chmodSync(executable, 0o755);

  const waits = []; // [moment, milliseconds that a packet would wait]
  let timer;
  const look = () => {
    const [, size, unit] = run('tc', '-s', 'qdisc', 'show', 'dev', device).match(/backlog (\d+)(K?)b/);
    waits.push([performance.now(), Number(size) * (unit ? 1024 : 1) * 8 / rate]);
  };
  return {
    executable,
    host: `${net}.1`, // where the namespace reaches us
    get rate() { return rate; },
    setRate(next) {
      rate = next;
      shape('change');
    },
    // A second way from the namespace to us, as a phone has one beside Wi-Fi; each of its addresses has its own.
    addWay() {
      const other = `po-${id}`;
      const far = net.replace(/\d+$/, (last) => `${(Number(last) + 1) % 250}`);
      run('ip', 'link', 'add', other, 'type', 'veth', 'peer', 'name', 'mobile', 'netns', name);
      run('ip', 'addr', 'add', `${far}.1/30`, 'dev', other);
      run('ip', 'link', 'set', other, 'up');
      inside('ip', 'addr', 'add', `${far}.2/30`, 'dev', 'mobile');
      inside('ip', 'link', 'set', 'mobile', 'up');
      inside('ip', 'route', 'add', `${net}.0/30`, 'via', `${far}.1`, 'dev', 'mobile', 'metric', '500');
      inside('ip', 'route', 'add', 'default', 'via', `${far}.1`, 'dev', 'mobile', 'table', '100');
      inside('ip', 'rule', 'add', 'from', `${far}.2`, 'table', '100');
      ways.mobile = other;
    },
    // 'way' or 'mobile' is 'down', or 'up' again.
    setWay: (which, state) => inside('ip', 'link', 'set', which, state),
    // How many packets each carried until now, both directions.
    carried: () => Object.fromEntries(Object.entries(ways).map(([which, ours]) => {
      const [{ stats64: { rx, tx } }] = JSON.parse(run('ip', '-stats', '-json', 'link', 'show', 'dev', ours));
      return [which, rx.packets + tx.packets];
    })),
    watch() {
      waits.length = 0;
      clearInterval(timer);
      timer = setInterval(look, 100);
    },
    // The longest wait since a moment, and for how long without a break it was over 200 ms.
    queue(since = 0) {
      let longest = 0;
      let over = 0;
      let overSince;
      for (const [at, wait] of waits) {
        if (at < since) continue;
        longest = Math.max(longest, wait);
        if (wait <= 200) overSince = undefined;
        else over = Math.max(over, at - (overSince ??= at));
      }
      return { longest, over };
    },
    dropped: () => Number(run('tc', '-s', 'qdisc', 'show', 'dev', device).match(/dropped (\d+)/)[1]),
    async close() {
      clearInterval(timer);
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
      for (const socket of sockets) socket.close();
      run('ip', 'netns', 'del', name); // and with it its device, and ours
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
