import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const examples = join(root, 'examples/workers');
const built = join(root, '.build/workers');
/** Where Debian's librust-*-dev packages put the sources of crates. */
const debianCrates = '/usr/share/cargo/registry';

/** One of the example workers, and what it needs to run. */
export interface LanguageWorker {
  language: string;
  /** What keeps it from running on this machine. */
  missing?: string;
  /** False where integers beyond 64 bits do not go through with all of their digits. */
  everyDigit: boolean;
  /** The command that runs it, once it is built. */
  command: string[];
  build?: () => Promise<void>;
}

const answers = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;

const missing = (what: string, isThere: boolean) => (isThere ? undefined : `there is no ${what}`);

function missingForRust(): string | undefined {
  if (!answers('cargo', '--version') || !answers('rustc', '--version')) return 'there is no cargo';
  const crates = existsSync(debianCrates) ? readdirSync(debianCrates) : [];
  // The versions that examples/workers/rust/Cargo.toml asks for.
  const needed = ['ureq-2.', 'serde_json-1.', 'signal-hook-0.3.'];
  const absent = needed.filter((name) => !crates.some((crate) => crate.startsWith(name)));
  return missing(`${absent.join(', ')} in ${debianCrates}`, absent.length === 0);
}

/** The workers in `examples/workers`; looks for interpreters and compilers, installs nothing. */
export function languageWorkers(): LanguageWorker[] {
  return [
    {
      language: 'python',
      missing: missing('python3', answers('python3', '-c', 'import sys; assert sys.version_info >= (3, 8)')),
      everyDigit: true,
      command: ['python3', join(examples, 'python/worker.py')],
    },
    {
      language: 'php',
      missing: missing(
        'php 8.1 with curl and pcntl',
        answers(
          'php',
          '-r',
          'exit(PHP_VERSION_ID >= 80100 && function_exists("curl_init") && function_exists("pcntl_fork") ? 0 : 1);',
        ),
      ),
      everyDigit: false,
      command: ['php', join(examples, 'php/worker.php')],
    },
    {
      language: 'node',
      everyDigit: true,
      command: [process.execPath, join(examples, 'node/worker.ts')],
    },
    {
      language: 'go',
      missing: missing('go', answers('go', 'version')),
      everyDigit: true,
      command: [join(built, 'go-worker')],
      build: () =>
        run('go', ['build', '-o', join(built, 'go-worker'), '.'], join(examples, 'go'), {
          GOCACHE: join(built, 'go-cache'),
          GOFLAGS: '-buildvcs=false',
          GOPROXY: 'off',
          GOTOOLCHAIN: 'local',
        }),
    },
    {
      language: 'ruby',
      missing: missing('ruby 3', answers('ruby', '-e', 'exit(RUBY_VERSION.to_i >= 3)')),
      everyDigit: true,
      command: ['ruby', join(examples, 'ruby/worker.rb')],
    },
    {
      language: 'rust',
      missing: missingForRust(),
      everyDigit: true,
      command: [join(built, 'rust/target/debug/tandem-worker')],
      build: buildRust,
    },
  ];
}

/** Without network: from Debian's crates, and without TLS, which a test on this machine does not need. */
async function buildRust(): Promise<void> {
  const target = join(built, 'rust');
  mkdirSync(target, { recursive: true });
  for (const part of ['Cargo.toml', 'src']) {
    cpSync(join(examples, 'rust', part), join(target, part), { recursive: true, preserveTimestamps: true });
  }
  const source = ['--config', 'source.crates-io.replace-with="debian"'];
  const directory = ['--config', `source.debian.directory="${debianCrates}"`];
  await run('cargo', ['build', '--offline', '--no-default-features', ...source, ...directory], target, {
    CARGO_PROFILE_DEV_DEBUG: '0',
    CARGO_TARGET_DIR: join(target, 'target'),
  });
}

function run(command: string, args: string[], cwd: string, env: Record<string, string>): Promise<void> {
  mkdirSync(built, { recursive: true });
  return new Promise((done, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, timeout: 240_000 };
    execFile(command, args, options, (error, _stdout, stderr) =>
      error ? reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stderr}`)) : done(),
    );
  });
}

/** A worker that a test started. */
export interface RunningWorker {
  /** Everything it said so far. */
  output(): string;
  /** Sends the signal and waits; the exit code, or `null` when a signal ended it. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

const children = new Set<ChildProcess>();

/** Starts a worker of the language. */
export function startWorker(
  { command: [file = '', ...args] }: LanguageWorker,
  env: Record<string, string>,
): RunningWorker {
  const child = spawn(file, args, {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = new Promise<number | null>((done) => {
    child.once('error', (error) => {
      output += String(error);
      done(-1);
    });
    child.once('exit', (code) => done(code));
  });
  exited.then(() => children.delete(child));
  return {
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Ends what a failed test left running. */
export function endWorkers(): void {
  for (const child of children) child.kill('SIGKILL');
}
