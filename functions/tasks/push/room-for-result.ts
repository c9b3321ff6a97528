import { maxInputBytes } from '../enqueue/enqueue-input.ts';
import { maxResultBytes } from '../lease/settle.ts';
import type { TaskItem } from '../task.ts';
import { maxAnswerBytes } from './push-answer.ts';

/**
 * How many bytes the result of a task may have. Input and result share an item of 400 KB (DynamoDB): what the
 * input has left over is the result's.
 */
export function roomForResult({ input = '' }: Pick<TaskItem, 'input'>): number {
  return Math.min(maxAnswerBytes, maxInputBytes + maxResultBytes - Buffer.byteLength(input));
}
