/** Runs every runtime in turn, each in a process of its own: its speed, and what its precision costs. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarkPrompts } from '../src/workloads/llm/index.ts'
import { divergenceOf, perplexityOf } from './peers-errors.ts'
import type { RowError, RowSpeed } from './peers-table.ts'
import type { Generated, Runtime } from './runtimes.ts'

const WARM_UP = 4
/** Mean KL in nats up to which two fp32 runtimes are one: llama.cpp's cache of fp16 alone makes 8e-6. */
const SAME = 1e-4

/** A line of progress for each process. */
type Say = (text: string) => void

export const idOf = ({ name, precision, batch }: Runtime) => `${name} ${precision}${batch > 1 ? ` batch ${batch}` : ''}`

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

/** Starts each runtime once a round, every other round backwards; a short warm-up of the same prompt comes first. */
export async function measureSpeed(
  runtimes: readonly Runtime[],
  tokens: readonly number[],
  { input, output, rounds }: { readonly input: number; readonly output: number; readonly rounds: number },
  say: Say,
): Promise<Map<Runtime, RowSpeed>> {
  const samples = new Map<Runtime, Generated[]>(runtimes.map(runtime => [runtime, []]))
  for (let round = 0; round < rounds; round++) {
    for (const runtime of round % 2 === 0 ? runtimes : runtimes.toReversed()) {
      const prompts = benchmarkPrompts(tokens, runtime.batch, input)
      const running = await runtime.start()
      try {
        await running.generate(prompts, WARM_UP)
        const sample = await running.generate(prompts, output)
        if (sample.tokens.length !== output) throw new Error(`${idOf(runtime)} gave ${sample.tokens.length} tokens`)
        samples.get(runtime)?.push(sample)
        const times = `prefill ${sample.prefillMs.toFixed(0)} ms, decode ${median(sample.stepMs).toFixed(2)} ms`
        say(`round ${round + 1}  ${idOf(runtime).padEnd(20)} ${times}`)
      } finally {
        await running.stop()
      }
    }
  }
  const torch = runtimes.find(({ name }) => name === 'torch')
  const expected = torch && samples.get(torch)?.[0]?.tokens
  return new Map(
    Array.from(samples, ([runtime, taken]) => [
      runtime,
      {
        prefillMs: median(taken.map(({ prefillMs }) => prefillMs)),
        decodeMs: median(taken.flatMap(({ stepMs }) => stepMs)),
        // A prompt of the batch's first row is that of batch 1.
        tokensAsTorch: expected ? (taken[0]?.tokens.filter((token, at) => token === expected[at]).length ?? 0) : null,
      },
    ]),
  )
}

/** torch's fp32, then the others' fp32, then the rest: each is compared with those before it. */
const rankOf = ({ name, beside }: Runtime) => (beside !== 'fp32' ? 2 : name !== 'torch' ? 1 : 0)

/**
 * Logits of every window, an empty cache before each, against the same runtime's fp32 and torch's.
 * Files of fp32 logits stay in `folder` until the end, 300 MB for 1536 positions of 49152 tokens; the others go as they are read.
 * Throws where a runtime's fp32 is not torch's.
 */
export async function measureErrors(
  runtimes: readonly Runtime[],
  windows: readonly (readonly number[])[],
  vocabulary: number,
  folder: string,
  say: Say,
): Promise<Map<Runtime, RowError>> {
  const errors = new Map<Runtime, RowError>()
  const references = new Map<string, string>()
  for (const runtime of runtimes.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const file = join(folder, idOf(runtime).replaceAll(' ', '-'))
    const running = await runtime.start()
    try {
      await running.writeLogits(windows, file)
    } finally {
      await running.stop()
    }
    const against = (reference: string | undefined) =>
      reference === undefined ? null : divergenceOf(reference, file, windows, vocabulary)
    const error = {
      own: against(references.get(runtime.name)),
      torch: against(references.get('torch')),
      perplexity: perplexityOf(file, windows, vocabulary),
    }
    errors.set(runtime, error)
    const divergence = `KL ${error.own?.kl.toExponential(6) ?? '-'} own, ${error.torch?.kl.toExponential(6) ?? '-'} torch`
    say(`error    ${idOf(runtime).padEnd(20)} ${divergence}, perplexity ${error.perplexity.toFixed(5)}`)
    if (runtime.beside !== 'fp32') rmSync(file)
    else if ((error.torch?.kl ?? 0) <= SAME) references.set(runtime.name, file)
    else throw new Error(`${idOf(runtime)} does not compute what torch computes: mean KL ${error.torch?.kl}`)
  }
  return errors
}
