// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of CloudFormation look like this

import { describe, expect, test } from '@jest/globals';
import { openTemplate, type StackTemplate } from '../../local/template/stack-template.ts';
import type { Template } from '../../local/types.ts';

const stack = { region: 'us-east-1', accountId: '000000000000', stackName: 'tandem-dev', stackUuid: 'a-b-c' };

/** Creates every resource as `<id>-ref` with an Arn and gives back the resolved properties of one. */
function resolveAll(template: Template): { opened: StackTemplate; properties: Record<string, unknown> } {
  const opened = openTemplate(template, stack);
  const properties: Record<string, unknown> = {};
  for (const id of opened.order) {
    properties[id] = opened.resolve(id).properties;
    opened.created(id, { ref: `${id}-ref`, attributes: { Arn: `arn:${id}` } });
  }
  return { opened, properties };
}

/** The value of one property `V` that may refer to the resource `Table`. */
function valueWhere(value: unknown, more: Partial<Template> = {}): unknown {
  const { properties } = resolveAll({
    ...more,
    Resources: { User: { Type: 'Test::User', Properties: { V: value } }, Table: { Type: 'Test::Table' } },
  });
  return (properties.User as { V: unknown }).V;
}

describe('intrinsic functions', () => {
  test.each([
    ['Ref of a resource', { Ref: 'Table' }, 'Table-ref'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['GetAtt as list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:Table'],
    ['GetAtt dotted', { 'Fn::GetAtt': 'Table.Arn' }, 'arn:Table'],
    [
      'Sub with Ref and GetAtt',
      { 'Fn::Sub': '${Table}|${Table.Arn}|${!Kept}' },
      'Table-ref|arn:Table|${Kept}',
    ],
    [
      'Sub with own variables',
      { 'Fn::Sub': ['${x}-${AWS::AccountId}', { x: { Ref: 'Table' } }] },
      'Table-ref-000000000000',
    ],
    ['Join', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }, 1]] }, 'a/Table-ref/1'],
    ['Select of Split', { 'Fn::Select': [4, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] }, undefined],
    [
      'Split',
      { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] },
      ['arn:aws:cloudformation:us-east-1:000000000000:stack', 'tandem-dev', 'a-b-c'],
    ],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['NoValue drops the property', { keep: 1, drop: { Ref: 'AWS::NoValue' } }, { keep: 1 }],
    ['NoValue drops the element', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
    ['data that only looks similar', { Ref: 'x', other: 1 }, { Ref: 'x', other: 1 }],
  ])('%s', (_name, value, expected) => {
    if (expected === undefined) expect(() => valueWhere(value)).toThrow('Fn::Select asks for element 4 of 3');
    else expect(valueWhere(value)).toEqual(expected);
  });

  test('conditions choose branches and resources, and the other branch may name what does not exist', () => {
    const template: Template = {
      Parameters: { Stage: { Type: 'String', Default: 'dev' } },
      Conditions: {
        Prod: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
        NotProd: { 'Fn::Not': [{ Condition: 'Prod' }] },
      },
      Mappings: { Sizes: { dev: { memory: 128 } } },
      Resources: {
        OnlyProd: { Type: 'Test::Table', Condition: 'Prod' },
        User: {
          Type: 'Test::User',
          Properties: {
            V: { 'Fn::If': ['Prod', { Ref: 'OnlyProd' }, 'none'] },
            W: { 'Fn::If': ['NotProd', { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, 0] },
          },
        },
      },
    };
    const { opened, properties } = resolveAll(template);
    expect(opened.order).toEqual(['User']);
    expect(properties.User).toEqual({ V: 'none', W: 128 });
  });

  test('ImportValue and unknown functions are refused by name', () => {
    expect(() => valueWhere({ 'Fn::ImportValue': 'x' })).toThrow(
      'Resource User (Test::User), property V: Fn::ImportValue "x"',
    );
    expect(() => valueWhere({ 'Fn::Cidr': ['10.0.0.0/16', 2] })).toThrow(
      'property V: Fn::Cidr is not supported',
    );
  });

  test('outputs resolve once everything is there', () => {
    const { opened } = resolveAll({
      Resources: { Table: { Type: 'Test::Table' } },
      Outputs: { Name: { Value: { 'Fn::Sub': 'x-${Table}' } } },
    });
    expect(opened.outputs()).toEqual({ Name: 'x-Table-ref' });
  });
});

describe('a template that is wrong', () => {
  test('a bad Ref names the resource, its type, the property path and the nearest name', () => {
    const template: Template = {
      Resources: {
        Table: { Type: 'Test::Table' },
        Fn: {
          Type: 'AWS::Lambda::Function',
          Properties: { Environment: { Variables: { T: { Ref: 'Tabel' } } } },
        },
      },
    };
    expect(() => openTemplate(template, stack)).toThrow(
      'Resource Fn (AWS::Lambda::Function), property Environment.Variables.T: refers to "Tabel", which this template does not have. Did you mean "Table"?',
    );
  });

  test('a bad GetAtt names the attribute and the known ones', () => {
    expect(() => valueWhere({ deep: [{ 'Fn::GetAtt': ['Table', 'Arm'] }] })).toThrow(
      'Resource User (Test::User), property V.deep.0: Fn::GetAtt "Table.Arm": Test::Table has no attribute "Arm" locally (known: Arn).',
    );
  });

  test('a GetAtt, Sub or DependsOn of an unknown resource fails before anything is created', () => {
    for (const properties of [
      { V: { 'Fn::GetAtt': ['Gone', 'Arn'] } },
      { V: { 'Fn::Sub': '${Gone.Arn}' } },
    ]) {
      expect(() => openTemplate({ Resources: { A: { Type: 'T', Properties: properties } } }, stack)).toThrow(
        'Resource A (T), property V: refers to "Gone"',
      );
    }
    expect(() => openTemplate({ Resources: { A: { Type: 'T', DependsOn: 'Gone' } } }, stack)).toThrow(
      'Resource A (T): DependsOn names "Gone"',
    );
  });

  test('a dependency cycle is told member by member', () => {
    const template: Template = {
      Resources: {
        A: { Type: 'T', Properties: { x: { Ref: 'B' } } },
        B: { Type: 'T', Properties: { x: { 'Fn::Sub': '${C.Arn}' } } },
        C: { Type: 'T', DependsOn: ['A'] },
      },
    };
    expect(() => openTemplate(template, stack)).toThrow('Dependency cycle: A (T) → B (T) → C (T) → A (T).');
  });

  test('a parameter without a default is told when it is used', () => {
    expect(() => valueWhere({ Ref: 'P' }, { Parameters: { P: { Type: 'String' } } })).toThrow(
      'Resource User (Test::User), property V: parameter P has no default',
    );
  });
});

test('resources come after what they depend on, otherwise in template order', () => {
  const template: Template = {
    Resources: {
      A: { Type: 'T', Properties: { x: { Ref: 'C' } } },
      B: { Type: 'T' },
      C: { Type: 'T', DependsOn: 'D' },
      D: { Type: 'T' },
    },
  };
  expect(openTemplate(template, stack).order).toEqual(['D', 'C', 'A', 'B']);
});
