/** A dataset in COCO's layout: DIR/annotations.json or DIR/annotations/*.json, and DIR/images/. https://cocodataset.org/#format-data */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize, relative, sep } from 'node:path'
import { z } from 'zod'
import {
  checkNames,
  type Dataset,
  type DatasetImage,
  imageFile,
  imagesBelow,
  invalidDataset,
  type TrueScene,
} from './dataset.ts'
import { type KnownClasses, sayFew } from './image-folder.ts'
import { classNamed } from './labels.ts'

const id = z.int()
const length = z.number()

const Annotations = z.object({
  images: z
    .array(z.object({ id, file_name: z.string().min(1), width: z.int().positive(), height: z.int().positive() }))
    .min(1),
  annotations: z.array(
    z.object({
      id,
      image_id: id,
      category_id: id,
      /** x, y, width, height */
      bbox: z.tuple([length, length, length.nonnegative(), length.nonnegative()]),
      area: length.nonnegative().optional(),
      iscrowd: z.union([z.literal(0), z.literal(1)]).default(0),
    }),
  ),
  categories: z.array(z.object({ id, name: z.string() })).min(1),
})
type Annotations = z.output<typeof Annotations>
type Image = Annotations['images'][number]
type Annotation = Annotations['annotations'][number]

const HINT = 'a COCO dataset is DIR/annotations.json and DIR/images/'
/** COCO's own boxes are rounded to a hundredth and reach over the edge by as much. */
const BEYOND_PX = 1

/** Where the annotations of a folder are; null where it is no COCO dataset. Throws AssayError where there are several. */
export function annotationsIn(directory: string): string | null {
  const file = join(directory, 'annotations.json')
  if (existsSync(file)) return file
  const folder = join(directory, 'annotations')
  if (!existsSync(folder)) return null
  const names = readdirSync(folder).filter(name => name.endsWith('.json'))
  // COCO's own folder has captions and key points beside the instances.
  const instances = names.filter(name => name.startsWith('instances'))
  const [only, ...others] = names.length === 1 ? names : instances
  if (only !== undefined && others.length === 0) return join(folder, only)
  const what = names.length === 0 ? 'no annotations lie' : `${names.length} files of annotations lie`
  throw invalidDataset(`${what} in the folder, and one is needed`, folder, HINT)
}

/** The classes of a model as a detector numbers them. */
export interface DetectorClasses extends KnownClasses {
  /** Whether class 0 is the background, as in torchvision's detectors: the others are then COCO's own ids. */
  readonly hasBackground: boolean
}

/** Opens a COCO dataset. Throws AssayError('dataset-invalid') naming what is wrong in it. */
export function openCoco(directory: string, file: string, known: DetectorClasses | null): Dataset {
  const where = relative(directory, file)
  const { images, annotations, categories } = readAnnotations(file, where)
  const sorted = categories.toSorted((a, b) => a.id - b.id)
  checkIds(images, 'image', where)
  checkIds(annotations, 'annotation', where)
  checkIds(sorted, 'category', where)
  const classes = new Map(sorted.map((category, at) => [category.id, at]))
  const byId = new Map(images.map(image => [image.id, image]))
  const ofImage = Map.groupBy(annotations, annotation => annotation.image_id)
  for (const annotation of annotations) checkAnnotation(annotation, byId.get(annotation.image_id), classes, where)
  const files = filesOf(directory, images, where)
  const read = images
    .map((image, at) => ({ image, file: files[at] }))
    .flatMap(({ image, file }): DatasetImage[] => {
      if (file === undefined) return []
      const scene = sceneOf(image, ofImage.get(image.id) ?? [], classes)
      return [{ name: file.name, source: file.source, label: null, scene }]
    })
  return {
    origin: directory,
    directory,
    images: read.sort((a, b) => (a.name < b.name ? -1 : 1)),
    classNumbers: known === null ? [] : classNumbersOf(sorted, known, where),
    remarks: unnamedRemarks(directory, new Set(files.map(({ path }) => path))),
  }
}

function readAnnotations(file: string, where: string): Annotations {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw invalidDataset(`not JSON: ${error instanceof Error ? error.message : error}`, where, HINT)
  }
  const parsed = Annotations.safeParse(content)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw invalidDataset(
    `${place}${issue?.message ?? 'malformed'}`,
    where,
    'https://cocodataset.org/#format-data says what it holds',
  )
}

function checkIds(rows: readonly { readonly id: number }[], noun: string, where: string): void {
  const seen = new Set<number>()
  for (const row of rows) {
    if (seen.has(row.id))
      throw invalidDataset(`the ${noun} id ${row.id} is given twice`, where, 'ids are each of one thing')
    seen.add(row.id)
  }
}

function checkAnnotation(
  { id, image_id, category_id, bbox: [x, y, width, height] }: Annotation,
  image: Image | undefined,
  classes: ReadonlyMap<number, number>,
  where: string,
): void {
  const broken = (message: string) => invalidDataset(`annotation ${id} ${message}`, where, 'mend it, or leave it out')
  if (image === undefined) throw broken(`is of image ${image_id}, which is not there`)
  if (!classes.has(category_id)) throw broken(`is of category ${category_id}, which is not there`)
  const isInside =
    x >= -BEYOND_PX && y >= -BEYOND_PX && x + width <= image.width + BEYOND_PX && y + height <= image.height + BEYOND_PX
  if (isInside) return
  throw broken(
    `has a box outside its image: [${[x, y, width, height]}] (x, y, width, height) of ${image.file_name}, ` +
      `which has ${image.width} x ${image.height} px`,
  )
}

/** The files of the images, in their order. A name that leads out of the dataset is refused. */
function filesOf(directory: string, images: readonly Image[], where: string) {
  const paths = images.map(({ file_name: name }) => {
    const candidates = [normalize(join('images', name)), normalize(name)].filter(path => !/^(\.\.|[/\\])/.test(path))
    return { name, path: candidates.find(path => existsSync(join(directory, path)))?.replaceAll(sep, '/') }
  })
  const missing = paths.filter(({ path }) => path === undefined).map(({ name }) => name)
  if (missing.length > 0)
    throw invalidDataset(
      `${missing.length} of ${images.length} images are not there: ${sayFew(missing)}`,
      where,
      'file_name is relative to images/ beside the annotations',
    )
  const files = paths.flatMap(({ path }) => (path === undefined ? [] : imageFile(directory, path)))
  checkNames(files, where)
  return files
}

function sceneOf(
  { width, height }: Image,
  annotations: readonly Annotation[],
  classes: ReadonlyMap<number, number>,
): TrueScene {
  return {
    classes: annotations.map(({ category_id }) => classes.get(category_id) ?? 0),
    // In fp32 from the start, as a tool would compute them that reads the annotations into a tensor.
    boxes: annotations.map(({ bbox }) => {
      const [x = 0, y = 0, w = 0, h = 0] = bbox.map(Math.fround)
      return [x, y, x + w, y + h]
    }),
    crowd: annotations.map(({ iscrowd }) => iscrowd),
    area: annotations.map(({ area, bbox: [, , w, h] }) => area ?? w * h),
    size: { width, height },
  }
}

/** Of each class of the model the dataset's: by name, else by its id where the model has a background, else in order. */
function classNumbersOf(
  categories: Annotations['categories'],
  { count, labels, hasBackground }: DetectorClasses,
  where: string,
): number[] {
  const names = categories.map(({ name }) => classNamed(name, labels ?? []))
  const own = names.some(found => found !== null)
    ? names
    : categories.map(({ id }, at) => (hasBackground ? id : at)).map(found => (found < count ? found : null))
  const strange = categories.filter((_, at) => own[at] === null).map(({ name }) => name)
  if (strange.length > 0)
    throw invalidDataset(
      `the model has no class ${sayFew(strange)}; it has ${labels === null ? `${count} classes without names` : sayFew(labels)}`,
      where,
      'the names of the categories are those of id2label in config.json, or there are none and both are in one order',
    )
  const numbers = new Map(own.map((found, at) => [found, at]))
  let next = categories.length
  return Array.from({ length: count }, (_, index) => numbers.get(index) ?? next++)
}

/** Images in the folder that no annotation file names. */
function unnamedRemarks(directory: string, named: ReadonlySet<string>): string[] {
  if (!existsSync(join(directory, 'images'))) return []
  const unnamed = imagesBelow(directory, 'images').paths.filter(path => !named.has(path))
  if (unnamed.length === 0) return []
  return [`left out: ${unnamed.length} images that the annotations do not name: ${sayFew(unnamed)}`]
}
