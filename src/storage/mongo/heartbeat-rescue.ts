import type { EventEmitter } from 'node:events';
import type mongoose from 'mongoose';

/** Parts of the driver that its types leave out. */
interface Driver {
  readonly topology?: {
    readonly s?: {
      readonly servers?: ReadonlyMap<
        string,
        { readonly monitor?: { readonly connection?: { readonly socket?: EventEmitter } | null } | null }
      >;
    };
  };
}

/** Beyond what the driver itself gives a heartbeat. Milliseconds. */
const PATIENCE_MS = 1000;

/**
 * A socket that closes just before the driver (7.8) writes to it is waited for without end. Where a heartbeat does that, and the server is one that is
 * polled (no MongoDB of today, but what speaks its protocol), the driver never looks at the server again. Whoever waits is told that the
 * socket is gone, as the driver should have been; then the heartbeat fails, and the next one finds the server.
 */
export function rescueHeartbeats(client: mongoose.mongo.MongoClient, timeoutMs: number): void {
  const overdue = new Map<string, NodeJS.Timeout>();
  const rescue = (address: string) => {
    const socket = (client as unknown as Driver).topology?.s?.servers?.get(address)?.monitor?.connection?.socket;
    if (socket && socket.listenerCount('error') > 0) socket.emit('error', new Error('no heartbeat in time'));
  };
  const ended = ({ connectionId }: { readonly connectionId: string }) => {
    clearTimeout(overdue.get(connectionId));
    overdue.delete(connectionId);
  };
  client.on('serverHeartbeatStarted', (event) => {
    ended(event);
    // An awaited heartbeat lasts as long as nothing happens.
    if (!event.awaited) overdue.set(event.connectionId, setTimeout(rescue, timeoutMs + PATIENCE_MS, event.connectionId).unref());
  });
  client.on('serverHeartbeatSucceeded', ended);
  client.on('serverHeartbeatFailed', ended);
}
