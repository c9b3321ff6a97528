/** A long finding lists every name it knows; its beginning says what is wrong. */
const longestFinding = 300;

/** A finding of CDK's template validation: message and gate, then the construct. */
const finding = /^ERROR (.+) \(([^()]+)\)\n\s+(\S+(?: \([A-Za-z0-9]+\))?)/gm;

/**
 * Says which gate stopped the CDK app and what it said.
 * @param output stdout and stderr of the app together
 */
export function explainSynthesisFailure(command: string, output: string): string {
  const findings = [...output.matchAll(finding)].map(
    ([, message = '', gate, place]) => `${gate}: ${place}: ${message.slice(0, longestFinding)}`,
  );
  if (findings.length > 0) return `Template validation stopped the start:\n${findings.join('\n')}`;
  const unbundled = [...output.matchAll(/✘ \[ERROR\] ([^\n]+)\n+\s*([^\n]*)/g)];
  if (unbundled.length > 0) {
    const lines = unbundled.map(([, message, place]) => `${place} ${message}`);
    return `Bundling stopped the start:\n${lines.join('\n')}`;
  }
  const thrown = /^(\w*Error: [\s\S]*?)(?=\n\s+at |\n\nNode\.js|$)/m.exec(output)?.[1];
  return `Synthesis ("${command}") stopped the start:\n${thrown ?? lastLines(output)}`;
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-20).join('\n');
}
