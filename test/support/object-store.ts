import { createServer } from 'node:http';

export interface ObjectStore {
  /** Path (`/bucket/key`) → body. */
  objects: Map<string, string>;
  stop(): Promise<void>;
}

/** A bucket of a test's own, in memory: PUT and GET; `BUCKET_FILES` and the SDK's endpoint variable point to it. */
export async function startObjectStore(): Promise<ObjectStore> {
  const objects = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (request.method === 'PUT') {
      let text = '';
      for await (const chunk of request) text += chunk;
      objects.set(path, text);
      response.end();
    } else {
      const body = objects.get(path);
      // As S3 answers those who may not list.
      response.writeHead(body === undefined ? 403 : 200).end(body);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  process.env.AWS_ENDPOINT_URL_S3 = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  process.env.BUCKET_FILES = 'files';
  return {
    objects,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
