import type { ServerResponse } from 'node:http';

/** Answers in the JSON protocol. `status` of errors as AWS has them: 400 the caller's fault, 5xx the service's. */
export function replyJson(response: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': text.length,
    'x-amzn-requestid': crypto.randomUUID(),
  });
  response.end(text);
}

/** An error in the form that the service's SDK client understands. */
export function replyError(
  response: ServerResponse,
  service: string,
  status: number,
  code: string,
  message: string,
): void {
  if (service !== 's3' && service !== 'sns') {
    response.setHeader('x-amzn-query-error', `${code};${status < 500 ? 'Sender' : 'Receiver'}`);
    replyJson(response, status, { __type: code, message });
    return;
  }
  const error = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  const text = service === 's3' ? error : `<ErrorResponse>${error}</ErrorResponse>`;
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
