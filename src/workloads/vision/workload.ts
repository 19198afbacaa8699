/** What a vision model is run on: its images, and which of them are looked at more closely. */
import { z } from 'zod'
import type { VisionModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import type { ImageSize } from '../../graph/index.ts'
import type { TensorData } from '../../tensor.ts'
import type { Thresholds } from './boxes.ts'
import { annotationsIn, openCoco } from './coco.ts'
import { type Dataset, type DatasetImage, datasetFolder } from './dataset.ts'
import { openImageFolder } from './image-folder.ts'
import { labelsOf } from './labels.ts'
import type { Recipe } from './prepare.ts'
import { preprocessingOf } from './preprocessing-config.ts'
import { seededDataset } from './seeded.ts'

/**
 * What a graph gives. `classes`: logits [batch, classes]. `anchors`: raw logits and boxes of every anchor, to be suppressed on the host.
 * `boxes`: what is left after suppression, of one image at a time.
 */
export type Head = 'classes' | 'anchors' | 'boxes'

/** The kinds of cases: inputs and outputs as they are, twice; every image; a row alone and among others. */
export const caseKinds = ['logits', 'data', 'images', 'scenes', 'batch'] as const
export type CaseKind = (typeof caseKinds)[number]

/** What there is to ask of each head. */
export const kindsOfHead: Readonly<Record<Head, readonly CaseKind[]>> = {
  classes: ['logits', 'images', 'batch'],
  anchors: ['data', 'scenes'],
  boxes: ['scenes'],
}

/** Ids are `KIND.NAME`. */
export type VisionCase =
  /** An image, or px that somebody else made of one. */
  | { readonly id: string; readonly kind: 'logits' | 'data'; readonly of: DatasetImage | TensorData }
  | { readonly id: string; readonly kind: 'images' | 'scenes'; readonly of: DatasetImage }
  /** An image at a row of a batch of others. */
  | {
      readonly id: string
      readonly kind: 'batch'
      readonly of: DatasetImage
      readonly row: number
      readonly among: readonly DatasetImage[]
    }

export interface VisionWorkload {
  readonly head: Head
  readonly input: ImageSize
  readonly recipe: Recipe
  readonly dataset: Dataset
  /** Names of the model's classes; null where it has none. */
  readonly labels: readonly string[] | null
  readonly thresholds: Thresholds
  readonly cases: readonly VisionCase[]
  /** Why there are no cases of a kind, by kind. */
  readonly absent: ReadonlyMap<string, string>
  /** For people. */
  readonly remarks: readonly string[]
  /** The dataset's class of one that the model says. */
  classNumber(label: number): number
  /** The name of a class of the dataset. */
  className(number: number): string
}

/** Images whose inputs and outputs are kept and compared element by element. */
const SAMPLES: Readonly<Record<Head, number>> = { classes: 10, anchors: 4, boxes: 0 }
const BATCH_CASES = 2
const BATCH = 8

const share = z.number().min(0).max(1)
const Stated = z.object({
  score_threshold: share.optional(),
  nms_threshold: share.optional(),
  detections_per_image: z.int().positive().optional(),
})
/** torchvision's box_score_thresh, box_nms_thresh and box_detections_per_img. */
const TORCHVISION: Thresholds = { score: 0.05, overlap: 0.5, most: 100 }
/** ultralytics' predict: conf 0.25, iou 0.7, max_det 300. */
const YOLO: Thresholds = { score: 0.25, overlap: 0.7, most: 300 }

/**
 * The workload of a vision model: the chosen images, else those that came with the model, else images drawn from a seed.
 * Opens no image. Throws AssayError for a dataset or a preprocessing that cannot be used.
 * @param images - a folder, absolute
 */
export function workloadOf(model: VisionModel, images?: string): VisionWorkload {
  const { graph, config } = model
  const { task, image: input, classes: count, outputs } = graph
  const head: Head = task === 'classification' ? 'classes' : outputs.has('boxes') ? 'boxes' : 'anchors'
  const preprocessing = preprocessingOf(model)
  const labels = labelsOf(config, count)
  const folder = datasetFolder(model, images)
  const dataset = folder === null ? seededDataset(model, preprocessing) : openDataset(folder, head, { count, labels })
  const offset = head === 'boxes' ? 1 : 0
  const classNumber = (label: number) => dataset.classNumbers[label] ?? label - offset
  const names = new Map(labels?.map((name, label) => [classNumber(label), name]))
  return {
    head,
    input,
    recipe: { preprocessing, input },
    dataset,
    labels,
    thresholds: thresholdsOf(model, head),
    ...casesOf(dataset, head),
    remarks: [...dataset.remarks, ...(folder === null ? [seededRemark(dataset)] : [])],
    classNumber,
    className: number => names.get(number) ?? `class ${number}`,
  }
}

function openDataset(folder: string, head: Head, known: Parameters<typeof openImageFolder>[1] & object): Dataset {
  const annotations = annotationsIn(folder)
  const isDetector = head !== 'classes'
  // Images of the other task are looked at all the same; what is true of them, it does not say.
  if (annotations !== null)
    return openCoco(folder, annotations, isDetector ? { ...known, hasBackground: head === 'boxes' } : null)
  return openImageFolder(folder, isDetector ? null : known)
}

function thresholdsOf({ config, reference }: VisionModel, head: Head): Thresholds {
  const usual = head === 'boxes' ? TORCHVISION : YOLO
  const stated = Stated.safeParse(config)
  if (!stated.success)
    throw new AssayError(
      'config-invalid',
      'score_threshold and nms_threshold are from 0 to 1, detections_per_image is a count',
      { where: reference },
    )
  const { score_threshold: score, nms_threshold: overlap, detections_per_image: most } = stated.data
  return { score: score ?? usual.score, overlap: overlap ?? usual.overlap, most: most ?? usual.most }
}

function seededRemark({ images }: Dataset): string {
  return `no images came with it: ${images.length} drawn from a seed stand for them, of which nothing is known to be true; --images DIR gives others`
}

function casesOf({ images }: Dataset, head: Head): Pick<VisionWorkload, 'cases' | 'absent'> {
  const samples = evenly(images, SAMPLES[head]).map((of): VisionCase => {
    const kind = head === 'classes' ? 'logits' : 'data'
    return { id: `${kind}.${of.name}`, kind, of }
  })
  const every = images.map((of): VisionCase => {
    const kind = head === 'classes' ? 'images' : 'scenes'
    return { id: `${kind}.${of.name}`, kind, of }
  })
  const batches =
    head === 'classes' && images.length > 1 ? evenly(images, BATCH_CASES).map(of => batchCase(of, images)) : []
  const absent = new Map(
    head === 'classes' && images.length < 2 ? [['batch', 'the dataset has one image, and a batch needs others']] : [],
  )
  return { cases: [...samples, ...batches, ...every], absent }
}

/** So many of a list, from its beginning on, equally far apart. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, Math.floor(items.length / Math.max(1, most)))
  return items.filter((_, at) => at % step === 0).slice(0, most)
}

/** An image in the middle of those that follow it. */
function batchCase(of: DatasetImage, images: readonly DatasetImage[]): VisionCase {
  const at = images.indexOf(of)
  const size = Math.min(BATCH, images.length)
  const row = Math.floor(size / 2)
  const among = Array.from({ length: size }, (_, i) => images[(at - row + i + images.length) % images.length] ?? of)
  return { id: `batch.${of.name}`, kind: 'batch', of, row, among }
}

/** The cases that a reference answers too; the others compare a device with itself. */
export function referenceCases({ cases }: VisionWorkload): VisionCase[] {
  return cases.filter(({ kind }) => kind !== 'batch')
}

/** The cases of the kinds that somebody wants judged. */
export function casesOfKinds(workload: VisionWorkload, kinds: ReadonlySet<string>): VisionWorkload {
  return { ...workload, cases: workload.cases.filter(({ kind }) => kinds.has(kind)) }
}
