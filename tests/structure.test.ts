/** The house stays as docs/architecture.md draws it: which folder may import which, who prints, how large a file grows. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize, sep } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '..', 'src')

/** What every folder may import beside its own: shared words and types, without a dependency of their own. */
const GROUND = ['errors', 'tensor', 'words']

/** folder: [what it may import, why]. A folder that is not here does not exist yet: say here what it may know. */
const DIRECTIONS: Readonly<Record<string, readonly [imports: readonly string[], reason: string]>> = {
  errors: [[], 'the ground'],
  words: [[], 'the ground'],
  tensor: [[], 'the ground'],
  version: [[], 'reads package.json'],
  home: [[], 'where things are kept on this machine'],
  graph: [[], 'the language that models are written in; knows neither files nor devices'],
  models: [['graph'], 'an architecture is its paper, nothing else: no precision, device or file'],
  metrics: [[], 'formulas over numbers'],
  protocol: [[], 'messages and frames, the same for every engine'],
  weights: [[], 'bytes of weights: safetensors, seeded random'],
  onnx: [['weights'], 'bytes of graphs; tensors that lie outside them are written with the writer of weights'],
  lower: [['graph', 'onnx', 'protocol'], 'nodes to operators, and the interface that an engine is told about'],
  build: [
    ['graph', 'models', 'weights', 'lower', 'onnx', 'protocol', 'version'],
    'from the reference of a model to the artifact that an engine loads',
  ],
  benchmarks: [[], 'what each kind of benchmark is called, measures and is asked to reach: words and tables'],
  events: [
    ['benchmarks', 'metrics', 'protocol'],
    'the log and its fold; holds what devices describe and what metrics summarise',
  ],
  checks: [['events', 'metrics'], 'pure: outputs to verdicts; knows no engine and no file'],
  goldens: [
    ['checks', 'metrics', 'weights', 'version'],
    'outputs of a reference as a file, whole or the largest of them',
  ],
  workloads: [
    ['build', 'checks', 'events', 'goldens', 'graph', 'metrics', 'weights'],
    'from a model to the cases that the checks judge, and models that only measure a device',
  ],
  plan: [
    ['benchmarks', 'checks', 'events', 'protocol'],
    'a plan and what is here to units: names of checks and targets, descriptions of devices',
  ],
  engines: [
    ['home', 'onnx', 'protocol', 'version', 'weights'],
    'what runs inside a worker; keeps files that it is sent, knows which files a graph has its weights in; no check, no plan, no host',
  ],
  host: [['protocol', 'version'], 'starts workers; knows no engine by name'],
  store: [['events'], 'the log on disk'],
  comparison: [
    ['benchmarks', 'checks', 'events', 'goldens', 'metrics', 'reporters'],
    'two results side by side, and the words for it; the numbers look as in every report',
  ],
  reporters: [['benchmarks', 'events', 'protocol'], 'functions of a result or of its events; never sees the store'],
  runner: [
    [
      ...['benchmarks', 'build', 'checks', 'engines', 'events', 'goldens', 'host', 'lower', 'metrics', 'onnx', 'plan'],
      ...['protocol', 'version', 'weights', 'workloads'],
    ],
    'puts them together; emits events, knows no reporter, no store, no command',
  ],
  cli: [
    [
      ...[
        'benchmarks',
        'build',
        'checks',
        'comparison',
        'engines',
        'events',
        'goldens',
        'home',
        'host',
        'lower',
        'models',
      ],
      'onnx',
      ...['plan', 'protocol', 'reporters', 'runner', 'store', 'version', 'weights', 'workloads'],
    ],
    'the top: parses, calls, prints',
  ],
}

/** Folders whose code is pure: values in, values out. */
const PURE = ['benchmarks', 'graph', 'models', 'metrics', 'checks', 'comparison', 'events', 'lower']
/** Node's modules that do nothing to the world. */
const HARMLESS = ['node:util']
const GENERATED = ['onnx/onnx_pb.ts']
const LONGEST_LINES = 350
const NAMELESS = /^(utils?|helpers?|commons?|misc|managers?)$/i
/** The entry points of processes that Assay starts: they print to their parent, and exit. */
const PROCESSES = ['engines/worker.ts', 'engines/engine-thread.ts', 'engines/ort/probe.ts']
const PRINTS_OR_EXITS = /(?<![#.\w])(console\.|process\.(exit|exitCode|stdout|stderr|abort)\b)/

interface Source {
  readonly path: string
  readonly folder: string
  readonly text: string
  /** Of modules in src, by path; of others, by name. */
  readonly imports: readonly string[]
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map(path => path.replaceAll(sep, '/'))
  .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && basename(path) !== 'fixtures.ts')
  .map(path => {
    const text = readFileSync(join(SRC, path), 'utf8')
    return { path, folder: folderOf(path), text, imports: importsOf(path, text) }
  })

function folderOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? ''
}

function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^'"`;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return Array.from(specifiers, ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '').map(specifier =>
    specifier.startsWith('.') ? normalize(join(dirname(path), specifier)).replaceAll(sep, '/') : specifier,
  )
}

function isOwn(specifier: string): boolean {
  return specifier.endsWith('.ts')
}

/** The first circle that following `next` from a node finds, as a path; null where there is none. */
function circleIn(nodes: Iterable<string>, next: (node: string) => Iterable<string>): string | null {
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (node: string): string | null => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node].join(' -> ')
    if (done.has(node)) return null
    trail.push(node)
    for (const following of next(node)) {
      const circle = visit(following)
      if (circle !== null) return circle
    }
    trail.pop()
    done.add(node)
    return null
  }
  for (const node of nodes) {
    const circle = visit(node)
    if (circle !== null) return circle
  }
  return null
}

test('the imports of src are found', () => {
  expect(sources.length).toBeGreaterThan(150)
  const llama = sources.find(({ path }) => path === 'models/llama.ts')
  expect(llama?.imports).toContain('graph/index.ts')
  expect(importsOf('engines/index.ts', "import('./ort/index.ts')\nexport { a,\n b } from '../x.ts'")).toEqual([
    'engines/ort/index.ts',
    'x.ts',
  ])
})

test('every folder has its line in the table', () => {
  expect([...new Set(sources.map(({ folder }) => folder))].sort()).toEqual(Object.keys(DIRECTIONS).sort())
})

describe.each(Object.entries(DIRECTIONS))('%s', (folder, [allowed, reason]) => {
  test(`imports ${allowed.length === 0 ? 'nothing of its neighbours' : allowed.join(', ')}: ${reason}`, () => {
    const ground = GROUND.includes(folder) ? [] : GROUND
    const strays = sources
      .filter(source => source.folder === folder)
      .flatMap(({ path, imports }) => imports.filter(isOwn).map(target => ({ path, target, to: folderOf(target) })))
      .filter(({ to }) => to !== folder && !allowed.includes(to) && !ground.includes(to))
      .map(({ path, target }) => `${path} imports ${target}`)
    expect(strays).toEqual([])
  })
})

test('the table itself has no circle', () => {
  expect(circleIn(Object.keys(DIRECTIONS), folder => DIRECTIONS[folder]?.[0] ?? [])).toBeNull()
})

test('a circle is found where there is one', () => {
  const ring: Readonly<Record<string, readonly string[]>> = { a: ['b'], b: ['c'], c: ['b'] }
  expect(circleIn(Object.keys(ring), node => ring[node] ?? [])).toBe('b -> c -> b')
})

test('no file imports itself in a circle', () => {
  const byPath = new Map(sources.map(source => [source.path, source.imports.filter(isOwn)]))
  expect(circleIn(byPath.keys(), path => byPath.get(path) ?? [])).toBeNull()
})

/** What the engines on onnxruntime's JavaScript packages share; it runs in Node and in a browser's page. */
const SHARED_BY_ENGINES = 'engines/onnxruntime/'

test('a vendor folder of engines knows no other', () => {
  const strays = sources
    .filter(({ path }) => /^engines\/[^/]+\//.test(path))
    .flatMap(({ path, imports }) => {
      const own = path.split('/').slice(0, 2).join('/')
      return imports
        .filter(to => /^engines\/[^/]+\//.test(to) && !to.startsWith(`${own}/`) && !to.startsWith(SHARED_BY_ENGINES))
        .map(to => `${path}: ${to}`)
    })
  expect(strays).toEqual([])
})

test('pure folders import no module of Node', () => {
  const strays = sources
    .filter(({ folder }) => PURE.includes(folder))
    .flatMap(({ path, imports }) => imports.filter(isOfNode).map(name => `${path} imports ${name}`))
  expect(strays).toEqual([])
})

function isOfNode(specifier: string): boolean {
  return specifier.startsWith('node:') && !HARMLESS.includes(specifier)
}

test('only the command line prints or exits', () => {
  const strays = sources
    .filter(({ folder, path }) => folder !== 'cli' && !PROCESSES.includes(path))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter(line => PRINTS_OR_EXITS.test(line) && !isComment(line))
        .map(line => `${path}: ${line.trim()}`),
    )
  expect(strays).toEqual([])
})

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/?\*)/.test(line)
}

test('every file and folder has a name of its own', () => {
  const nameless = sources
    .map(({ path }) => path)
    .filter(path =>
      path
        .replace(/\.ts$/, '')
        .split('/')
        .some(part => NAMELESS.test(part)),
    )
  expect(nameless).toEqual([])
})

test(`no file is longer than ${LONGEST_LINES} lines, but those that a program wrote`, () => {
  const long = sources
    .filter(({ path }) => !GENERATED.includes(path))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_LINES)
  expect(long).toEqual([])
})
