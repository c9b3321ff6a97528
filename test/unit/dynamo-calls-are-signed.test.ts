import { describe, expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import {
  presignUrl,
  sha256Hex,
  signRequest,
  unsignedPayload,
} from '../../functions/shared/aws/sign-request.ts';
import { signPost } from '../../functions/shared/aws/sigv4.ts';
import { Sha256 } from '../support/sha256.ts';

const at = new Date('2026-01-31T09:30:00.123Z');
const body = JSON.stringify({ TableName: 'tasks', Key: { pk: { S: 'ä#1' } } });

describe('a DynamoDB call', () => {
  test.each([
    ['long-lived credentials', undefined],
    ['a session of a role', 'token/with+signs=='],
  ])('is signed as the AWS signer would, with %s', async (_, sessionToken) => {
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken };
    const headers = {
      host: 'dynamodb.eu-central-1.amazonaws.com',
      'x-amz-target': 'DynamoDB_20120810.GetItem',
    };
    const reference = await new SignatureV4({
      service: 'dynamodb',
      region: 'eu-central-1',
      credentials,
      sha256: Sha256,
      applyChecksum: false,
    }).sign(
      { method: 'POST', protocol: 'https:', hostname: headers.host, path: '/', query: {}, headers, body },
      { signingDate: at },
    );
    const signed = signPost(
      { ...credentials, region: 'eu-central-1', service: 'dynamodb' },
      headers,
      body,
      at,
    );
    expect(signed.authorization).toBe(reference.headers.authorization);
    expect(signed['x-amz-date']).toBe(reference.headers['x-amz-date']);
    expect(signed['x-amz-security-token']).toBe(sessionToken);
  });
});

describe('any other call', () => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'a/b+c==' };
  const signing = { ...credentials, region: 'eu-central-1', service: 's3' };
  const url = new URL("http://files.example:9000/imports/t1/file_1/a.csv?partNumber=2&uploadId=x/y+z'~*%20ä");
  const theirs = () =>
    new SignatureV4({
      service: 's3',
      region: 'eu-central-1',
      credentials,
      sha256: Sha256,
      uriEscapePath: false,
    });
  const request = (headers: Record<string, string>) => ({
    method: 'PUT',
    protocol: url.protocol,
    hostname: 'files.example',
    port: 9000,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
  });

  test('with a query and an unsigned body is signed as the AWS signer would', async () => {
    const headers = { 'content-type': 'text/csv', 'x-amz-content-sha256': unsignedPayload };
    const reference = await theirs().sign(request(headers), { signingDate: at });
    const signed = signRequest(signing, { method: 'PUT', url, headers }, unsignedPayload, at);
    expect(signed.authorization).toBe(reference.headers.authorization);
  });

  test('with a body is signed as the AWS signer would', async () => {
    const signer = new SignatureV4({
      service: 'sqs',
      region: 'eu-central-1',
      credentials,
      sha256: Sha256,
      applyChecksum: false,
    });
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' };
    const reference = await signer.sign({ ...request(headers), body }, { signingDate: at });
    const context = { ...signing, service: 'sqs' };
    const signed = signRequest(context, { method: 'PUT', url, headers }, sha256Hex(body), at);
    expect(signed.authorization).toBe(reference.headers.authorization);
  });

  test('that somebody else makes has a URL as the AWS signer would make it', async () => {
    const headers = { 'content-type': 'text/csv' };
    const reference = await theirs().presign(
      request({ ...headers, 'x-amz-content-sha256': unsignedPayload }),
      {
        signingDate: at,
        expiresIn: 900,
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
      },
    );
    const signed = new URL(presignUrl(signing, { method: 'PUT', url, headers }, 900, at));
    expect(Object.fromEntries(signed.searchParams)).toEqual(reference.query);
  });
});
