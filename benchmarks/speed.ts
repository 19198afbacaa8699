/**
 * Assay's fp32 language models against the machine's limits and against transformers on torch, taken in turn in one run.
 *
 *     node speed.ts [MODEL ...]      models default to arch/llama-125m; a real checkpoint is given as a path
 *
 * ASSAY_PYTHON names a Python with torch and transformers. Prints a table; judges nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { buildArtifact } from '../src/build/artifact.ts'
import { exportCheckpoint } from '../src/build/checkpoint.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import { engineCommand } from '../src/engines/index.ts'
import { assayHome } from '../src/home.ts'
import { Session } from '../src/runner/session.ts'
import { elementCount, tokenTensor, toNumbers } from '../src/tensor.ts'
import { benchmarkPrompts, workloadOf } from '../src/workloads/llm/index.ts'
import { matrixRate, vectorRate, writeCeiling } from './ceiling.ts'
import { Peer } from './peer.ts'

const INPUT = 512
const OUTPUT = 64
const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
const ENDLESS = { loadMs: 600_000, callMs: 600_000 }

const Generated = z.object({ prefillMs: z.number(), stepMs: z.array(z.number()), tokens: z.array(z.int()) })
const Read = z.object({ gbPerSecond: z.number() })

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const show = (value: number) => value.toPrecision(3)

function open(path: string, loadable: Partial<Parameters<typeof Session.open>[1]> = {}): Promise<Session> {
  const launch = { engine: 'ort', command: engineCommand('ort'), stdio: false }
  const shared = { device: 'ort:cpu', form: 'onnx', precision: 'fp32', interface: null, options: {}, path } as const
  return Session.open(launch, { ...shared, ...loadable }, ENDLESS, new AbortController().signal)
}

/** Bytes of weights that one token reads, and multiplications and additions of one prefill pass. */
function work(model: LanguageModel): { bytes: number; weightBytes: number; prefillFlop: number; cacheBytes: number } {
  const { graph, config } = model
  const isTied = config['tie_word_embeddings'] === true
  const sizes = Array.from(graph.weights, ([name, { shape, role }]) => ({ name, size: elementCount(shape), role }))
  const total = sizes.reduce((sum, { size }) => sum + size, 0)
  const embedding = sizes.find(({ name }) => name.includes('embed_tokens'))?.size ?? 0
  const head = isTied ? embedding : (sizes.find(({ name }) => name.startsWith('lm_head'))?.size ?? 0)
  const layers =
    sizes.filter(({ role }) => role === 'matrix').reduce((sum, { size }) => sum + size, 0) -
    embedding -
    (isTied ? 0 : head)
  const queryFeatures = Number(config['hidden_size'])
  // Causal attention: half of two products of [tokens, tokens] for each query feature.
  const attention = graph.caches.length * 2 * INPUT * INPUT * queryFeatures
  const cacheBytes = graph.caches.reduce(
    (sum, { heads, headDim }) => sum + 2 * 4 * heads * headDim * (INPUT + OUTPUT),
    0,
  )
  return {
    bytes: 4 * (isTied ? total : total - embedding),
    weightBytes: 4 * total,
    prefillFlop: 2 * INPUT * layers + 2 * head + attention,
    cacheBytes,
  }
}

async function measureModel(reference: string, folder: string, ceiling: Session): Promise<Record<string, string>> {
  const model = openModel(reference)
  if (model.kind !== 'llm') throw new Error(`${reference} is no language model`)
  const directory = model.directory ?? join(folder, reference.replaceAll('/', '-'))
  if (model.directory === null) exportCheckpoint(model, directory)
  const artifact = buildArtifact(model, 'fp32', 'ort', assayHome(process.env))
  const [prompt = []] = benchmarkPrompts(workloadOf(model).benchmarkTokens, 1, INPUT)
  const session = await open(artifact.path, { interface: artifact.interface })
  const { peer } = await Peer.start(process.env['ASSAY_PYTHON'] ?? 'python3', [
    join(import.meta.dirname, 'peer_torch.py'),
    directory,
  ])
  const ours = { prefill: [] as number[], step: [] as number[], outside: [] as number[] }
  const theirs = { prefill: [] as number[], step: [] as number[] }
  const limits = { matrix: [] as number[], read: [] as number[] }
  let peakBytes = 0
  let agreeing = 0
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const options = { workload: 'generate', newTokens: OUTPUT, warmup: 0, repetitions: 1, budgetMs: 1 } as const
      const { result, tensors } = await session.measure({ input_ids: tokenTensor([prompt]) }, options)
      const matrix = await matrixRate(ceiling)
      const vector = await vectorRate(ceiling)
      const peerRun = Generated.parse(await peer.ask({ do: 'generate', input: prompt, tokens: OUTPUT }))
      const read = Read.parse(await peer.ask({ do: 'read' }))
      const [sample] = result.generations
      if (round === 0 || !sample) continue // warm-up
      ours.prefill.push(sample.deviceMs[0] ?? 0)
      for (let step = 1; step < OUTPUT; step++) {
        const gap = (sample.tokenMs[step] ?? 0) - (sample.tokenMs[step - 1] ?? 0)
        ours.step.push(gap)
        ours.outside.push((gap - (sample.deviceMs[step] ?? 0)) / gap)
      }
      theirs.prefill.push(peerRun.prefillMs)
      theirs.step.push(...peerRun.stepMs)
      limits.matrix.push(matrix)
      limits.read.push(Math.max(vector, read.gbPerSecond))
      peakBytes = Math.max(peakBytes, result.peakMemoryBytes ?? 0)
      const tokens = tensors['sequences'] ? toNumbers(tensors['sequences']) : []
      agreeing = tokens.filter((token, at) => token === peerRun.tokens[at]).length
    }
  } finally {
    await peer.stop()
    await session.close()
  }
  const { bytes, weightBytes, prefillFlop, cacheBytes } = work(model)
  const rate = prefillFlop / median(ours.prefill) / 1e6
  const bandwidth = bytes / median(ours.step) / 1e6
  return {
    model: reference.split('/').slice(-2).join('/'),
    'prefill ms': show(median(ours.prefill)),
    'of matrix rate': `${show((100 * rate) / median(limits.matrix))} % of ${show(median(limits.matrix))} GFLOP/s`,
    'x torch prefill': show(median(theirs.prefill) / median(ours.prefill)),
    'decode ms': show(median(ours.step)),
    'of read bandwidth': `${show((100 * bandwidth) / median(limits.read))} % of ${show(median(limits.read))} GB/s`,
    'x torch decode': show(median(theirs.step) / median(ours.step)),
    'outside device': `${show(100 * median(ours.outside))} %`,
    'peak / (weights + cache)': `${show(peakBytes / (weightBytes + cacheBytes))} of ${Math.round((weightBytes + cacheBytes) / 1e6)} MB`,
    'tokens as torch': `${agreeing} of ${OUTPUT}`,
  }
}

const folder = mkdtempSync(join(tmpdir(), 'assay-speed-'))
try {
  writeCeiling(join(folder, 'ceiling.onnx'))
  const ceiling = await open(join(folder, 'ceiling.onnx'))
  const models = process.argv.slice(2)
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} threads; ${INPUT} tokens in, ${OUTPUT} out, ${ROUNDS} rounds in turn, medians`,
  )
  for (const model of models.length > 0 ? models : ['arch/llama-125m'])
    for (const [name, value] of Object.entries(await measureModel(model, folder, ceiling)))
      console.log(`${name.padEnd(26)}${value}`)
  await ceiling.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
