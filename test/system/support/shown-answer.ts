/** What an answer shown in a document stands for: `…` is whatever differs from run to run, up to the next quote. */
export function shownAnswer(text: string): RegExp {
  const pattern = text
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^"]*');
  return new RegExp(`${pattern}$`);
}
