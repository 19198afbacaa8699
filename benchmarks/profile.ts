/**
 * Which operators of a language model's graph take the time on this machine, in a pass over the prompt and in a decode step.
 *
 *     node profile.ts MODEL [PRECISION ...]      512 tokens in, 64 out; precisions default to fp32
 *
 * A node's decode figure is the median over all steps; an operator's is the sum over its nodes. The profiler itself costs about a
 * microsecond a node, so that a step is slower here than in peers.ts. Prints tables; judges nothing.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { buildArtifact } from '../src/build/artifact.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import { generateTokens, readRequest } from '../src/engines/onnxruntime/generate.ts'
import { sessionOptions } from '../src/engines/onnxruntime/options.ts'
import { Session } from '../src/engines/onnxruntime/session.ts'
import { ort } from '../src/engines/ort/runtime.ts'
import { assayHome } from '../src/home.ts'
import { tokenTensor } from '../src/tensor.ts'
import { Precision } from '../src/words.ts'
import { benchmarkPrompts, workloadOf } from '../src/workloads/llm/index.ts'

const INPUT = 512
const OUTPUT = 64

const NodeEvent = z.object({
  cat: z.literal('Node'),
  name: z.string().endsWith('_kernel_time'),
  ts: z.number(),
  dur: z.number(),
  args: z.object({ op_name: z.string() }),
})
const RunEvent = z.object({ cat: z.literal('Session'), name: z.literal('model_run'), ts: z.number(), dur: z.number() })

interface Row {
  readonly operator: string
  readonly nodes: number
  readonly prefillMs: number
  readonly decodeMs: number
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Onnxruntime's profile of one generation (Chrome's trace format, times in us). */
function rowsOf(json: string): Row[] {
  const events = z.array(z.unknown()).parse(JSON.parse(json))
  const runs = events.flatMap(event => RunEvent.safeParse(event).data ?? [])
  const nodes = events.flatMap(event => NodeEvent.safeParse(event).data ?? [])
  const byNode = new Map<string, { operator: string; us: number[] }>()
  const outside = { operator: '(between operators)', us: [] as number[] }
  for (const run of runs) {
    const inside = nodes.filter(({ ts }) => ts >= run.ts && ts < run.ts + run.dur)
    for (const { name, dur, args } of inside) {
      const node = byNode.get(name) ?? { operator: args.op_name, us: [] }
      node.us.push(dur)
      byNode.set(name, node)
    }
    outside.us.push(run.dur - sum(inside.map(({ dur }) => dur)))
  }
  const byOperator = Map.groupBy([...byNode.values(), outside], ({ operator }) => operator)
  return Array.from(byOperator, ([operator, members]) => ({
    operator,
    nodes: members.length,
    prefillMs: sum(members.map(({ us }) => us[0] ?? 0)) / 1000,
    decodeMs: sum(members.map(({ us }) => median(us.slice(1)))) / 1000,
  })).sort((a, b) => b.decodeMs - a.decodeMs)
}

async function profile(model: LanguageModel, precision: Precision): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-profile-'))
  try {
    const artifact = buildArtifact(model, precision, 'ort', assayHome(process.env))
    const options = sessionOptions('cpu', {}, availableParallelism())
    const [prompt = []] = benchmarkPrompts(workloadOf(model).benchmarkTokens, 1, INPUT)
    const ask = { newTokens: OUTPUT, stop: [], logits: false }
    const tensors = { input_ids: tokenTensor([prompt]) }
    const create = async (profiling: object) =>
      new Session(
        await ort.InferenceSession.create(artifact.path, { ...options, ...profiling }),
        artifact.interface,
        'host',
        ort.Tensor,
      )
    const session = await create({ enableProfiling: true, profileFilePrefix: join(folder, 'profile') })
    await generateTokens(session, readRequest(session, ask, tensors), { isInterrupted: () => false, progress() {} })
    session.endProfiling()
    await session.release()
    return rowsOf(readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [reference = 'arch/llama-125m', ...precisions] = process.argv.slice(2)
const model = openModel(reference)
if (model.kind !== 'llm') throw new Error(`${reference} is no language model`)
for (const precision of precisions.length > 0 ? precisions.map(name => Precision.parse(name)) : (['fp32'] as const)) {
  const rows = await profile(model, precision)
  const total = rows.reduce(
    (all, { nodes, prefillMs, decodeMs }) => ({
      nodes: all.nodes + nodes,
      prefillMs: all.prefillMs + prefillMs,
      decodeMs: all.decodeMs + decodeMs,
    }),
    { nodes: 0, prefillMs: 0, decodeMs: 0 },
  )
  console.log(`${reference} ${precision}`)
  console.table(
    [...rows, { operator: 'all', ...total }].map(row => ({
      operator: row.operator,
      nodes: row.nodes,
      'prefill ms': row.prefillMs.toFixed(1),
      'decode ms': row.decodeMs.toFixed(3),
    })),
  )
}
