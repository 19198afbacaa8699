/** An ImageFolder, as torchvision calls it: DIR/CLASS/*.jpg. */
import { readdirSync } from 'node:fs'
import { checkNames, type Dataset, type DatasetImage, imageFile, imagesBelow, invalidDataset } from './dataset.ts'
import { classNamed } from './labels.ts'

const HINT = 'an ImageFolder is DIR/CLASS/*.jpg, where CLASS is a label of the model or the number of a class'
/** As many as a person reads. */
const NAMED = 5

/** What a model knows of classes. */
export interface KnownClasses {
  readonly count: number
  /** Null where they have no names. */
  readonly labels: readonly string[] | null
}

/** Opens an ImageFolder. Throws AssayError('dataset-invalid') where it has no classes, an empty one, or others than the model's. */
export function openImageFolder(directory: string, known: KnownClasses | null): Dataset {
  const folders = readdirSync(directory, { withFileTypes: true })
    .filter(entry => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()))
    .map(({ name }) => name)
    .sort()
  if (folders.length === 0) throw invalidDataset('the folder has no classes in it', directory, HINT)
  const classes = known === null ? null : classesOf(folders, known, directory)
  const found = folders.map(folder => ({ folder, ...imagesBelow(directory, folder) }))
  const empty = found.filter(({ paths }) => paths.length === 0).map(({ folder }) => folder)
  if (empty.length > 0)
    throw invalidDataset(
      `no image lies in the class ${sayFew(empty)}`,
      directory,
      'formats: JPEG, PNG, WebP, TIFF, GIF, AVIF',
    )
  const files = found.flatMap(({ folder, paths }) => paths.map(path => ({ folder, file: imageFile(directory, path) })))
  checkNames(
    files.map(({ file }) => file),
    directory,
  )
  const images = files.map(
    ({ folder, file }): DatasetImage => ({
      name: file.name,
      source: file.source,
      label: classes?.get(folder) ?? null,
      scene: null,
    }),
  )
  const others = found.flatMap(({ others }) => others)
  return {
    origin: directory,
    directory,
    images,
    classNumbers: [],
    remarks:
      others.length === 0
        ? []
        : [`left out: ${others.length} files that are no images by their ending: ${sayFew(others)}`],
  }
}

/** WordNet's id of a noun, as ImageNet's own folders are called. */
const SYNSET = /^n\d{8}$/

function classesOf(
  folders: readonly string[],
  { count, labels }: KnownClasses,
  directory: string,
): Map<string, number> {
  const areNumbers = folders.every(folder => /^\d+$/.test(folder))
  // The thousand classes of ImageNet are numbered in the order of their ids.
  const areSynsets = folders.length === count && folders.every(folder => SYNSET.test(folder))
  const found = folders.map((folder, at) => {
    const named = labels === null ? null : classNamed(folder, labels)
    return [folder, named ?? (areNumbers ? Number(folder) : areSynsets ? at : null)] as const
  })
  const strange = found.filter(([, index]) => index === null || index >= count).map(([folder]) => folder)
  if (strange.length === 0) return new Map(found.map(([folder, index]) => [folder, index ?? 0]))
  const known = labels === null ? `${count} classes without names` : `${count} classes: ${sayFew(labels)}`
  throw invalidDataset(`the model has no class ${sayFew(strange)}; it has ${known}`, directory, HINT)
}

export function sayFew(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return `${names.slice(0, NAMED).join(', ')}${more}`
}
