import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { InvocationSource, ResolvedResource } from '../types.ts';

const properties = z.strictObject({
  Action: z.enum(['lambda:InvokeFunction', 'lambda:*']),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});

/** One statement of a function's resource policy, made by an `AWS::Lambda::Permission`. */
export interface ResourcePermission {
  /** `apigateway.amazonaws.com` */
  principal: string;
  /** With `*` and `?`; absent: any source of the principal. */
  sourceArn?: string;
}

/** @throws {Error} for a permission that the runtime cannot honour */
export function readPermission({ properties: given }: ResolvedResource): {
  functionName: string;
  permission: ResourcePermission;
} {
  const { FunctionName, Principal, SourceArn } = parseProperties(properties, given);
  return { functionName: FunctionName, permission: { principal: Principal, sourceArn: SourceArn } };
}

/** Whether any statement lets the source in, as Lambda's `ArnLike` condition decides it. */
export function isPermitted(permissions: readonly ResourcePermission[], source: InvocationSource): boolean {
  return permissions.some(
    ({ principal, sourceArn }) =>
      principal === source.service && (sourceArn === undefined || arnLike(sourceArn, source.arn)),
  );
}

/** `*` stays within one of the six parts of an ARN; within the last it crosses slashes. */
export function arnLike(pattern: string, arn: string): boolean {
  const patterns = splitArn(pattern);
  const parts = splitArn(arn);
  return patterns.length === parts.length && patterns.every((part, i) => wildcard(part, parts[i] ?? ''));
}

function splitArn(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function wildcard(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}
