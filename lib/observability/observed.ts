import type { FunctionName, TandemFunction } from '../function.ts';
import type { GraphqlApi } from '../graphql-api.ts';
import type { Queues } from '../queues.ts';
import type { RestApi } from '../rest-api.ts';
import type { Stage } from '../stage.ts';
import type { Tables } from '../tables.ts';

/** The parts of the stack that alarms and dashboard look at. */
export interface Observed {
  stage: Stage;
  tables: Tables;
  queues: Queues;
  functions: Record<FunctionName, TandemFunction>;
  restApi: RestApi;
  graphqlApi: GraphqlApi;
}
