/** Timed loops. Nothing but the device is in the timed region. */
import { WorkerError } from '../../protocol/failure.ts'
import type { Params, Result } from '../../protocol/messages.ts'
import type { Answer } from '../../protocol/serve.ts'
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import type { Turn } from '../engine.ts'
import { generateTokens, readRequest, sequencesOf } from './generate.ts'
import { passOutputs, preparePass } from './run.ts'
import type { Session } from './session.ts'

/** Watches the memory of the measured window, which it opens; null where the device's memory cannot be seen from here. */
export type OpenWindow = () => { sample(): void; bytes(): number } | null

export async function measure(
  session: Session,
  openWindow: OpenWindow,
  params: Params<'measure'>,
  tensors: NamedTensors,
  turn: Turn,
): Promise<Answer<'measure'>> {
  switch (params.workload) {
    case 'generate':
      return measureGenerations(session, openWindow, params, tensors, turn)
    case 'forward':
      return measureForward(session, openWindow, params, tensors, turn)
  }
}

async function measureGenerations(
  session: Session,
  openWindow: OpenWindow,
  params: Params<'measure'>,
  tensors: NamedTensors,
  turn: Turn,
): Promise<Answer<'measure'>> {
  const { newTokens } = params
  if (newTokens === 0) throw new WorkerError('invalid-request', 'newTokens must be at least 1 to measure generation')
  const request = readRequest(session, { ...params, stop: [], logits: false }, tensors)
  const generations: Result<'measure'>['generations'] = []
  const sequences: BigInt64Array[] = []
  let prefillChunk: number | undefined
  const peakMemoryBytes = await repeat(params, openWindow, turn, async isMeasured => {
    const generation = await generateTokens(session, request, turn)
    prefillChunk = generation.prefillChunk
    if (!isMeasured) return
    generations.push(generation.clocks)
    sequences.push(sequencesOf(generation, request.prompt.batch))
  })
  const all = new BigInt64Array(sequences.length * request.prompt.batch * newTokens)
  sequences.forEach((ids, sample) => {
    all.set(ids, sample * ids.length)
  })
  return {
    result: { generations, forwardMs: [], peakMemoryBytes, prefillChunk },
    tensors: { sequences: tensorOf([sequences.length, request.prompt.batch, newTokens], all) },
  }
}

async function measureForward(
  session: Session,
  openWindow: OpenWindow,
  params: Params<'measure'>,
  tensors: NamedTensors,
  turn: Turn,
): Promise<Answer<'measure'>> {
  const pass = preparePass(session, { outputs: null, logitsToKeep: 0 }, tensors)
  const forwardMs: number[] = []
  let outputs: NamedTensors = {}
  const peakMemoryBytes = await repeat(params, openWindow, turn, async isMeasured => {
    const startedMs = performance.now()
    const results = await session.run(pass.feeds, pass.fetches)
    const durationMs = performance.now() - startedMs
    if (!isMeasured) return
    forwardMs.push(durationMs)
    outputs = passOutputs(session, pass, results)
  })
  return { result: { generations: [], forwardMs, peakMemoryBytes }, tensors: outputs }
}

/** Warm-up passes, then samples until there are enough or the budget is spent; at least one. Gives the window's peak memory. */
async function repeat(
  { warmup, repetitions, budgetMs }: Params<'measure'>,
  openWindow: OpenWindow,
  turn: Turn,
  pass: (isMeasured: boolean) => Promise<void>,
): Promise<number | null> {
  const total = warmup + repetitions
  const checkTurn = (done: number) => {
    if (turn.isInterrupted()) throw new WorkerError('interrupted', `interrupted after ${done} of ${total} passes`)
    turn.progress(done, total)
  }
  for (let done = 0; done < warmup; done++) {
    checkTurn(done)
    await pass(false)
  }
  const memory = openWindow()
  const startedMs = performance.now()
  for (let done = 0; done < repetitions; done++) {
    if (done > 0 && performance.now() - startedMs >= budgetMs) break
    checkTurn(warmup + done)
    await pass(true)
    memory?.sample()
  }
  return memory?.bytes() ?? null
}
