/**
 * The peer: llama.cpp through node-llama-cpp's prebuilt CPU binaries. Answers one JSON line for each line it reads.
 *
 *     node peer_llama.ts PEERS FILE.gguf THREADS
 *
 * PEERS is the folder where node-llama-cpp is installed. Commands as in peer_torch.py: `generate` and `logits`.
 * What is not said here is the package's default: among it a cache of fp16.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

const ids = z.array(z.int())
const Command = z.discriminatedUnion('do', [
  z.object({ do: z.literal('generate'), input: ids, tokens: z.int() }),
  z.object({ do: z.literal('logits'), windows: z.array(ids), file: z.string() }),
])
type Sequence = Awaited<ReturnType<typeof open>>['sequence']

/** Tokens of the longest prompt and its continuation, and the tokens of one pass: a prompt of 512 goes in at once. */
const CONTEXT = 576
const BATCH = 512
/** Positions whose probabilities are asked for at once: each is a map of the whole vocabulary. */
const CHUNK = 16

async function open(peers: string, file: string, threads: number) {
  const entry = createRequire(join(resolve(peers), 'package.json')).resolve('node-llama-cpp')
  const { getLlama }: typeof import('node-llama-cpp') = await import(pathToFileURL(entry).href)
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
    logger: (_, message) => process.stderr.write(`${message}\n`),
  })
  const model = await llama.loadModel({ modelPath: resolve(file), gpuLayers: 0 })
  const context = await model.createContext({ contextSize: CONTEXT, batchSize: BATCH, threads, sequences: 1 })
  return { sequence: context.getSequence(), release: llama.llamaCppRelease.release, system: llama.systemInfo }
}

async function generate(sequence: Sequence, input: readonly number[], count: number) {
  await sequence.clearHistory()
  const clock = [performance.now()]
  const tokens: number[] = []
  for await (const token of sequence.evaluate(input, { temperature: 0, yieldEogToken: true })) {
    clock.push(performance.now())
    tokens.push(token)
    if (tokens.length === count) break
  }
  const [prefillMs = 0, ...stepMs] = clock.slice(1).map((ms, step) => ms - (clock[step] ?? 0))
  return { prefillMs, stepMs, tokens }
}

/** Logarithms of the probabilities, float32 [positions, vocabulary]: logits but for a constant of each position. */
async function writeLogits(sequence: Sequence, windows: readonly (readonly number[])[], path: string) {
  const file = openSync(path, 'w')
  let positions = 0
  for (const window of windows) {
    await sequence.clearHistory()
    for (let start = 0; start < window.length; start += CHUNK) {
      const asked = window
        .slice(start, start + CHUNK)
        .map(token => [token, { generateNext: { probabilities: true, options: { temperature: 0 } } }] as const)
      for (const output of await sequence.controlledEvaluate(asked.map(([token, options]) => [token, options]))) {
        const probabilities = output?.next.probabilities
        if (!probabilities) throw new Error('llama.cpp gave no probabilities')
        const row = new Float32Array(probabilities.size)
        for (const [token, probability] of probabilities) row[token] = Math.log(probability)
        writeSync(file, new Uint8Array(row.buffer))
        positions++
      }
    }
  }
  closeSync(file)
  return { positions }
}

const [peers = '', file = '', threads = '2'] = process.argv.slice(2)
const { sequence, release, system } = await open(peers, file, Number(threads))
console.log(JSON.stringify({ runtime: `llama.cpp ${release}`, system }))
for await (const line of createInterface({ input: process.stdin })) {
  const command = Command.parse(JSON.parse(line))
  const answer =
    command.do === 'generate'
      ? await generate(sequence, command.input, command.tokens)
      : await writeLogits(sequence, command.windows, command.file)
  console.log(JSON.stringify(answer))
}
process.exit()
