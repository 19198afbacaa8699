/** The images that a vision model is run on, with what is known to be right of them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import type { VisionModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import type { Size } from './resample.ts'

/** Where an image's px come from. Plain data, since threads hand it on. */
export type ImageSource =
  | { readonly kind: 'file'; readonly path: string }
  /** Drawn from a seed, at a size. */
  | { readonly kind: 'seeded'; readonly seed: number; readonly size: Size }

/** The true objects of an image, in px of the original. */
export interface TrueScene {
  /** [n]: dataset classes, 0-based. */
  readonly classes: readonly number[]
  /** [n]: x1, y1, x2, y2 */
  readonly boxes: readonly (readonly [number, number, number, number])[]
  /** [n]: COCO's iscrowd, 0 or 1. */
  readonly crowd: readonly number[]
  /** [n]: px² of the object itself, not of its box. */
  readonly area: readonly number[]
  /** As the annotations have it. */
  readonly size: Size
}

export interface DatasetImage {
  /** Its path below the dataset with dots for slashes: what its cases are called. */
  readonly name: string
  readonly source: ImageSource
  /** Its true class among the model's; null where nobody says. */
  readonly label: number | null
  /** Null where nobody says. */
  readonly scene: TrueScene | null
}

export interface Dataset {
  /** For people: its folder as it was named, or `seeded images`. */
  readonly origin: string
  /** Null where images are drawn. */
  readonly directory: string | null
  /** In the order of their paths. */
  readonly images: readonly DatasetImage[]
  /** The dataset's class of each class of the model, 0-based; classes that it does not have come after its own. */
  readonly classNumbers: readonly number[]
  /** What was left out, for people. */
  readonly remarks: readonly string[]
}

/** What tells two states of a dataset apart, without reading its images: names, sizes, times of change, and what is true. */
export function datasetKey({ images }: Dataset): unknown {
  return images.map(({ name, source, label, scene }) => {
    if (source.kind === 'seeded') return [name, source, label, scene]
    const { size, mtimeMs } = statSync(source.path)
    return [name, size, mtimeMs, label, scene]
  })
}

/** Endings of the formats that are read here; others are no images as far as a dataset is concerned. */
const IMAGE = /\.(jpe?g|png|webp|tiff?|gif|avif)$/i

export function invalidDataset(message: string, where: string, hint: string): AssayError {
  return new AssayError('dataset-invalid', message, { where, hint })
}

export interface ImageFile {
  /** Below the dataset, with slashes. */
  readonly path: string
  readonly name: string
  readonly source: ImageSource
}

/** One file of a dataset. Throws AssayError where it is empty. */
export function imageFile(directory: string, path: string): ImageFile {
  const file = join(directory, path)
  if (statSync(file).size === 0)
    throw new AssayError('image-invalid', 'the file is empty', {
      where: file,
      hint: 'replace the file, or take it out of the dataset',
    })
  return { path, name: path.replaceAll('/', '.'), source: { kind: 'file', path: file } }
}

/** Every image below a folder, in the order of their paths, and how many other files lie there; hidden ones aside. */
export function imagesBelow(directory: string, folder: string): { paths: string[]; others: string[] } {
  const files = readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
    .filter(entry => !entry.name.startsWith('.') && (entry.isFile() || entry.isSymbolicLink()))
    .map(entry => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort(byCodeUnits)
  return { paths: files.filter(path => IMAGE.test(path)), others: files.filter(path => !IMAGE.test(path)) }
}

/** As Python sorts, whatever the machine's language. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Two paths that would be the same case. Throws AssayError. */
export function checkNames(files: readonly ImageFile[], where: string): void {
  const seen = new Map<string, string>()
  for (const { name, path } of files) {
    const other = seen.get(name)
    if (other !== undefined)
      throw invalidDataset(
        `${other} and ${path} are both called ${name} with dots for slashes`,
        where,
        'rename one of them',
      )
    seen.set(name, path)
  }
}

const WorkloadFile = z.object({ images: z.string().min(1).optional() })

/**
 * The folder of a model's images: the plan's, else what its workload.json names, else null.
 * @param chosen - absolute
 */
export function datasetFolder({ directory, reference }: VisionModel, chosen: string | undefined): string | null {
  if (chosen !== undefined) return existing(chosen, chosen)
  const file = directory === null ? null : join(directory, 'workload.json')
  if (file === null || !existsSync(file)) return null
  const where = join(reference, 'workload.json')
  const { images } = readWorkload(file, where)
  return images === undefined ? null : existing(resolve(dirname(file), images), `${where}: images`)
}

function readWorkload(file: string, where: string): z.output<typeof WorkloadFile> {
  try {
    return WorkloadFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new AssayError('model-invalid', 'not a workload of images', { where, hint: '{ "images": "FOLDER" }' })
  }
}

function existing(folder: string, where: string): string {
  if (existsSync(folder) && statSync(folder).isDirectory()) return folder
  throw invalidDataset(
    `there is no folder of images ${basename(folder)}`,
    where,
    'it holds CLASS/*.jpg, or COCO images/ with annotations.json (docs/vision.md)',
  )
}
