/** What a window of one metric's values comes down to. */
export interface Summary {
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
  /** A uniform sample of the values; all of them while there are few. Unsorted. */
  samples: number[];
}

const PERCENTILE = /^p(\d{1,2}(?:\.\d{1,10})?|100)$/;
const PLAIN = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

/** @returns whether CloudWatch and this store both know the statistic, e.g. `Sum` or `p99.9` */
export function isStatistic(name: string): boolean {
  return PLAIN.includes(name) || PERCENTILE.test(name);
}

/**
 * One statistic of a window.
 *
 * @param name a name that passed `isStatistic`
 * @returns undefined for an empty window: CloudWatch has no data point there
 */
export function statistic(summary: Summary, name: string): number | undefined {
  if (summary.count === 0) return undefined;
  if (name === 'SampleCount') return summary.count;
  if (name === 'Average') return summary.sum / summary.count;
  if (name === 'Sum') return summary.sum;
  if (name === 'Minimum') return summary.minimum;
  if (name === 'Maximum') return summary.maximum;
  const percent = PERCENTILE.exec(name)?.[1];
  if (percent === undefined) throw new Error(`statistic ${name} is not supported`);
  return percentile(summary.samples, Number(percent));
}

/** Linear interpolation between the two nearest ranks. */
function percentile(samples: readonly number[], percent: number): number | undefined {
  const sorted = Float64Array.from(samples).sort();
  const rank = ((sorted.length - 1) * percent) / 100;
  const low = sorted[Math.floor(rank)];
  const high = sorted[Math.ceil(rank)];
  return low === undefined || high === undefined ? undefined : low + (high - low) * (rank % 1);
}
