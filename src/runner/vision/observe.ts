/** Runs the cases of a vision model's workload on a loaded model: its outputs by case, in the golden's words. */
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import { AssayError } from '../../errors.ts'
import { type NamedTensors, type TensorData, tensorOf } from '../../tensor.ts'
import {
  ahead,
  type DatasetImage,
  detectionsOfAnchors,
  detectionsOfGraph,
  type Prepared,
  Preparer,
  sceneOutputs,
  type VisionCase,
  type VisionWorkload,
} from '../../workloads/vision/index.ts'
import type { ObserveOptions, Observer } from '../observe.ts'
import type { Session } from '../session.ts'
import { Batches, pixelValues, rowOf } from './batches.ts'

/** Images of a batch, on the reference and on every device alike. */
const BATCH = 16

/** The outputs of each case, in order. Throws AssayError for an image that cannot be read, and what the session throws. */
export async function observeVision(
  session: Session,
  workload: VisionWorkload,
  cases: readonly VisionCase[],
  { again }: ObserveOptions,
  onCase: Observer,
): Promise<Outputs> {
  const outputs = new Map<string, CaseOutputs>()
  const preparer = new Preparer(workload.recipe)
  const add = (id: string, of: CaseOutputs) => {
    outputs.set(id, of)
    onCase(outputs.size, cases.length)
  }
  onCase(0, cases.length)
  try {
    for (const item of cases)
      if (item.kind === 'logits' || item.kind === 'data')
        add(item.id, await observeSample(session, workload, preparer, item, again))
      else if (item.kind === 'batch') add(item.id, await observeRow(session, workload, preparer, item))
    const every = cases.flatMap(item => (item.kind === 'images' || item.kind === 'scenes' ? [item] : []))
    await observeImages(session, workload, preparer, every, add)
    return outputs
  } finally {
    await preparer.close()
  }
}

type Sample = Extract<VisionCase, { kind: 'logits' | 'data' }>
type Every = Extract<VisionCase, { kind: 'images' | 'scenes' }>
type InBatch = Extract<VisionCase, { kind: 'batch' }>

/** Inputs and outputs as they are; with `again` the same call a second time. */
async function observeSample(
  session: Session,
  { input }: VisionWorkload,
  preparer: Preparer,
  { of }: Sample,
  again: boolean,
): Promise<CaseOutputs> {
  const pixels = 'bytes' in of ? of : pixelValues([await preparer.prepare(of.source)], input)
  const inputs = { pixel_values: pixels }
  const once = await session.run(inputs)
  if (!again) return { inputs, outputs: once }
  const twice = Object.entries(await session.run(inputs)).map(([name, value]) => [`${name}_again`, value] as const)
  return { inputs, outputs: { ...once, ...Object.fromEntries(twice) } }
}

/** An image alone, and at its row of a batch. */
async function observeRow(
  session: Session,
  { input }: VisionWorkload,
  preparer: Preparer,
  { of, row, among }: InBatch,
): Promise<CaseOutputs> {
  const alone = pixelValues([await preparer.prepare(of.source)], input)
  const batch = pixelValues(await Promise.all(among.map(({ source }) => preparer.prepare(source))), input)
  const { logits } = await session.run({ pixel_values: alone })
  const { logits: batched } = await session.run({ pixel_values: batch })
  return {
    inputs: { pixel_values: alone, batch_pixels: batch, row: tensorOf([1, 1], BigInt64Array.of(BigInt(row))) },
    outputs: {
      ...(logits && { logits }),
      ...(batched && { logits_batched: rowOf(batched, row, among.length) }),
    },
  }
}

async function observeImages(
  session: Session,
  workload: VisionWorkload,
  preparer: Preparer,
  cases: readonly Every[],
  add: (id: string, outputs: CaseOutputs) => void,
): Promise<void> {
  // A graph that suppresses boxes itself takes one image at a time.
  const most = workload.head === 'boxes' ? 1 : Math.max(1, Math.min(BATCH, cases.length))
  const batches = new Batches(session, workload.input, most)
  const prepare = async (item: Every) => ({ item, image: await preparer.prepare(item.of.source) })
  // What fills the next batch, while the device has this one.
  const prepared = ahead(cases, prepare, most + 2 * preparer.threads)
  let waiting: { item: Every; image: Prepared }[] = []
  const run = async () => {
    const given = await batches.run(waiting.map(({ image }) => image))
    for (const [at, { item, image }] of waiting.entries())
      add(item.id, caseOf(workload, item.of, image, given[at] ?? {}))
    waiting = []
  }
  for await (const one of prepared) {
    waiting.push(one)
    if (waiting.length >= batches.size) await run()
  }
  if (waiting.length > 0) await run()
}

/** One image as the checks take it: what identifies it, what is true of it, and what the model says. */
function caseOf(workload: VisionWorkload, of: DatasetImage, image: Prepared, given: NamedTensors): CaseOutputs {
  const file_sha256 = tensorOf([image.sha256.length], image.sha256)
  if (workload.head === 'classes') {
    const truth = of.label === null ? {} : { labels: integers([of.label], [1]) }
    const { logits } = given
    return { inputs: { file_sha256, ...truth }, outputs: logits === undefined ? {} : { logits } }
  }
  return {
    inputs: { file_sha256, ...sceneInputs(workload, of, image) },
    outputs: sceneOf(workload, image, given),
  }
}

function sceneInputs({ thresholds }: VisionWorkload, of: DatasetImage, { original }: Prepared): NamedTensors {
  const inputs = {
    size: integers([original.height, original.width], [2]),
    thresholds: tensorOf([2], Float32Array.of(thresholds.score, thresholds.overlap)),
  }
  const { scene } = of
  if (scene === null) return inputs
  if (scene.size.width !== original.width || scene.size.height !== original.height)
    throw new AssayError(
      'dataset-invalid',
      `the annotations say ${scene.size.width} x ${scene.size.height} px, and the image has ${original.width} x ${original.height}`,
      {
        where: of.source.kind === 'file' ? of.source.path : of.name,
        hint: 'its boxes would be those of another image',
      },
    )
  const count = scene.classes.length
  return {
    ...inputs,
    class_labels: integers(scene.classes, [count]),
    true_boxes: tensorOf([count, 4], Float32Array.from(scene.boxes.flat())),
    crowd: integers(scene.crowd, [count]),
    area: tensorOf([count], Float32Array.from(scene.area)),
  }
}

/** Boxes of the original image; no outputs where the model gave none that can be read, which a check will find. */
function sceneOf(
  { head, thresholds, classNumber }: VisionWorkload,
  image: Prepared,
  given: NamedTensors,
): NamedTensors {
  if (head === 'boxes') {
    const { boxes, scores, labels } = given
    if (!boxes || !scores || !labels || !isRows(boxes, 4) || boxes.shape[0] !== scores.shape[0]) return {}
    return sceneOutputs(detectionsOfGraph(boxes, scores, labels), image, classNumber)
  }
  const { logits, pred_boxes: boxes } = given
  if (!logits || !boxes || !isRows(boxes, 4) || boxes.shape.at(-2) !== logits.shape.at(-2)) return {}
  return sceneOutputs(detectionsOfAnchors(logits, boxes, thresholds), image, classNumber)
}

function isRows({ shape }: TensorData, width: number): boolean {
  return shape.at(-1) === width
}

function integers(values: readonly number[], shape: readonly number[]): TensorData {
  return tensorOf(shape, BigInt64Array.from(values, BigInt))
}
