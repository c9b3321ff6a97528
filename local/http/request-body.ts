import type { IncomingMessage } from 'node:http';

/** The body is larger than the limit. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** The client went away before its request was complete. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/**
 * Reads the whole body.
 * @param limit bytes
 * @throws {BodyTooLargeError} at once when Content-Length says so; the rest of the body is then not read
 * @throws {ClientGoneError}
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLargeError();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new BodyTooLargeError();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw error;
    throw new ClientGoneError(String(error));
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/**
 * Whether HTTP APIs hand this body on as text: by its type alone, without looking at it. Everything else,
 * `application/merge-patch+json` and forms included, arrives in base64.
 */
export function isTextType(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type.startsWith('text/') || textTypes.has(type);
}

const textTypes = new Set(['application/json', 'application/xml', 'application/javascript']);
