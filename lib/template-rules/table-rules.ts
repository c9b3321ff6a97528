import { asList, asText, at, type Finding, resourcesOf, type TemplateUnderTest } from './template.ts';

/** Key attributes of a table and its indexes are declared, and nothing else is. */
export function tableAttributes({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::DynamoDB::Table').flatMap(({ id, properties }) => {
    const declared = new Set(
      asList(properties.AttributeDefinitions).map((definition) => asText(at(definition, 'AttributeName'))),
    );
    const keys = [
      ...keysOf('the table', properties),
      ...asList(properties.GlobalSecondaryIndexes).flatMap((index) =>
        keysOf(`the index ${asText(at(index, 'IndexName'))}`, index),
      ),
    ];
    const used = new Set(keys.map(({ attribute }) => attribute));
    const finding = (message: string): Finding => ({
      rule: 'table-attributes',
      resource: id,
      message,
      location: 'Properties/AttributeDefinitions',
    });
    return [
      ...keys
        .filter(({ attribute }) => !declared.has(attribute))
        .map(({ owner, attribute }) => finding(`${owner} has the key "${attribute}", which is not declared`)),
      ...[...declared]
        .filter((attribute) => !used.has(attribute))
        .map((attribute) => finding(`the attribute "${attribute}" is declared but is no key`)),
    ];
  });
}

const keysOf = (owner: string, value: unknown) =>
  asList(at(value, 'KeySchema')).map((key) => ({ owner, attribute: asText(at(key, 'AttributeName')) }));
