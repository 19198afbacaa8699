/**
 * Time to compare two logits tensors [512, 32000] by every metric: ours against NumPy, each on one core, in turn.
 *
 *     node benchmarks/compare-logits.ts        needs Python with NumPy 2: ASSAY_PYTHON, or python3 on the path
 *
 * NumPy takes a few rows at a time, so that its temporaries stay in the cache, and runs in four ways. In float64 it must
 * give our values (exit code 1 if not); in float32 it is faster, and its KL of nearly equal logits is mostly rounding.
 * Top-10 by one argpartition a row is what one would write; by block maxima is what one finds after profiling.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { compareLogits, percentile, randomFrom } from '../src/metrics/index.ts'

const POSITIONS = 512
const VOCABULARY = 32000
const RUNS = 9
const NOISES = [
  { name: 'fp32 noise', sigma: 1e-5 },
  { name: 'fp16 noise', sigma: 3e-3 },
  { name: 'int8 noise', sigma: 0.5 },
]
const PYTHON = process.env['ASSAY_PYTHON'] ?? 'python3'

type Metrics = Record<string, number>
interface Timed {
  ms: number
  metrics: Metrics
}

function normals(count: number, seed: number): Float32Array {
  const random = randomFrom(seed)
  return Float32Array.from({ length: count }, () => {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  })
}

function runOurs(reference: Float32Array, device: Float32Array): Timed {
  const start = performance.now()
  const c = compareLogits(reference, device, { positions: POSITIONS, vocabulary: VOCABULARY })
  const ms = performance.now() - start
  const { maxAbs, meanAbs, relL2, cosine, snrDb, referenceNaN, deviceNaN, referenceInf, deviceInf } = c.elements
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const metrics = {
    maxAbs,
    meanAbs,
    relL2,
    cosine,
    snrDb,
    klMean: c.klNats.mean,
    klMax: c.klNats.max,
    top1: c.top1,
    flips: c.flips.length,
    flipMargins: sum(c.flips.map(flip => flip.margin)),
    flipDeviceMargins: sum(c.flips.map(flip => flip.deviceMargin)),
    topkMean: c.topk.mean,
    topkMin: c.topk.min,
    nonFinite: referenceNaN + deviceNaN + referenceInf + deviceInf,
  }
  return { ms, metrics }
}

/** The Python side, kept running: answers each line with one line. */
class NumPy {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(referencePath: string, devicePath: string) {
    const script = join(import.meta.dirname, 'compare_logits.py')
    // One core, like ours; with more threads than idle cores its dot products took seconds.
    const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
    this.#child = spawn(PYTHON, [script, referencePath, devicePath, `${POSITIONS}`, `${VOCABULARY}`], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (this.#child.stdout === null) throw new Error('no standard output')
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async run(precision: 'float32' | 'float64', top: 'rows' | 'blocks'): Promise<Timed> {
    this.#child.stdin?.write(`${precision} ${top}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${PYTHON} ended`)
    // Our own script writes it.
    return JSON.parse(value) as Timed
  }

  close(): void {
    this.#child.stdin?.end()
  }
}

/** Where NumPy's float64 result is not ours. KL is a difference of sums of order 10 there: good to 1e-13, not more. */
function disagreements(ours: Metrics, theirs: Metrics): string[] {
  return Object.keys(ours).filter(name => {
    const [a, b] = [ours[name] ?? Number.NaN, theirs[name] ?? Number.NaN]
    const relative = name.startsWith('kl') ? 2e-8 : 1e-9
    return !(Math.abs(a - b) <= relative * Math.abs(b) + 1e-12)
  })
}

async function measure(noise: (typeof NOISES)[number], folder: string): Promise<void> {
  const count = POSITIONS * VOCABULARY
  const reference = normals(count, 1).map(x => 3 * x)
  const device = normals(count, 2).map((x, i) => (reference[i] ?? 0) + noise.sigma * x)
  const [referencePath, devicePath] = [join(folder, 'reference'), join(folder, 'device')]
  writeFileSync(referencePath, reference)
  writeFileSync(devicePath, device)

  const numpy = new NumPy(referencePath, devicePath)
  const sides = [
    { name: 'assay', run: async () => runOurs(reference, device) },
    { name: 'NumPy float64', run: () => numpy.run('float64', 'rows') },
    { name: 'NumPy float64, blocks', run: () => numpy.run('float64', 'blocks') },
    { name: 'NumPy float32', run: () => numpy.run('float32', 'rows') },
    { name: 'NumPy float32, blocks', run: () => numpy.run('float32', 'blocks') },
  ].map(side => ({ ...side, times: [] as number[], metrics: {} as Metrics }))
  for (let run = -1; run < RUNS; run++) {
    for (const side of sides) {
      const { ms, metrics } = await side.run()
      side.metrics = metrics
      if (run >= 0) side.times.push(ms) // the first warms up
    }
  }
  numpy.close()

  const [ours, float64] = sides
  const oursMs = percentile((ours?.times ?? []).toSorted(ascending), 50)
  for (const { name, times, metrics } of sides) {
    const sorted = times.toSorted(ascending)
    const median = percentile(sorted, 50)
    const cells = [noise.name, name, median.toFixed(0), (sorted[0] ?? 0).toFixed(0), (median / oursMs).toFixed(2)]
    printRow([...cells, (metrics['klMean'] ?? 0).toExponential(4), (metrics['klMax'] ?? 0).toExponential(4)])
  }
  const wrong = disagreements(ours?.metrics ?? {}, float64?.metrics ?? {})
  if (wrong.length > 0) {
    console.error(`values differ: ${wrong.join(', ')}`, ours?.metrics, float64?.metrics)
    process.exitCode = 1
  }
}

const ascending = (a: number, b: number): number => a - b

function printRow(cells: string[]): void {
  const widths = [12, 23, 10, 8, 8, 12, 12]
  console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(''))
}

if (spawnSync(PYTHON, ['-c', 'import numpy']).status !== 0) {
  console.error(`${PYTHON} does not have NumPy: set ASSAY_PYTHON to a Python that does`)
  process.exit(3)
}
const folder = mkdtempSync(join(tmpdir(), 'assay-compare-logits-'))
try {
  printRow(['device', 'by', 'median ms', 'min ms', 'x ours', 'KL mean', 'KL max'])
  for (const noise of NOISES) await measure(noise, folder)
} finally {
  rmSync(folder, { recursive: true })
}
