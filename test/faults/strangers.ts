import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Addresses that answer in their own way, and how many connections came in. */
export interface Strangers {
  /** Nobody listens there. */
  readonly refusing: string;
  /** Takes connections and says nothing: no TLS is ever agreed on. */
  readonly silent: string;
  /** Takes no connection, and refuses none: the first packet of each is dropped. */
  readonly deaf: string;
  /** A host that no connection may call. */
  readonly elsewhere: string;
  readonly connectionsElsewhere: () => number;
  close(): Promise<void>;
}

async function listening(onConnection: (socket: Socket) => void): Promise<{ server: Server; host: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return { server, host: `127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

const LISTENER = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  console.log(this.address().port);
});`;
const SILENCE_MS = 300;
const MOST_FILLERS = 50;

/** Whether a connection comes about; the socket holds its place either way. */
const comesAbout = (socket: Socket): Promise<boolean> =>
  new Promise((done) => {
    socket.once('connect', () => {
      done(true);
    });
    setTimeout(done, SILENCE_MS, false);
  });

/** A process that listens and stands still: once its queue is full, the system drops whoever knocks. */
async function startDeaf(): Promise<{ host: string; close(): void }> {
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  const close = (): void => {
    for (const socket of fillers) socket.destroy();
    child.kill('SIGKILL');
  };
  let isFull = false;
  while (!isFull && fillers.length < MOST_FILLERS) {
    const socket = connect(Number(String(port)), '127.0.0.1').on('error', () => undefined);
    fillers.push(socket);
    isFull = !(await comesAbout(socket));
  }
  if (!isFull) {
    close();
    throw new Error('this system takes every connection to a listener that stands still');
  }
  return { host: `127.0.0.1:${String(port).trim()}`, close };
}

/** Starts them. */
export async function startStrangers(): Promise<Strangers> {
  const held = new Set<Socket>();
  let came = 0;
  const silent = await listening((socket) => held.add(socket));
  const elsewhere = await listening((socket) => {
    came += 1;
    socket.destroy();
  });
  const closed = (server: Server): Promise<void> =>
    new Promise((done) => {
      server.close(() => {
        done();
      });
    });
  const deaf = await startDeaf();
  return {
    refusing: 'http://127.0.0.1:1',
    silent: `https://${silent.host}`,
    deaf: `http://${deaf.host}`,
    elsewhere: `http://${elsewhere.host}`,
    connectionsElsewhere: () => came,
    close: async () => {
      deaf.close();
      for (const socket of held) socket.destroy();
      await Promise.all([closed(silent.server), closed(elsewhere.server)]);
    },
  };
}
