import { routeTable } from '../../../functions/route-table.ts';
import type { Route } from '../../../functions/shared/route.ts';
import type { Api } from './api.ts';

const sampleStages = [
  { name: 'Talks', kind: 'open', probability: 40 },
  { name: 'Won', kind: 'won' },
  { name: 'Lost', kind: 'lost' },
];

/**
 * A body that each operation with a body accepts, so that generated tests reach the rule they test.
 * A new route without a sample fails the tests that are generated from the route table.
 */
const sampleBodies: Record<string, Record<string, unknown>> = {
  createContact: { name: 'Sample' },
  updateContact: { title: 'Sample' },
  batchContacts: { operations: [{ op: 'create', data: { name: 'Sample' } }] },
  upsertContactByEmail: { name: 'Sample' },
  upsertContactByPhone: { name: 'Sample' },
  mergeContacts: {
    primaryId: 'con_01ARZ3NDEKTSV4RRFFQ69G5FAV',
    otherIds: ['con_01ARZ3NDEKTSV4RRFFQ69G5FAW'],
  },
  createCompany: { name: 'Sample' },
  updateCompany: { industry: 'Sample' },
  batchCompanies: { operations: [{ op: 'create', data: { name: 'Sample' } }] },
  upsertCompanyByDomain: { name: 'Sample' },
  createActivity: { kind: 'note', subject: 'Sample' },
  updateActivity: { outcome: 'Sample' },
  batchActivities: { operations: [{ op: 'create', data: { kind: 'note' } }] },
  updateSettings: { currency: 'EUR' },
  createPipeline: { name: 'Sample', stages: sampleStages },
  updatePipeline: { name: 'Sample' },
  batchPipelines: { operations: [{ op: 'create', data: { name: 'Sample', stages: sampleStages } }] },
  createProduct: { name: 'Sample' },
  updateProduct: { description: 'Sample' },
  batchProducts: { operations: [{ op: 'create', data: { name: 'Sample' } }] },
  upsertProductBySku: { name: 'Sample' },
  createOrder: { lines: [{ description: 'Sample', quantity: 1, unitPrice: 100 }] },
  updateOrder: { notes: 'Sample' },
  batchOrders: {
    operations: [{ op: 'create', data: { lines: [{ description: 'Sample', quantity: 1, unitPrice: 100 }] } }],
  },
  confirmOrder: {},
  shipOrder: {},
  deliverOrder: {},
  cancelOrder: {},
  refundOrder: {},
  invoiceOrder: {},
  changeProductStock: { change: 1 },
  finalizeInvoice: {},
  voidInvoice: {},
  markInvoiceUncollectible: {},
  payInvoice: { amount: 1 },
  createInvoice: { lines: [{ description: 'Sample', quantity: 1, unitPrice: 100 }] },
  updateInvoice: { notes: 'Sample' },
  batchInvoices: {
    operations: [{ op: 'create', data: { lines: [{ description: 'Sample', quantity: 1, unitPrice: 100 }] } }],
  },
  createDeal: { title: 'Sample' },
  moveDeal: { stageId: 'qualified' },
  updateDeal: { notes: 'Sample' },
  batchDeals: { operations: [{ op: 'create', data: { title: 'Sample' } }] },
  createAttachment: {
    about: { type: 'contact', id: `con_${'0'.repeat(26)}` },
    name: 'sample.pdf',
    contentType: 'application/pdf',
    sizeBytes: 6,
  },
  putCustomField: { type: 'text', label: 'Sample' },
  putTaskType: { executor: 'worker', description: 'Sample' },
  putTaskSchedule: { type: 'todo', title: 'Sample', every: 86_400 },
  enqueueTask: { type: 'todo', title: 'Sample' },
  updateTask: { title: 'Sample' },
  batchTasks: { tasks: [{ type: 'todo', title: 'Sample' }] },
  claimTasks: { types: ['todo'], workerId: 'sample' },
  abandonClaim: { claimId: 'sample' },
  reportTasks: { reports: [], claim: { types: ['todo'], workerId: 'sample' } },
  heartbeatTask: { leaseToken: 'sample' },
  completeTask: { leaseToken: 'sample' },
  failTask: { leaseToken: 'sample', error: { code: 'sample', message: 'Sample' } },
  releaseTask: { leaseToken: 'sample' },
  cancelTask: {},
  retryTask: {},
  createFile: { name: 'sample.csv' },
  createImport: { entity: 'contacts', fileKey: 'sample' },
  createExport: { entity: 'contacts' },
  rebuildCounters: { entities: ['product'] },
  redriveDeadLetters: { filter: { type: 'todo' }, dryRun: true },
  createApiKey: { name: 'Sample', role: 'worker' },
  redriveQueue: {},
  createWebhook: { url: 'https://sample.example/hook', events: ['task.dead'] },
};

/** The sample body of a route; undefined for routes without a body. */
export function sampleBody(route: Route): Record<string, unknown> | undefined {
  if (!route.body) return undefined;
  const body = sampleBodies[route.operation];
  if (!body)
    throw new Error(`test/system/support/route-samples.ts has no sample body for ${route.operation}`);
  return body;
}

/** Values for path parameters that stand for no record. */
const freeValues: Record<string, string> = {
  '/api/v1/custom-fields/{entity}': 'contact',
  '/api/v1/contacts/by/email/{value}': 'sample@x.example',
  '/api/v1/contacts/by/phone/{value}': '+39061234567',
  '/api/v1/companies/by/domain/{value}': 'sample.example',
  '/api/v1/products/by/sku/{value}': 'SAMPLE-1',
  '/api/system/queues/{name}/messages': 'runner',
  '/api/system/queues/{name}/redrive': 'runner',
};

/** The path of a route with its parameter filled in. */
export function pathOf(route: Route, id: string): string {
  const value = freeValues[route.path] ?? id;
  return route.path
    .replace('{version}', '1')
    .replace('/{entity}/{name}', '/contact/{name}')
    .replace('{paymentId}', 'pay_01ARZ3NDEKTSV4RRFFQ69G5FAV')
    .replace(/\{\w+\+\}/, value)
    .replace(/\{\w+\}/, encodeURIComponent(value));
}

/** The routes that need a caller. */
export const guardedRoutes = routeTable.filter(({ permission }) => permission !== 'public');

/** True when the caller chooses the name in the path, so that putting to one that is free makes a record. */
export function namedByCaller({ operation }: Route): boolean {
  return ['putTaskType', 'putTaskSchedule', 'putCustomField'].includes(operation);
}

/** True when the route names one record by its path. */
export function namesRecord(route: Route): boolean {
  return route.path.includes('{') && freeValues[route.path] === undefined;
}

/** Makes one record of every kind; collection segment of the path → its id. */
export async function oneOfEach(api: Api): Promise<Record<string, string>> {
  const made = async (path: string, body: object, member = 'id') => {
    const answer = await api.post(path, body);
    if (answer.status !== 201) throw new Error(answer.summary);
    return String(answer.body[member]);
  };
  const file = await api.post('/api/v1/files', { name: 'private.csv' });
  await fetch(file.body.uploadUrl, { method: 'PUT', headers: file.body.headers, body: 'name\nPrivate\n' });
  const name = `private-${api.tenantId}`;
  await api.put('/api/v1/custom-fields/contact/privateField', { type: 'text', label: name });
  await api.put(`/api/v1/task-types/${name}`, { executor: 'worker' });
  await api.put(`/api/v1/task-schedules/${name}`, { type: name, every: 'P1D' });
  const contact = await made('/api/v1/contacts', { name, email: `${api.tenantId}@x.example` });
  return {
    contacts: contact,
    attachments: await made('/api/v1/attachments', {
      ...sampleBodies.createAttachment,
      about: { type: 'contact', id: contact },
    }),
    companies: await made('/api/v1/companies', { name }),
    activities: await made('/api/v1/activities', { kind: 'note', subject: name }),
    pipelines: await made('/api/v1/pipelines', { name, stages: sampleStages }),
    products: await made('/api/v1/products', { name }),
    orders: await made('/api/v1/orders', { lines: [{ description: name, quantity: 1, unitPrice: 100 }] }),
    invoices: await made('/api/v1/invoices', { lines: [{ description: name, quantity: 1, unitPrice: 100 }] }),
    deals: await made('/api/v1/deals', { title: name }),
    tasks: await made('/api/v1/tasks', { type: name, title: name }),
    files: file.body.fileKey,
    'api-keys': await made('/api/v1/api-keys', { name, role: 'viewer' }),
    webhooks: await made('/api/v1/webhooks', { url: 'https://private.example/hook', events: ['task.dead'] }),
    'custom-fields': 'privateField',
    merges: await oneMerge(api),
    'task-types': name,
    'task-schedules': name,
  };
}

async function oneMerge(api: Api): Promise<string> {
  const made = await Promise.all([1, 2].map((at) => api.post('/api/v1/contacts', { name: `Double ${at}` })));
  const [primaryId, otherId] = made.map(({ body }) => body.id);
  const answer = await api.post('/api/v1/contacts/merge', { primaryId, otherIds: [otherId] });
  if (answer.status !== 200) throw new Error(answer.summary);
  return answer.body.merge.id;
}

/** The id among `ids` that the route's path asks for. */
export function recordOf(route: Route, ids: Record<string, string>): string {
  const collection = route.path.split('/')[3] ?? '';
  const id = ids[collection];
  if (!id) throw new Error(`test/system/support/route-samples.ts makes no record for ${route.path}`);
  return id;
}
