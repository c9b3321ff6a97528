import type { MetricDatum, MetricSink } from '../types.ts';
import type { Summary } from './statistics.ts';

/** A metric is what CloudWatch says it is: namespace, name and the exact set of dimensions. */
export interface MetricIdentity {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
}

/** Seconds-fine at first, so that a sliding alarm window sees a message of a moment ago. */
const FINE_MS = 5_000;
/** CloudWatch's own resolution, for what is older than `FINE_KEPT_MS`. */
const COARSE_MS = 60_000;
const FINE_KEPT_MS = 10 * 60_000;
/** As long as CloudWatch keeps its finest data; long enough for the last three hours on a dashboard. */
const KEPT_MS = 3 * 60 * 60_000;
/** Per bucket; above it the samples are a uniform choice, counts and sums stay exact. */
const MAX_SAMPLES = 512;

interface Series extends MetricIdentity {
  unit: string;
  fine: Map<number, Summary>;
  coarse: Map<number, Summary>;
}

/**
 * All metrics of this run, in memory: metrics are observations, so a restart starts with none, as
 * a new account does, and alarms begin at INSUFFICIENT_DATA.
 */
export class MetricStore implements MetricSink {
  readonly #series = new Map<string, Series>();

  /** Values older than three hours are dropped; a value that is no finite number is a programming error. */
  put(datum: MetricDatum): void {
    if (!Number.isFinite(datum.value))
      throw new TypeError(`metric ${datum.name}: ${datum.value} is no number`);
    const now = Date.now();
    const timestamp = datum.timestamp ?? now;
    if (timestamp < now - KEPT_MS) return;
    const series = this.#seriesOf(datum);
    if (datum.unit !== undefined) series.unit = datum.unit;
    const fine = timestamp >= now - FINE_KEPT_MS;
    addValue(
      bucketOf(fine ? series.fine : series.coarse, timestamp, fine ? FINE_MS : COARSE_MS),
      datum.value,
    );
  }

  /** The values with `from <= time < to`, epoch milliseconds, to the precision of the buckets. */
  summarise(metric: MetricIdentity, from: number, to: number): Summary {
    const total = emptySummary();
    const series = this.#series.get(keyOf(metric));
    for (const buckets of series ? [series.fine, series.coarse] : []) {
      for (const [start, bucket] of buckets) if (start >= from && start < to) mergeSummary(total, bucket);
    }
    return total;
  }

  unit(metric: MetricIdentity): string | undefined {
    return this.#series.get(keyOf(metric))?.unit;
  }

  /** Every metric that has a value within the last three hours. */
  list(): MetricIdentity[] {
    return [...this.#series.values()].map(({ namespace, name, dimensions }) => ({
      namespace,
      name,
      dimensions,
    }));
  }

  /** Folds seconds into minutes and forgets what is too old; called by the evaluator's tick. */
  compact(now: number): void {
    for (const [key, series] of this.#series) {
      for (const [start, bucket] of series.fine) {
        if (start >= now - FINE_KEPT_MS) continue;
        mergeSummary(bucketOf(series.coarse, start, COARSE_MS), bucket);
        series.fine.delete(start);
      }
      for (const start of series.coarse.keys()) if (start < now - KEPT_MS) series.coarse.delete(start);
      if (series.fine.size === 0 && series.coarse.size === 0) this.#series.delete(key);
    }
  }

  #seriesOf(datum: MetricDatum): Series {
    const { namespace, name, dimensions } = datum;
    const key = keyOf(datum);
    const known = this.#series.get(key);
    if (known) return known;
    const series = { namespace, name, dimensions, unit: 'None', fine: new Map(), coarse: new Map() };
    this.#series.set(key, series);
    return series;
  }
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  return JSON.stringify([
    namespace,
    name,
    ...Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

function emptySummary(): Summary {
  return { count: 0, sum: 0, minimum: Infinity, maximum: -Infinity, samples: [] };
}

function bucketOf(buckets: Map<number, Summary>, timestamp: number, width: number): Summary {
  const start = timestamp - (timestamp % width);
  let bucket = buckets.get(start);
  if (!bucket) {
    bucket = emptySummary();
    buckets.set(start, bucket);
  }
  return bucket;
}

function addValue(bucket: Summary, value: number): void {
  bucket.count += 1;
  bucket.sum += value;
  bucket.minimum = Math.min(bucket.minimum, value);
  bucket.maximum = Math.max(bucket.maximum, value);
  keepSample(bucket.samples, value, bucket.count);
}

function mergeSummary(target: Summary, source: Summary): void {
  target.sum += source.sum;
  target.minimum = Math.min(target.minimum, source.minimum);
  target.maximum = Math.max(target.maximum, source.maximum);
  target.count += source.count;
  for (const sample of source.samples) keepSample(target.samples, sample, target.count);
}

/** Reservoir sampling: each of the `seen` values stays with the same chance. */
function keepSample(samples: number[], value: number, seen: number): void {
  if (samples.length < MAX_SAMPLES) samples.push(value);
  else {
    const place = Math.floor(Math.random() * seen);
    if (place < MAX_SAMPLES) samples[place] = value;
  }
}
