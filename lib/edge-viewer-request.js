// Runs in CloudFront before each request (cloudfront-js-2.0: no modules, no network).

// HTTP API ends at 10 MB and our own handlers at 1 MB; this only keeps what is hopeless away from them.
const largestBody = 6 * 1024 * 1024;

// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls the function of this name
function handler(event) {
  const request = event.request;
  const headers = request.headers;

  const length = headers['content-length'] ? Number(headers['content-length'].value) : 0;
  if (length > largestBody) return tooLarge(event.context.requestId);

  // HTTP API refuses a request without its identity source before the authorizer can answer a problem document.
  if (!headers.authorization) headers.authorization = { value: 'none' };

  if (request.uri === '/api/graphql') request.uri = '/graphql';
  return request;
}

function tooLarge(requestId) {
  return {
    statusCode: 413,
    statusDescription: 'Payload Too Large',
    headers: {
      'content-type': { value: 'application/problem+json' },
      'cache-control': { value: 'no-store' },
    },
    body: JSON.stringify({
      type: '/api/docs/errors#payload_too_large',
      title: 'Payload too large',
      status: 413,
      detail: 'The body is larger than 1 MB',
      code: 'payload_too_large',
      traceId: requestId,
    }),
  };
}
