/** The ranges of a model's activations, as they were on given images: what static quantisation needs to know. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { artifactOf } from '../../build/artifact.ts'
import type { VisionModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import { RANGE, type Range, type Ranges, staticPolicy } from '../../lower/index.ts'
import { type NamedTensors, toFloat32 } from '../../tensor.ts'
import { writeAtomically } from '../../weights/atomic.ts'
import type { Precision } from '../../words.ts'
import { ahead, datasetKey, evenly, Preparer, type VisionWorkload } from '../../workloads/vision/index.ts'
import type { FoundDevice } from '../discovery.ts'
import { workerOptions } from '../engine-options.ts'
import type { Observer } from '../observe.ts'
import { type RunContext, sessionLimits } from '../request.ts'
import { Session } from '../session.ts'
import { pixelValues } from './batches.ts'

/** How many images are looked at, as many quantisers do by default. */
const IMAGES = 64

const Stored = z.record(z.string(), z.tuple([z.number(), z.number()]))

/**
 * What static quantisation needs to know of a vision model in a precision: the least and the largest value of every tensor that is
 * rounded, over images of a dataset, on the plan's reference device in fp32; kept by what went in. Undefined for other precisions.
 * Throws AssayError where no device here takes graphs, for an image that cannot be read, where a value is not finite.
 */
export async function calibrated(
  context: RunContext,
  model: VisionModel,
  precision: Precision,
  dataset: Pick<VisionWorkload, 'dataset' | 'recipe' | 'input'>,
  tell: Observer,
): Promise<Ranges | undefined> {
  if (precision !== 'int8') return undefined
  const found = observer(context)
  const { dialect, properties } = found.description
  const policy = staticPolicy({ kind: 'observe' }, dialect ?? 'portable', properties['provider'])
  const { path } = artifactOf(model, policy, context.home)
  const hash = createHash('sha256').update(
    JSON.stringify([path, found.description.id, found.versions, datasetKey(dataset.dataset), dataset.recipe]),
  )
  const file = join(context.home, 'calibrations', `${hash.digest('hex').slice(0, 32)}.json`)
  if (existsSync(file)) return rangesIn(Stored.parse(JSON.parse(readFileSync(file, 'utf8'))))
  const ranges = await observeRanges(context, found, path, dataset, tell)
  const seen = Object.fromEntries(Array.from(ranges, ([name, { least, most }]) => [name, [least, most]]))
  mkdirSync(join(context.home, 'calibrations'), { recursive: true })
  writeAtomically(open => open(file).write(Buffer.from(JSON.stringify(seen))))
  return ranges
}

function rangesIn(stored: z.output<typeof Stored>): Ranges {
  return new Map(Object.entries(stored).map(([key, [least, most]]) => [key, { least, most }]))
}

/** The reference, or where that takes no graphs the device that every machine has. */
function observer({ plan, discovered }: RunContext): FoundDevice {
  const candidates = [plan.reference.device, 'ort:cpu'].map(id => discovered.found.get(id))
  const found = candidates.find(device => device?.forms.includes('onnx'))
  if (found) return found
  throw new AssayError('device-unavailable', 'int8 is calibrated on a device that takes graphs, and none is here', {
    hint: 'ort:cpu is one',
  })
}

async function observeRanges(
  { plan, signal }: RunContext,
  { launch, ownId }: FoundDevice,
  path: string,
  { dataset, recipe, input }: Pick<VisionWorkload, 'dataset' | 'recipe' | 'input'>,
  tell: Observer,
): Promise<Map<string, Range>> {
  const options = workerOptions(plan.options, launch.engine)
  const loadable = { device: ownId, form: 'onnx', path, precision: 'fp32', interface: null, options } as const
  const images = evenly(dataset.images, IMAGES)
  const preparer = new Preparer(recipe)
  const ranges = new Map<string, Range>()
  try {
    const session = await Session.open(launch, loadable, sessionLimits(plan), signal)
    try {
      let done = 0
      for await (const image of ahead(images, ({ source }) => preparer.prepare(source), 1 + preparer.threads)) {
        tell(done++, images.length)
        widen(ranges, await session.run({ pixel_values: pixelValues([image], input) }))
      }
    } finally {
      await session.close()
    }
  } finally {
    await preparer.close()
  }
  return ranges
}

/** Takes in what one image gave. */
function widen(ranges: Map<string, Range>, outputs: NamedTensors): void {
  for (const [name, tensor] of Object.entries(outputs)) {
    if (!name.startsWith(RANGE)) continue
    const key = name.slice(RANGE.length)
    const [least = Number.NaN, most = Number.NaN] = toFloat32(tensor)
    if (!Number.isFinite(least) || !Number.isFinite(most))
      throw new AssayError('model-invalid', 'int8 cannot be calibrated: a value of the model in fp32 is not finite')
    const known = ranges.get(key) ?? { least, most }
    ranges.set(key, { least: Math.min(known.least, least), most: Math.max(known.most, most) })
  }
}
