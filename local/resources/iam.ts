import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeSettings } from '../types.ts';
import { checkProperties } from './check-properties.ts';

/** An IAM policy document of the template, resolved. */
export interface PolicyDocument {
  Statement: Record<string, unknown>[];
}

/** The roles of the template and what they may do: what `authorize` will read. */
export interface Roles {
  providers: ProviderMap;
  /** Every policy of a role: inline ones and those attached to it. */
  policiesOf(roleArn: string): PolicyDocument[];
}

export function createRoles(settings: RuntimeSettings): Roles {
  const policies = new Map<string, PolicyDocument[]>();
  const arnOf = (name: string) => `arn:aws:iam::${settings.accountId}:role/${name}`;
  const attach = (roleName: string, document: unknown) => {
    const known = policies.get(arnOf(roleName));
    if (known === undefined) policies.set(arnOf(roleName), [document as PolicyDocument]);
    else known.push(document as PolicyDocument);
  };

  return {
    policiesOf: (roleArn) => policies.get(roleArn) ?? [],
    providers: {
      'AWS::IAM::Role': { create: createRole },
      'AWS::IAM::Policy': { create: createPolicy },
      'AWS::IAM::ManagedPolicy': { create: createPolicy },
    },
  };

  function createRole(resource: ResolvedResource): CreatedResource {
    checkProperties(resource, {
      required: ['AssumeRolePolicyDocument'],
      used: ['RoleName', 'Policies'],
      ignored: [
        'Description',
        'ManagedPolicyArns',
        'MaxSessionDuration',
        'Path',
        'PermissionsBoundary',
        'Tags',
      ],
    });
    const { properties, logicalId } = resource;
    const name = String(properties.RoleName ?? logicalId);
    policies.set(arnOf(name), []);
    for (const { PolicyDocument: document } of (properties.Policies ?? []) as { PolicyDocument: unknown }[]) {
      attach(name, document);
    }
    return { ref: name, attributes: { Arn: arnOf(name), RoleId: logicalId } };
  }

  function createPolicy(resource: ResolvedResource): CreatedResource {
    checkProperties(resource, {
      required: ['PolicyDocument'],
      used: ['PolicyName', 'ManagedPolicyName', 'Roles'],
      ignored: ['Description', 'Groups', 'Path', 'Users'],
    });
    const { properties, logicalId } = resource;
    for (const role of (properties.Roles ?? []) as string[]) attach(role, properties.PolicyDocument);
    const arn = `arn:aws:iam::${settings.accountId}:policy/${logicalId}`;
    return { ref: resource.type === 'AWS::IAM::Policy' ? logicalId : arn, attributes: { PolicyArn: arn } };
  }
}
