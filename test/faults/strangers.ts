import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Addresses that answer in their own way, and how many connections came in. */
export interface Strangers {
  /** Nobody listens there. */
  readonly refusing: string;
  /** Takes connections and says nothing: no TLS is ever agreed on. */
  readonly silent: string;
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

/** Starts them. */
export async function startStrangers(): Promise<Strangers> {
  const held = new Set<Socket>();
  let came = 0;
  const silent = await listening((socket) => held.add(socket));
  const elsewhere = await listening((socket) => {
    came += 1;
    socket.destroy();
  });
  const gone = await listening((socket) => socket.destroy());
  const closed = (server: Server): Promise<void> =>
    new Promise((done) => {
      server.close(() => {
        done();
      });
    });
  await closed(gone.server);
  return {
    refusing: `http://${gone.host}`,
    silent: `https://${silent.host}`,
    elsewhere: `http://${elsewhere.host}`,
    connectionsElsewhere: () => came,
    close: async () => {
      for (const socket of held) socket.destroy();
      await Promise.all([closed(silent.server), closed(elsewhere.server)]);
    },
  };
}
