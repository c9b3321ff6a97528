import { type ProblemCode, problemCodes } from '../../shared/problem.ts';

/** What a caller does about each error. */
const advice: Record<ProblemCode, string> = {
  malformed_json: 'Send UTF-8 JSON; the detail names the place where reading stopped.',
  unknown_parameter: 'Check the spelling; the detail names the nearest parameter that exists.',
  invalid_cursor: 'A cursor fits the list, filter and sort that it came from. Start again without it.',
  unsupported_sort: 'Take one of the sorts that the answer lists.',
  unauthenticated:
    'Send <code>Authorization: Bearer &lt;token or API key&gt;</code>; the detail says what is wrong.',
  forbidden: 'The role of the caller does not allow this; the detail names the roles that do.',
  not_found: 'There is nothing under this path or id for this tenant.',
  conflict: 'Somebody else changed the same thing at the same time. Read it again and repeat.',
  duplicate: 'Another record has the same unique value: <code>existingId</code> names it.',
  lease_lost: 'The task was taken over after the lease ended. Drop the work; its result no longer counts.',
  invalid_transition: 'The record or task is in a state that does not allow this.',
  idempotency_in_flight: 'The first request with this key is still running. Wait, then repeat it unchanged.',
  precondition_failed:
    'The record moved on: <code>currentVersion</code> says to which version. Read it again.',
  payload_too_large: 'Send less at once; the detail names the limit.',
  validation_failed:
    '<code>errors</code> lists each finding with a JSON Pointer into the body or a parameter.',
  idempotency_mismatch: 'Use a new key for each new request.',
  precondition_required: 'Send <code>If-Match</code> with the <code>ETag</code> that you have.',
  rate_limited: 'Wait for the seconds in <code>Retry-After</code>.',
  internal: 'Our mistake. The <code>traceId</code> finds it in the logs.',
  unavailable:
    'Something is busy. Repeat after the seconds in <code>Retry-After</code>, with the same idempotency key.',
};

/** The page that the `type` of every problem document points to. */
export function errorsPage(): string {
  const rows = Object.entries(problemCodes).map(
    ([code, { status, title }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td><td>${advice[code as ProblemCode]}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tandem API: errors</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #ddd; padding: .4rem .6rem; text-align: left; vertical-align: top; }
tr:target { background: #fff3c4; }
</style>
</head>
<body>
<h1>Errors</h1>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Its <code>code</code> is stable; <code>detail</code> is
for people, <code>traceId</code> finds the request in the logs.</p>
<table>
<thead><tr><th>code</th><th>status</th><th>meaning</th><th>what to do</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</body>
</html>
`;
}
