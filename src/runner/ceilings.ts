/** What a device gives at most: measured on its own worker, with models that are nothing but matrix products. */
import { AssayError } from '../errors.ts'
import type { DeviceCeilings } from '../events/result.ts'
import { WorkerFailure } from '../host/index.ts'
import { percentile } from '../metrics/index.ts'
import { WorkerError } from '../protocol/failure.ts'
import { tensorOf } from '../tensor.ts'
import type { Precision } from '../words.ts'
import { CEILING, ceilingModel, MOST_ROWS } from '../workloads/ceilings/model.ts'
import { costOf } from '../workloads/llm/index.ts'
import type { FoundDevice } from './discovery.ts'
import { footprintOf, loadableFor } from './loadable.ts'
import { isInterruption, outcomeOf } from './outcome.ts'
import type { UnitContext } from './request.ts'
import type { Session } from './session.ts'
import type { UnitWorker } from './unit-worker.ts'

/** 128 MiB in fp32: far more than the caches of a processor hold. */
const BANDWIDTH_PRODUCTS = 8
const ARITHMETIC_PRODUCTS = 2
const LEAST_ROWS = 64
/** Time after which no further pass over one product is begun. */
const PASSES_MS = 200
/** Time after which no larger product is begun: a processor reaches its rate with a thousand rows or so, and is there by then. */
const PRODUCTS_MS = 500

/**
 * The ceilings of the unit's device at its precision: FLOP/s of a large matrix product, the best number of rows, and bytes/s at which
 * a product of one row reads its weights; medians of several passes. What the run measured lately is taken again. Takes the worker's
 * model away; `isFresh` for a worker that holds too much to take another. Where it goes wrong they are not known, for the reason that
 * is given.
 */
export async function ceilingsOf(
  context: UnitContext,
  found: FoundDevice,
  worker: UnitWorker,
  isFresh: boolean,
): Promise<DeviceCeilings> {
  const reason = unmeasurable(found)
  if (reason !== null) return unknownCeilings(reason)
  const { device, precision } = context.unit.header
  const key = `${device} ${precision}`
  const known = context.ceilings.get(key)
  if (typeof known === 'object') return known
  try {
    const ceilings = await measureCeilings(context, found, worker, isFresh)
    context.ceilings.set(key, ceilings)
    return ceilings
  } catch (error) {
    const isOutside = error instanceof WorkerError || error instanceof WorkerFailure || error instanceof AssayError
    if (!isOutside || isInterruption(error)) throw error
    return unknownCeilings(outcomeOf(error).reason)
  }
}

/** Why an engine's devices cannot be measured; null where they can. */
export function unmeasurable({
  forms,
  launch,
  methods,
  modelTypes,
}: Pick<FoundDevice, 'forms' | 'launch' | 'methods' | 'modelTypes'>): string | null {
  if (!forms.includes('onnx') && !modelTypes?.includes(CEILING))
    return `the engine ${launch.engine} takes no graphs to measure its devices with`
  return methods.includes('measure') ? null : `the engine ${launch.engine} measures nothing`
}

function unknownCeilings(reason: string): DeviceCeilings {
  return { flopsPerSecond: null, bytesPerSecond: null, reason }
}

async function measureCeilings(
  context: UnitContext,
  found: FoundDevice,
  worker: UnitWorker,
  isFresh: boolean,
): Promise<DeviceCeilings> {
  const { device, precision } = context.unit.header
  const { description } = found
  let isFirst = true
  const load = (products: number, at: Precision) => {
    const loadable = loadableFor(ceilingModel(products), found, at, context.plan.options, context.home)
    const changed = worker.change(loadable, isFresh && isFirst)
    isFirst = false
    return changed
  }
  let bytesPerSecond = context.ceilings.get(device)
  if (typeof bytesPerSecond !== 'number') {
    // The same memory serves every precision; in the plainest one nothing but reading takes time.
    const plain = description.precisions.includes('fp32') ? 'fp32' : precision
    const session = await load(BANDWIDTH_PRODUCTS, plain)
    const { passBytes } = footprintOf(ceilingModel(BANDWIDTH_PRODUCTS), found, plain)
    bytesPerSecond = (1000 * passBytes) / (await medianMs(session, 1, 15))
    context.ceilings.set(device, bytesPerSecond)
  }
  const flopsPerSecond = await productRate(await load(ARITHMETIC_PRODUCTS, precision))
  return { flopsPerSecond, bytesPerSecond, reason: null }
}

/** FLOP/s of products of more and more rows, the best: a doubling that gains nothing may have met a bad moment. */
async function productRate(session: Session): Promise<number> {
  const { productParameters, headParameters } = costOf(ceilingModel(ARITHMETIC_PRODUCTS).graph)
  const startedMs = performance.now()
  let best = 0
  for (let rows = LEAST_ROWS; rows <= MOST_ROWS && performance.now() - startedMs < PRODUCTS_MS; rows *= 2)
    best = Math.max(best, (1000 * 2 * rows * (productParameters + headParameters)) / (await medianMs(session, rows, 3)))
  return best
}

/** The median, as of what it is held against: on a machine that others use too, both feel them. */
async function medianMs(session: Session, rows: number, repetitions: number): Promise<number> {
  const inputs = {
    input_ids: tensorOf(
      [1, rows],
      BigInt64Array.from({ length: rows }, (_, row) => BigInt(row % 32)),
    ),
  }
  const options = { workload: 'forward', newTokens: 0, warmup: 1, repetitions, budgetMs: PASSES_MS } as const
  const { result } = await session.measure(inputs, options)
  return percentile(
    result.forwardMs.toSorted((a, b) => a - b),
    50,
  )
}
