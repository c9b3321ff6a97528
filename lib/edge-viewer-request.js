// Runs in CloudFront before each request (cloudfront-js-2.0: no modules, no network).

// Our own handlers end at 1 MiB; the rest is room for them to say so themselves. Much more would not always reach
// them, since a body is escaped into the event and Lambda takes events of 6 MB.
const largestBody = 1.25 * 1024 * 1024;

// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls the function of this name
function handler(event) {
  const request = event.request;
  const headers = request.headers;

  const length = headers['content-length'] ? Number(headers['content-length'].value) : 0;
  if (length > largestBody) return tooLarge(event.context.requestId);

  // HTTP API refuses a request without its identity source before the authorizer can answer a problem document.
  if (!headers.authorization) headers.authorization = { value: 'none' };

  if (request.uri === '/api/graphql') {
    request.uri = '/graphql';
    // AppSync is reported not to hand `Bearer <token>` to a Lambda authorizer (amplify-category-api#2128).
    headers.authorization.value = headers.authorization.value.replace(/^\s*bearer\s+/i, '');
  }
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
      detail: 'The body is larger than the limit of 1 MiB',
      code: 'payload_too_large',
      traceId: requestId,
    }),
  };
}
