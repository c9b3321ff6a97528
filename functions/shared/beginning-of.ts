/** The first `max` characters of a text, but never half of a surrogate pair: DynamoDB takes no such text. */
export function beginningOf(text: string, max: number): string {
  const cut = text.slice(0, max);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
