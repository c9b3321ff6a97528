// Bundles the local runtime into the given directory, in a process of its own: esbuild's memory goes back.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [, , directory] = process.argv;
const root = resolve(import.meta.dirname, '..');

/** A module that looks for files beside itself must still find them from the bundle. */
const ownLocation = {
  name: 'own-location',
  setup(bundling) {
    bundling.onLoad({ filter: /\/local\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
    }));
  },
};

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['local/main.ts'],
  outfile: resolve(directory, 'main.mjs'),
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  metafile: true,
  logLevel: 'error',
  // CommonJS packages inside still call require for Node's own modules.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
  plugins: [ownLocation],
});

const inputs = ['package-lock.json', ...Object.keys(metafile.inputs)]
  .filter((file) => !file.startsWith('node_modules/'))
  .map((file) => resolve(root, file));
mkdirSync(directory, { recursive: true });
// By rename, and the bundle first: another start at the same time never sees half of it.
put('main.mjs', outputFiles[0].contents);
put('inputs.json', JSON.stringify(Object.fromEntries(inputs.map((file) => [file, statSync(file).mtimeMs]))));

function put(name, contents) {
  const next = resolve(directory, `${name}.${process.pid}`);
  writeFileSync(next, contents);
  renameSync(next, resolve(directory, name));
}
