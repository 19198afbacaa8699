/** Image files and datasets, made where a test needs them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { drawSeeded } from '../../src/workloads/vision/seeded.ts'

/** Writes a PNG drawn from a seed. */
export async function writeImage(file: string, seed: number, width = 40, height = 36): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  const { data } = drawSeeded(seed, { width, height })
  writeFileSync(
    file,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  )
}

/** An ImageFolder: so many images of each class. */
export async function writeImageFolder(directory: string, classes: readonly string[], each = 2): Promise<void> {
  for (const [at, name] of classes.entries())
    for (let i = 0; i < each; i++) await writeImage(join(directory, name, `${i}.png`), at * 10 + i)
}

export const CATEGORIES = [
  { id: 7, name: 'dog' },
  { id: 3, name: 'cat' },
]

/** Two images, of which the first has two objects. */
export const ANNOTATIONS = {
  images: [
    { id: 1, file_name: 'a.png', width: 40, height: 36 },
    { id: 2, file_name: 'b.png', width: 40, height: 36 },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 7, bbox: [1, 2, 10, 20], area: 150, iscrowd: 0 },
    { id: 2, image_id: 1, category_id: 3, bbox: [5, 5, 30, 30], area: 700, iscrowd: 1 },
  ],
  categories: CATEGORIES,
}

/** A COCO dataset; what differs from `ANNOTATIONS` is given. */
export async function writeCoco(directory: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
  for (const [at, name] of ['a.png', 'b.png'].entries()) await writeImage(join(directory, 'images', name), at)
  writeFileSync(join(directory, 'annotations.json'), JSON.stringify({ ...ANNOTATIONS, ...changes }))
}
