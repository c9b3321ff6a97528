import Sequencer from '@jest/test-sequencer';

/** Files that wait for real time to pass: begun last, they would run alone at the end. */
const longWaits = ['the-clock-ticks', 'types-have-limits'];

/** As jest does it, but what waits longest goes first also on a machine that has not run the tests before. */
export default class LongWaitsFirst extends Sequencer {
  sort(tests) {
    const waits = ({ path }) => longWaits.some((name) => path.includes(name));
    const sorted = super.sort(tests);
    return [...sorted.filter(waits), ...sorted.filter((one) => !waits(one))];
  }
}
