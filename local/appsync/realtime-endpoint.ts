import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { RequestRefused } from './caller.ts';
import { type RealtimeDeps, serveRealtimeConnection } from './realtime-connection.ts';
import { connectionHeaders, SUBPROTOCOL } from './realtime-protocol.ts';

/** Larger than any subscription document; AppSync's own limit for a message is 240 KB. */
const MAX_MESSAGE_BYTES = 240 * 1024;

/** Accepts WebSockets for one API. */
export interface RealtimeEndpoint {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Open connections. */
  readonly size: number;
  close(): void;
}

/** Authorization fails after the handshake, with a `connection_error` that a browser can read. */
export function createRealtimeEndpoint(deps: RealtimeDeps): RealtimeEndpoint {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => SUBPROTOCOL,
  });
  return {
    get size() {
      return server.clients.size;
    },
    upgrade(request, socket, head) {
      const protocols = (request.headers['sec-websocket-protocol'] ?? '')
        .split(',')
        .map((name) => name.trim());
      if (!protocols.includes(SUBPROTOCOL)) {
        socket.end(
          'HTTP/1.1 400 Bad Request\r\nconnection: close\r\nx-amzn-errortype: NoProtocolError\r\n\r\n',
        );
        return;
      }
      const sourceIp = request.socket.remoteAddress ?? '';
      const authorized = authorize(request.url ?? '', protocols, sourceIp);
      // Listened to below; until then a rejection must not count as unhandled.
      authorized.catch(() => {});
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // What arrives before the verdict waits in the socket.
        webSocket.pause();
        authorized.then(
          () => {
            deps.count('ConnectSuccess');
            serveRealtimeConnection(webSocket, sourceIp, deps);
            webSocket.resume();
          },
          (error: unknown) => {
            deps.count('ConnectClientError');
            webSocket.on('error', () => {});
            webSocket.resume();
            webSocket.send(
              JSON.stringify({ type: 'connection_error', payload: { errors: [refusal(error)] } }),
            );
            webSocket.close(1008);
          },
        );
      });
    },
    close() {
      for (const client of server.clients) client.close(1001);
      server.close();
    },
  };

  async function authorize(url: string, protocols: readonly string[], sourceIp: string): Promise<void> {
    await deps.authenticate({ headers: connectionHeaders(url, protocols), sourceIp });
  }
}

function refusal(error: unknown) {
  return error instanceof RequestRefused
    ? { errorType: error.errorType, message: error.message, errorCode: error.status }
    : { errorType: 'InternalFailure', message: String(error), errorCode: 500 };
}
