import { describe, expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../functions/shared/aws/signed-request.ts';
import { signPost } from '../../functions/shared/aws/sigv4.ts';

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
