import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import {
  type IndexSchema,
  type TableName,
  tableKeys,
  tableSchemas,
} from '../functions/shared/table-schema.ts';
import { physicalName, type Stage } from './stage.ts';

/** The four tables, made from the schema that the functions address them by. */
export class Tables extends Construct {
  readonly crm: Table;
  readonly tasks: Table;
  readonly platform: Table;
  readonly views: Table;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const create = (name: TableName) => this.#create(name, stage);
    this.crm = create('crm');
    this.tasks = create('tasks');
    this.platform = create('platform');
    this.views = create('views');
  }

  get all(): Record<TableName, Table> {
    return { crm: this.crm, tasks: this.tasks, platform: this.platform, views: this.views };
  }

  #create(name: TableName, stage: Stage): Table {
    const schema = tableSchemas[name];
    const table = new Table(this, name, {
      tableName: physicalName(stage, name),
      partitionKey: stringKey(tableKeys.pk),
      sortKey: stringKey(tableKeys.sk),
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: tableKeys.ttl,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: stage.deletionProtection,
      removalPolicy: stage.removalPolicy,
      stream: schema.stream ? StreamViewType.NEW_AND_OLD_IMAGES : undefined,
    });
    for (const [indexName, index] of Object.entries<IndexSchema>(schema.indexes)) {
      table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: stringKey(index.pk),
        sortKey: stringKey(index.sk),
        projectionType: ProjectionType[index.projection],
      });
    }
    return table;
  }
}

const stringKey = (name: string) => ({ name, type: AttributeType.STRING });
