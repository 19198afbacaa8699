/** The held-out sets of the zoo: their layout, their files and their annotations. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { classesOf, files, jsonOf, SCENES, SHAPES } from './vision-files.ts'

const PICTURES = 300

const Coco = z.object({
  licenses: z.array(z.object({ id: z.number(), name: z.string() })),
  categories: z.array(z.object({ id: z.number(), name: z.string() })),
  images: z.array(
    z.object({ id: z.number(), file_name: z.string(), width: z.number(), height: z.number(), license: z.number() }),
  ),
  annotations: z.array(
    z.object({
      id: z.number(),
      image_id: z.number(),
      category_id: z.number(),
      bbox: z.array(z.number()).length(4),
      area: z.number(),
      iscrowd: z.number(),
    }),
  ),
})

/** Width and height of a PNG of three bytes a pixel, from its header (PNG specification, section 11.2.2); null for another file. */
function pngSize(path: string): [width: number, height: number] | null {
  const file = readFileSync(path)
  const isRgb = file.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n' && file[24] === 8 && file[25] === 2
  return isRgb ? [file.readUInt32BE(16), file.readUInt32BE(20)] : null
}

describe('zoo/datasets/shapes', () => {
  test('is an ImageFolder of 30 pictures a class, of the size that the models take', () => {
    const paths = files(SHAPES)
    expect(paths).toHaveLength(PICTURES)
    const perClass = Map.groupBy(paths, path => path.split('/')[0])
    expect([...perClass.keys()]).toEqual(classesOf('resnet'))
    expect(new Set([...perClass.values()].map(of => of.length))).toEqual(new Set([30]))
    for (const path of paths) expect(pngSize(join(SHAPES, path)), path).toEqual([48, 48])
  })
})

describe('zoo/datasets/scenes', () => {
  const coco = Coco.parse(jsonOf(join(SCENES, 'annotations.json')))

  test('is a COCO directory of scenes of the size that the model takes', () => {
    expect(files(SCENES)).toEqual(['annotations.json', ...coco.images.map(image => `images/${image.file_name}`)])
    for (const { file_name, width, height } of coco.images) {
      expect([width, height]).toEqual([96, 96])
      expect(pngSize(join(SCENES, 'images', file_name)), file_name).toEqual([96, 96])
    }
  })

  test('says of every picture under which licence it is', () => {
    expect(coco.licenses.map(({ name }) => name)).toEqual(['Apache-2.0'])
    for (const { license } of coco.images) expect(license).toBe(coco.licenses[0]?.id)
  })

  test('has ids from 1, boxes within the pictures, areas that fit into them, and a few crowds', () => {
    expect(coco.categories.map(({ id }) => id)).toEqual([1, 2, 3, 4])
    expect(coco.categories.map(({ name }) => name)).toEqual(classesOf('yolo'))
    expect(coco.images.map(({ id }) => id)).toEqual(coco.images.map((_, index) => index + 1))
    expect(coco.annotations.map(({ id }) => id)).toEqual(coco.annotations.map((_, index) => index + 1))
    expect(new Set(coco.annotations.map(({ image_id }) => image_id))).toEqual(new Set(coco.images.map(({ id }) => id)))
    for (const { id, bbox, area } of coco.annotations) {
      const [x = -1, y = -1, width = 0, height = 0] = bbox
      expect(Math.min(x, y, 96 - x - width, 96 - y - height), `annotation ${id}`).toBeGreaterThanOrEqual(0)
      expect(area, `annotation ${id}`).toBeGreaterThan(0)
      expect(area, `annotation ${id}`).toBeLessThanOrEqual(width * height)
    }
    expect(coco.annotations.filter(({ iscrowd }) => iscrowd === 1).length).toBeGreaterThan(2)
  })
})
