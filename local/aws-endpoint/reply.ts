import type { ServerResponse } from 'node:http';

/** Answers in the JSON protocol. `status` of errors as AWS has them: 400 the caller's fault, 5xx the service's. */
export function replyJson(response: ServerResponse, status: number, body: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': text.length,
    'x-amzn-requestid': crypto.randomUUID(),
  });
  response.end(text);
  return text;
}

/**
 * An error in the form that the service's SDK client understands.
 * @returns the body
 */
export function replyError(
  response: ServerResponse,
  service: string,
  status: number,
  code: string,
  message: string,
): Buffer {
  if (service !== 's3' && service !== 'sns') {
    response.setHeader('x-amzn-query-error', `${code};${status < 500 ? 'Sender' : 'Receiver'}`);
    return replyJson(response, status, { __type: code, message });
  }
  const error = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  const document = service === 's3' ? error : `<ErrorResponse>${error}</ErrorResponse>`;
  const text = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${document}`);
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': text.length });
  response.end(text);
  return text;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
