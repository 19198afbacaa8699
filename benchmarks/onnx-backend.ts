/**
 * The ONNX backend tests through Assay, beside what onnxruntime's own Python gives for the same files.
 *
 *     node benchmarks/onnx-backend.ts [NAME ...]      prints the tables
 *       --write               puts them into docs/onnx-backend.md
 *       --jobs 2              plans that run at once
 *       --save FILE           keeps what was seen, as JSON; --from FILE prints it again and runs nothing
 *
 * Needs Python with onnx and onnxruntime (ASSAY_PYTHON, or python3 on the path). onnx_backend.py writes each test as a
 * model file with its test_data_set_* beside it; `assay run` then judges every file on ort:cpu, each in a worker of its own.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ResultDocument } from '../src/events/result.ts'
import { agrees, causes, differences, everyOther, outcomes, type Row, tidy } from './onnx-backend-table.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENT = join(ROOT, 'docs', 'onnx-backend.md')
/** All below it is written by this script. */
const MARK = '<!-- node benchmarks/onnx-backend.ts --write -->'
/** As many models as a plan may name. */
const MOST_MODELS = 1000
const PYTHON = process.env['ASSAY_PYTHON'] ?? 'python3'

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
    save: { type: 'string' },
    from: { type: 'string' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

interface Line {
  readonly kind: string
  readonly name: string
  readonly verdict: Row['runtime']['verdict']
  readonly reason: string
}

interface Seen {
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

/** Writes the tests' files into a folder; gives the packages' versions and what onnxruntime's Python made of each test. */
function runtimeVerdicts(folder: string): { versions: Record<string, string>; lines: Line[] } {
  const { stdout, status } = spawnSync(PYTHON, [join(import.meta.dirname, 'onnx_backend.py'), folder, ...names], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) {
    say(`${PYTHON} could not run the tests: pip install onnx onnxruntime, and set ASSAY_PYTHON to that Python`)
    process.exit(3)
  }
  // Our own script writes it.
  const [versions, ...lines] = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  return { versions, lines }
}

/** Runs a plan of these tests, as a person would; its models go by their places below the plan's folder. */
async function judge(folder: string, index: number, lines: readonly Line[]): Promise<ResultDocument['units']> {
  const [plan, report, log] = ['plan.yaml', 'report.json', 'log'].map(name => join(folder, `${index}-${name}`))
  if (plan === undefined || report === undefined || log === undefined) throw new Error('three names')
  const models = lines.map(({ kind, name }) => ({ model: `./${kind}/${name}/model.onnx` }))
  const limits = { attempts: 1 }
  writeFileSync(plan, JSON.stringify({ name: 'onnx backend tests', models, devices: ['ort:cpu'], limits }))
  const command = [join(ROOT, 'bin', 'assay.js'), 'run', plan, '--report', report]
  const env = { ...process.env, ASSAY_HOME: join(folder, `${index}-home`) }
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', openSync(log, 'w'), 'inherit'] })
  const code = await new Promise(resolve => child.once('close', resolve))
  // 1: something is wrong; 3: something could not be judged. Both are what is asked.
  if (code !== 0 && code !== 1 && code !== 3) throw new Error(`assay run ended with ${code}`)
  return (JSON.parse(readFileSync(report, 'utf8')) as ResultDocument).units
}

/** What Assay says of a unit, and why where it is no pass. */
function assayVerdict(unit: ResultDocument['units'][number], folder: string): Row['assay'] {
  const judged = unit.checks.filter(({ status }) => status === unit.status)
  const reasons = judged.map(({ name, reason }) => `${name}: ${reason}`)
  const reason = unit.status === 'pass' ? '' : reasons.length > 0 ? reasons.join('; ') : (unit.reason ?? '')
  return { status: unit.status, reason: tidy(reason, folder) }
}

async function seenNow(): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-onnx-backend-'))
  try {
    const { versions, lines } = runtimeVerdicts(folder)
    say(`${lines.length} tests written and run by onnxruntime's Python; now by Assay (${folder}/*-log)`)
    const jobs = Math.max(Number(options.jobs), Math.ceil(lines.length / MOST_MODELS))
    const shares = Array.from({ length: jobs }, (_, share) => lines.filter((_, i) => i % jobs === share))
    const startedMs = performance.now()
    const units = (await Promise.all(shares.map((share, index) => judge(folder, index, share)))).flat()
    say(`${units.length} units in ${Math.round((performance.now() - startedMs) / 1000)} s`)
    const byModel = new Map(units.map(unit => [dirname(unit.model), unit]))
    const rows = lines.map(({ kind, name, verdict, reason }): Row => {
      const unit = byModel.get(`./${kind}/${name}`)
      if (unit === undefined) throw new Error(`${name} was not judged`)
      return { kind, name, runtime: { verdict, reason: tidy(reason, folder) }, assay: assayVerdict(unit, folder) }
    })
    return { versions, rows }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function printed({ rows, versions }: Seen): string {
  const stack = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${rows.length} tests; the verdicts of ${rows.filter(agrees).length} agree. ${stack.join(', ')}; Assay on \`ort:cpu\`.`,
    `## Outcomes\n\n${outcomes(rows)}`,
    `## Where the verdicts differ\n\n${differences(rows)}`,
    `## Why a test is no pass\n\n${causes(rows)}`,
    `## Every file that is no pass\n\n${everyOther(rows)}`,
  ].join('\n\n')
}

const seen: Seen = options.from === undefined ? await seenNow() : JSON.parse(readFileSync(options.from, 'utf8'))
if (options.save !== undefined) writeFileSync(options.save, JSON.stringify(seen))
if (options.write) {
  const [head = ''] = readFileSync(DOCUMENT, 'utf8').split(MARK)
  writeFileSync(DOCUMENT, `${head}${MARK}\n\n${printed(seen)}\n`)
} else console.log(printed(seen))
