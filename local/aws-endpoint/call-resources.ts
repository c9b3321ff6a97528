import type { EndpointService } from './operation.ts';

/** The tables, queue, bucket or topic that a call names, for the call log. */
export function resourcesOf(
  service: EndpointService,
  input: Record<string, unknown>,
  path: string,
): string[] {
  if (service === 'sqs')
    return [
      String(input.QueueUrl ?? '')
        .split('/')
        .at(-1) ?? '',
    ];
  if (service === 's3') return [path.split('/')[1]?.split('?')[0] ?? ''];
  if (service === 'sns') return [String(input.TopicArn ?? '')];
  if (service !== 'dynamodb') return [];
  const names = new Set<string>();
  if (typeof input.TableName === 'string') names.add(input.TableName);
  for (const name of Object.keys((input.RequestItems ?? {}) as object)) names.add(name);
  for (const item of (input.TransactItems ?? []) as Record<string, { TableName?: string }>[]) {
    for (const { TableName } of Object.values(item)) if (TableName !== undefined) names.add(TableName);
  }
  return [...names];
}
