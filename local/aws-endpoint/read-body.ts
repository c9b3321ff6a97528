import type { IncomingMessage } from 'node:http';

/** DynamoDB takes at most 16 MB, SQS a little over 1 MB. */
const maxBodyBytes = 17 * 1024 * 1024;

/** Undefined when the body is too large. Events, not `for await`: this is on every call's path. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on('error', reject);
    request.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    });
  });
}
