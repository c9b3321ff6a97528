import { crmEntities } from '../functions/crm/crm-entities.ts';

/** A field of the schema and the code that answers it; every other field is a member of its parent. */
export interface ResolverEntry {
  typeName: string;
  fieldName: string;
  /** `lambda`: one invocation per field; `batch`: siblings together; `local`: no data source. */
  kind: 'lambda' | 'batch' | 'local';
  /** File under `graphql/` with APPSYNC_JS code. */
  code: string;
}

const lambda = (typeName: string, ...fieldNames: string[]): ResolverEntry[] =>
  fieldNames.map((fieldName) => ({ typeName, fieldName, kind: 'lambda', code: 'resolvers/lambda.js' }));

const batch = (typeName: string, ...fieldNames: string[]): ResolverEntry[] =>
  fieldNames.map((fieldName) => ({ typeName, fieldName, kind: 'batch', code: 'resolvers/lambda-batch.js' }));

const local = (typeName: string, fieldName: string, code: string): ResolverEntry => ({
  typeName,
  fieldName,
  kind: 'local',
  code: `resolvers/${code}.js`,
});

/** What every CRM entity has. */
const entityResolvers = crmEntities.flatMap(({ entity, collection }) => {
  const type = entity.charAt(0).toUpperCase() + entity.slice(1);
  return [
    ...lambda('Query', entity, collection, `${entity}Page`),
    ...lambda('Mutation', `create${type}`, `update${type}`, `delete${type}`, `restore${type}`),
    ...lambda(`${type}Page`, 'total'),
  ];
});

/** Made into AppSync resolvers by `lib/graphql-api.ts`; a test compares them with the schema. */
export const resolvers: readonly ResolverEntry[] = [
  ...entityResolvers,
  ...lambda('Mutation', 'mergeContacts', 'moveDeal', 'changeProductStock'),
  ...lambda('Mutation', 'confirmOrder', 'shipOrder', 'deliverOrder', 'cancelOrder', 'refundOrder'),
  ...lambda('Mutation', 'invoiceOrder', 'finalizeInvoice', 'voidInvoice', 'markInvoiceUncollectible'),
  ...lambda('Mutation', 'payInvoice', 'removeInvoicePayment'),
  ...lambda('Query', 'task', 'tasks', 'taskPage', 'dashboard'),
  ...lambda('Mutation', 'createTask', 'updateTask', 'completeTask', 'cancelTask', 'retryTask'),
  ...lambda('TaskPage', 'total'),
  ...batch('Contact', 'company', 'deals', 'activities', 'orders', 'invoices', 'tasks'),
  ...batch('Company', 'parent', 'contacts', 'deals', 'activities', 'orders', 'invoices', 'tasks'),
  ...batch('Deal', 'contact', 'company', 'pipeline', 'activities', 'tasks'),
  ...batch('Activity', 'contact', 'company', 'deal'),
  ...batch('Order', 'contact', 'company', 'invoice', 'tasks'),
  ...batch('Invoice', 'order', 'contact', 'company', 'tasks'),
  ...batch('Task', 'input', 'result'),
  ...lambda('ContactDashboard', 'recent'),
  ...lambda('CompanyDashboard', 'recent'),
  ...lambda('DealDashboard', 'recent'),
  ...lambda('OrderDashboard', 'recent'),
  ...lambda('InvoiceDashboard', 'recent'),
  ...lambda('TaskDashboard', 'recent'),
  local('Mutation', 'publishRecordChange', 'publish'),
  local('Mutation', 'publishTaskChange', 'publish'),
  local('Subscription', 'recordChanged', 'record-changed'),
  local('Subscription', 'taskChanged', 'task-changed'),
];
