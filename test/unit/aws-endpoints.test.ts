import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { configuredEndpoint, endpointOf, regionalHost } from '../../functions/shared/aws/endpoint.ts';

const variables = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL_DYNAMODB'] as const;
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

beforeEach(() => {
  process.env.AWS_REGION = 'cn-north-1';
  for (const name of variables) delete process.env[name];
});

afterEach(() => {
  for (const name of variables) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

test('calls go to the service of the region, under the domain of its partition', () => {
  expect(endpointOf('SQS', 'sqs').href).toBe('https://sqs.cn-north-1.amazonaws.com.cn/');
  expect(regionalHost('files.s3')).toBe('files.s3.cn-north-1.amazonaws.com.cn');
  expect(configuredEndpoint('S3')).toBeUndefined();
});

test('the variable of a service goes before that of all services', () => {
  process.env.AWS_ENDPOINT_URL = 'http://all:1';
  process.env.AWS_ENDPOINT_URL_SQS = 'http://sqs:2';
  expect(endpointOf('SQS', 'sqs').host).toBe('sqs:2');
  expect(endpointOf('DYNAMODB', 'dynamodb').host).toBe('all:1');
});
