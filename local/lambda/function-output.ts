/** Where the lines of a function go. */
export interface OutputTargets {
  /** Lines in the embedded metric format. */
  metric(line: string): void;
  /** All others. */
  text(line: string): void;
}

/** A line longer than this is cut, as CloudWatch Logs cuts events at 1 MB. */
const longestLine = 1024 * 1024;

/** Takes the output of one sandbox in pieces. */
export interface LineSink {
  write(text: string): void;
  /** The sandbox is gone: what has no line end yet is a line, too. */
  end(): void;
}

/** Turns what a sandbox writes into lines; one instance per sandbox, since a line may come in pieces. */
export function lineSplitter(targets: OutputTargets): LineSink {
  let rest = '';
  const emit = (line: string) => {
    if (line === '') return;
    if (isEmbeddedMetric(line)) targets.metric(line);
    else targets.text(line.length > longestLine ? line.slice(0, longestLine) : line);
  };
  return {
    write(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) emit(line);
      if (rest.length > longestLine) {
        emit(rest);
        rest = '';
      }
    },
    end() {
      emit(rest);
      rest = '';
    },
  };
}

function isEmbeddedMetric(line: string): boolean {
  return line.startsWith('{') && line.includes('"_aws"');
}
