/**
 * Which items of a batch failed, from the answer of a function with `ReportBatchItemFailures`.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 *
 * @returns ids of the failed items, empty when all passed; undefined when the answer is unusable (an unknown or
 *   empty id, another shape), which Lambda takes as a failure of the whole batch
 */
export function failedItems(answer: unknown, known: ReadonlySet<string>): string[] | undefined {
  if (answer === null || answer === undefined) return [];
  if (typeof answer !== 'object') return undefined;
  if (!('batchItemFailures' in answer) || answer.batchItemFailures === null) return [];
  if (!Array.isArray(answer.batchItemFailures)) return undefined;
  const ids: string[] = [];
  for (const failure of answer.batchItemFailures) {
    const id: unknown = failure?.itemIdentifier;
    if (typeof id !== 'string' || !known.has(id)) return undefined;
    ids.push(id);
  }
  return ids;
}
