import { describe, expect, test } from '@jest/globals';
import { RouteTable } from '../../local/http/route-table.ts';

function table(...keys: string[]): RouteTable {
  const routes = new RouteTable();
  for (const routeKey of keys) routes.add({ routeKey, integrationId: 'i' });
  return routes;
}

const documented = table(
  'GET /pets/dog/1',
  'GET /pets/dog/{id}',
  'ANY /pets/{type}/{id}',
  'GET /pets/{proxy+}',
  'ANY /{proxy+}',
  '$default',
);

describe('a request goes to the most specific route', () => {
  test.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['POST', '/pets/dog/2', 'ANY /pets/{type}/{id}', { type: 'dog', id: '2' }],
    ['GET', '/pets/cat/2', 'ANY /pets/{type}/{id}', { type: 'cat', id: '2' }],
    ['GET', '/pets/cat', 'GET /pets/{proxy+}', { proxy: 'cat' }],
    ['GET', '/pets/a/b/c', 'GET /pets/{proxy+}', { proxy: 'a/b/c' }],
    ['POST', '/pets/a/b/c', 'ANY /{proxy+}', { proxy: 'pets/a/b/c' }],
    ['GET', '/', '$default', {}],
  ])('%s %s → %s', (method, path, routeKey, parameters) => {
    expect(documented.find(method, path)).toMatchObject({ route: { routeKey }, parameters });
  });

  test('the order in which the template has them does not matter', () => {
    const reversed = table('ANY /{proxy+}', 'GET /a/{id}', 'GET /a/by', 'ANY /a/by');
    expect(reversed.find('GET', '/a/by')?.route.routeKey).toBe('GET /a/by');
    expect(reversed.find('PUT', '/a/by')?.route.routeKey).toBe('ANY /a/by');
  });
});

describe('what does not match', () => {
  const one = table('GET /contacts/{id}');

  test.each([
    ['HEAD', '/contacts/1'],
    ['GET', '/contacts'],
    ['GET', '/contacts/'],
    ['GET', '/contacts/1/'],
    ['GET', '/Contacts/1'],
    ['GET', '//contacts/1'],
  ])('%s %s', (method, path) => {
    expect(one.find(method, path)).toBeUndefined();
  });
});

test.each([
  ['/c/a%20b', 'a b'],
  ['/c/%C3%A9', 'é'],
  ['/c/a%2Fb', 'a/b'],
  ['/c/%ff', '�'],
  ['/c/100%', '100%'],
  ['/c/%zz%41', '%zzA'],
])('the parameter of %s is %s', (path, id) => {
  expect(table('GET /c/{id}').find('GET', path)?.parameters).toEqual({ id });
});

test.each([
  ['GET', 'is not of the form'],
  ['FETCH /a', 'is not of the form'],
  ['GET a', 'is not of the form'],
  ['GET /{a+}/b', 'must come last'],
  ['GET /a{b}', 'neither text nor one parameter'],
])('the route key "%s" is refused', (routeKey, message) => {
  expect(() => table(routeKey)).toThrow(message);
});

test('two routes that nothing can tell apart are refused', () => {
  expect(() => table('GET /a/{id}', 'GET /a/{name}')).toThrow('there is already a route GET /a/{name}');
});
