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

/** Made into AppSync resolvers by `lib/graphql-api.ts`; a test compares them with the schema. */
export const resolvers: readonly ResolverEntry[] = [
  ...lambda(
    'Query',
    'contact',
    'contacts',
    'contactPage',
    'company',
    'companies',
    'companyPage',
    'dashboard',
  ),
  ...lambda('Mutation', 'createContact', 'updateContact', 'deleteContact', 'restoreContact'),
  ...lambda('Mutation', 'createCompany', 'updateCompany', 'deleteCompany', 'restoreCompany'),
  ...lambda('Query', 'task', 'tasks', 'taskPage'),
  ...lambda('Mutation', 'createTask', 'updateTask', 'completeTask', 'cancelTask', 'retryTask'),
  ...lambda('ContactPage', 'total'),
  ...lambda('CompanyPage', 'total'),
  ...lambda('TaskPage', 'total'),
  ...batch('Contact', 'company', 'tasks'),
  ...batch('Company', 'parent', 'contacts', 'tasks'),
  ...batch('Task', 'input', 'result'),
  ...lambda('ContactDashboard', 'recent'),
  ...lambda('CompanyDashboard', 'recent'),
  ...lambda('TaskDashboard', 'recent'),
  local('Mutation', 'publishRecordChange', 'publish'),
  local('Mutation', 'publishTaskChange', 'publish'),
  local('Subscription', 'recordChanged', 'record-changed'),
  local('Subscription', 'taskChanged', 'task-changed'),
];
