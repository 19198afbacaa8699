/** The published package, as `npm pack` makes it, at work in a folder that holds nothing else. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..', '..')
const Manifest = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) })
const manifest = Manifest.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })])

let folder = ''
let files: readonly string[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-package-'))
  const packed = pack()
  files = packed.files
  install(packed.tarball)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `npm pack`, with its build. */
function pack(): { tarball: string; files: readonly string[] } {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8' })
  // npm 11 gives a list; npm 12 a map by name.
  const parsed: unknown = JSON.parse(output)
  const [{ filename, files }] = Packed.parse(Array.isArray(parsed) ? parsed : Object.values(Object(parsed)))
  return { tarball: join(folder, filename), files: files.map(({ path }) => path) }
}

/** What `npm install TARBALL` does, but for the download: the dependencies, and they alone, are links into the checkout. */
function install(tarball: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', modules])
  execFileSync('mv', [join(modules, 'package'), join(modules, 'assay')])
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  symlinkSync('../assay/bin/assay.js', join(modules, '.bin', 'assay'))
  writeFileSync(join(folder, 'package.json'), '{}')
}

function assay(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npx', ['--no', '--', 'assay', ...words], {
    cwd: folder,
    encoding: 'utf8',
    // Without the checkout's own: the package must not need it.
    env: { ...process.env, ASSAY_HOME: join(folder, 'home'), NODE_PATH: '' },
  })
}

test('it holds the build, the zoo, the plans, the example worker and the documents', () => {
  for (const file of [
    'bin/assay.js',
    'dist/cli/main.js',
    'dist/engines/worker.js',
    'dist/engines/thread.js',
    'dist/engines/ort/probe.js',
    'dist/engines/browser/keeper.js',
    'dist/engines/browser/page/model.js',
    'zoo/llama/model.safetensors',
    'zoo/llama/goldens/torch-fp32.safetensors',
    'zoo/mistral/model.safetensors',
    'zoo/mistral/goldens/torch-fp32.safetensors',
    'zoo/gpt-neox/model.safetensors',
    'zoo/gpt-neox/goldens/torch-fp32.safetensors',
    'plans/default.yaml',
    'workers/example/worker.py',
    'docs/protocol.md',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ])
    expect(files).toContain(file)
})

test('it holds no source, test, fixture or leftover', () => {
  expect(files.filter(path => path.endsWith('.ts'))).toEqual([])
  expect(files.filter(path => /\.test|fixture|__pycache__|node_modules|\.tgz$/.test(path))).toEqual([])
})

test('--version is that of package.json', () => {
  expect(assay('--version')).toMatchObject({ status: 0, stdout: `${manifest.version}\n` })
})

test('--help shows the commands', () => {
  const { status, stdout } = assay('--help')
  expect(status).toBe(0)
  for (const command of ['run', 'parity', 'bench', 'golden', 'engine']) expect(stdout).toContain(command)
})

test('models lists the zoo', () => {
  const { status, stdout } = assay('models')
  expect(status).toBe(0)
  expect(stdout).toContain('zoo/llama')
})

test('a short run passes, with a worker in a process of its own', { timeout: 120_000 }, () => {
  writeFileSync(
    join(folder, 'plan.yaml'),
    'models: [zoo/llama]\ndevices: [ort:cpu]\nprecisions: [fp32]\nchecks: [logits-parity, determinism]\n',
  )
  const { status, stdout, stderr } = assay('run', 'plan.yaml', '--json')
  expect(stderr).not.toContain('error:')
  const result = z
    .object({ verdict: z.string(), units: z.array(z.object({ status: z.string() })) })
    .parse(JSON.parse(stdout))
  expect(result).toMatchObject({ verdict: 'pass', units: [{ status: 'pass' }] })
  expect(status).toBe(0)
})
