/**
 * How long something that failed waits for its next try, in milliseconds. AWS waits a minute or a queue's whole
 * visibility timeout; locally that would make every failure test take a quarter of an hour.
 * `TANDEM_LOCAL_RETRY_SECONDS` sets it (0 to 43200, default 2).
 * @throws {Error} when the variable is not such a number
 */
export function localRetryMilliseconds(environment: NodeJS.ProcessEnv = process.env): number {
  const given = environment.TANDEM_LOCAL_RETRY_SECONDS;
  if (given === undefined) return 2000;
  const seconds = Number(given);
  if (given.trim() === '' || !(seconds >= 0 && seconds <= 43_200)) {
    throw new Error(`TANDEM_LOCAL_RETRY_SECONDS is "${given}"; it takes a number of seconds from 0 to 43200`);
  }
  return seconds * 1000;
}
