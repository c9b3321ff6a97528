import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Route } from '../functions/shared/route.ts';
import type { ResolverEntry } from '../graphql/resolvers.ts';
import { Edge } from './edge.ts';
import { Functions } from './functions.ts';
import { GraphqlApi } from './graphql-api.ts';
import { Identity } from './identity.ts';
import { Observability } from './observability.ts';
import { grantPermissions } from './permissions.ts';
import { Processing } from './processing.ts';
import { Queues } from './queues.ts';
import { RestApi } from './rest-api.ts';
import type { Stage } from './stage.ts';
import { Storage } from './storage.ts';
import { Tables } from './tables.ts';

/** What the stack is made from besides its own constructs. */
export interface TandemStackProps extends StackProps {
  stage: Stage;
  routes: readonly Route[];
  resolvers: readonly ResolverEntry[];
  /** Directory with one bundle per function. */
  bundles: string;
  /** Directory with `schema.graphql` and the resolver files. */
  graphqlSources: string;
}

/** Tandem, whole: data, identity, functions, two APIs behind one origin, and what watches them. */
export class TandemStack extends Stack {
  constructor(scope: Construct, id: string, props: TandemStackProps) {
    super(scope, id, { terminationProtection: props.stage.deletionProtection, ...props });
    const { stage, routes, resolvers, bundles, graphqlSources } = props;

    const tables = new Tables(this, 'Tables', stage);
    const queues = new Queues(this, 'Queues', stage);
    const storage = new Storage(this, 'Storage', stage);
    const identity = new Identity(this, 'Identity', stage);

    const { all: functions } = new Functions(this, 'Functions', {
      stage,
      tables,
      queues,
      storage,
      identity,
      bundles,
    });
    const restApi = new RestApi(this, 'Rest', { stage, routes, functions });
    const graphqlApi = new GraphqlApi(this, 'Graphql', {
      stage,
      sources: graphqlSources,
      resolvers,
      functions,
    });
    const edge = new Edge(this, 'Edge', { stage, restApi, graphqlApi });
    new Processing(this, 'Processing', { stage, tables, queues, functions });

    functions.platform.function.addEnvironment('HTTP_API_ID', restApi.apiId);
    functions.changes.function.addEnvironment('GRAPHQL_URL', graphqlApi.url);
    grantPermissions(functions, { tables, queues, storage, graphqlApi });

    const { dashboardUrl } = new Observability(this, 'Observability', {
      stage,
      tables,
      queues,
      functions,
      restApi,
      graphqlApi,
    });

    this.#output('ApiUrl', edge.url, 'REST, GraphQL and documentation: the one origin for clients');
    this.#output('GraphQLUrl', `${edge.url}/api/graphql`, 'GraphQL over HTTP');
    this.#output('RealtimeUrl', graphqlApi.realtimeUrl, 'GraphQL subscriptions over WebSocket');
    this.#output('UserPoolId', identity.userPool.userPoolId, 'Where people are added');
    this.#output('UserPoolClientId', identity.audience, 'What sign-in pages use');
    this.#output('DashboardUrl', dashboardUrl, 'What is going on');
  }

  #output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
