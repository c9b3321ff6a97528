/** Output with at most one line that changes in place, at the bottom. */
export interface ProgressLine {
  /** Shows how far something is; on a terminal it replaces what was shown before. */
  update(text: string): void;
  /** Prints lines that stay, above the changing one. */
  print(text: string): void;
  /** Leaves the changing line as it is and goes on below it. */
  end(): void;
}

export function createProgressLine(stream: NodeJS.WriteStream): ProgressLine {
  let current = '';
  const clear = '\r\u001b[K';
  return {
    update(text) {
      if (stream.isTTY) stream.write(`${clear}${text}`);
      else stream.write(`${text}\n`);
      current = text;
    },
    print(text) {
      if (stream.isTTY && current !== '') stream.write(`${clear}${text}\n${current}`);
      else stream.write(`${text}\n`);
    },
    end() {
      if (stream.isTTY && current !== '') stream.write('\n');
      current = '';
    },
  };
}
