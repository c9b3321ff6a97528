import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpOrigin } from '../types.ts';
import {
  type GatewayProblem,
  problem,
  problemContentType,
  problemDocument,
  sendProblem,
} from './gateway-problem.ts';
import { endToEndHeaders } from './request-headers.ts';

export interface FrontDependencies {
  /** Who answers; decided per request. */
  route(request: IncomingMessage): HttpOrigin | undefined;
  log(line: string): void;
}

/** CloudFront's own limits: 32 KB of headers, 60 s for the request to come in. */
const limits = { maxHeaderSize: 32_768, requestTimeout: 60_000, headersTimeout: 20_000 };

/** Longer than what clients keep connections for, so that it is never us who closes one under a request. */
const keepAliveTimeout = 75_000;

/** How long running requests may take to end when the runtime stops, in milliseconds. */
const stopPatience = 3_000;

/** The one HTTP server that clients see; it takes whatever comes in without falling over. */
export class FrontServer {
  readonly #dependencies: FrontDependencies;
  readonly #server: Server;
  readonly #upgraded = new Set<Duplex>();

  constructor(dependencies: FrontDependencies) {
    this.#dependencies = dependencies;
    this.#server = createServer({ ...limits, keepAliveTimeout, noDelay: true });
    this.#server.on('request', (request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('clientError', (error, socket) => refuseConnection(error, socket));
  }

  /** @throws when the port is taken */
  async listen(port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '127.0.0.1', resolve);
    await promise;
    this.#server.off('error', reject);
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeIdleConnections();
    for (const socket of this.#upgraded) socket.destroy();
    const patience = setTimeout(() => this.#server.closeAllConnections(), stopPatience);
    await promise;
    clearTimeout(patience);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => {});
    response.on('error', () => {});
    request.headers = endToEndHeaders(request);
    const origin = this.#dependencies.route(request);
    if (origin) origin.handle(request, response);
    else sendProblem(response, problem('not_found', 'The template has no distribution and no HTTP API'), '-');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const origin = this.#dependencies.route(request);
    if (!origin?.upgrade) {
      endConnection(socket, 404, problem('not_found', `No WebSocket at ${request.url}`));
      return;
    }
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    try {
      origin.upgrade(request, socket, head);
    } catch (error) {
      this.#dependencies.log(`upgrade: ${error}`);
      socket.destroy();
    }
  }
}

/** What Node could not read as HTTP. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      endConnection(socket, 431, problem('payload_too_large', 'The headers are larger than 32 KB', 431));
      break;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      endConnection(socket, 408, problem('unavailable', 'The request did not come in in time', 408));
      break;
    default:
      endConnection(socket, 400);
  }
}

function endConnection(socket: Duplex, status: number, answer?: GatewayProblem): void {
  const body = answer ? problemDocument(answer, '-') : '';
  const type = answer ? `content-type: ${problemContentType}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${type}content-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
