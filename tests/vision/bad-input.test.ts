/** Images and datasets that cannot be used: refused with the file, the class or the annotation that is wrong. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { AssayError } from '../../src/errors.ts'
import { decodeImage } from '../../src/workloads/vision/decode.ts'
import { workloadOf } from '../../src/workloads/vision/index.ts'
import { temporaryDirectory } from '../temporary.ts'
import { ANNOTATIONS, CATEGORIES, writeCoco, writeImage, writeImageFolder } from './images.ts'
import { TINY_YOLO, visionModel } from './models.ts'

const CLASSES = ['red', 'green', 'blue']

/** What is said of it: code, sentence and place in one text. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof AssayError) return `${error.code}: ${error.message} @ ${error.where ?? ''}`
    throw error
  }
  throw new Error('nothing was refused')
}

/** A PNG that says it has so many px, of which there are none; a hundred bytes. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const content = deflateSync(Buffer.alloc(64))
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', content), chunk('IEND', Buffer.alloc(0))])
}

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}

describe('an image that cannot be read is named', () => {
  test.each<[string, (file: string) => void, RegExp]>([
    ['an empty file', file => writeFileSync(file, ''), /^image-invalid: the file is empty @ .*x\.png$/],
    [
      'no image at all',
      file => writeFileSync(file, 'hello'),
      /^image-invalid: the image cannot be read: .* @ .*x\.png$/,
    ],
    ['one cut short', file => truncateSync(file, 900), /^image-invalid: the image cannot be read: .* @ .*x\.png$/],
    [
      'a decompression bomb',
      file => writeFileSync(file, bomb(60_000, 60_000)),
      /^image-invalid: the image has more than \d+ px @ .*x\.png$/,
    ],
  ])('%s', async (_, spoil, said) => {
    const file = join(temporaryDirectory(), 'x.png')
    await writeImage(file, 1)
    spoil(file)
    expect(await refusal(() => decodeImage(readFileSync(file), file))).toMatch(said)
  })

  test('one of another size, where nothing resizes it', async () => {
    const folder = temporaryDirectory()
    const images = join(folder, 'images')
    await writeImageFolder(images, CLASSES)
    const model = visionModel(folder, {}, { do_resize: false })
    const { recipe, dataset } = workloadOf(model, images)
    const { prepareImage } = await import('../../src/workloads/vision/prepare.ts')
    const [image] = dataset.images
    if (image === undefined) throw new Error('no image')
    expect(await refusal(() => prepareImage(image.source, recipe))).toMatch(
      /^image-invalid: the image has 36 x 40 px and the model takes 32 x 32; preprocessor_config.json resizes nothing/,
    )
  })
})

describe('an ImageFolder that cannot be used', () => {
  test.each<[string, (images: string) => void | Promise<void>, RegExp]>([
    ['without classes', images => writeImage(join(images, 'x.png'), 1), /the folder has no classes in it @ .*images$/],
    [
      'of other classes',
      images => writeImageFolder(images, ['red', 'pink', 'teal']),
      /the model has no class pink, teal; it has 3 classes: red, green, blue/,
    ],
    [
      'of a class beyond the model’s',
      images => writeImageFolder(images, ['0', '3']),
      /the model has no class 3; it has 3 classes/,
    ],
    [
      'with a class without images',
      async images => {
        await writeImageFolder(images, CLASSES)
        mkdirSync(join(images, 'green', 'inner'))
        for (const name of ['0.png', '1.png']) rmSync(join(images, 'green', name))
      },
      /no image lies in the class green/,
    ],
    [
      'with an empty file',
      async images => {
        await writeImageFolder(images, CLASSES)
        writeFileSync(join(images, 'blue', '0.png'), '')
      },
      /the file is empty @ .*blue\/0\.png$/,
    ],
    [
      'with two files of one name',
      async images => {
        await writeImageFolder(images, CLASSES)
        await writeImage(join(images, 'red', 'a', 'b.png'), 1)
        await writeImage(join(images, 'red', 'a.b.png'), 2)
      },
      /red\/a\.b\.png and red\/a\/b\.png are both called red\.a\.b\.png/,
    ],
    ['that is not there', () => undefined, /there is no folder of images/],
  ])('%s is refused', async (_, write, said) => {
    const folder = temporaryDirectory()
    const images = join(folder, 'images')
    await write(images)
    expect(await refusal(() => workloadOf(visionModel(folder), images))).toMatch(said)
  })
})

describe('a COCO dataset that cannot be used', () => {
  const [first, second] = ANNOTATIONS.annotations
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'without a file',
      { images: [...ANNOTATIONS.images, { id: 3, file_name: 'c.png', width: 4, height: 4 }] },
      /1 of 3 images are not there: c\.png @ annotations\.json$/,
    ],
    [
      'with a file outside of it',
      { images: [{ id: 1, file_name: '../../x.png', width: 4, height: 4 }], annotations: [] },
      /1 of 1 images are not there: \.\.\/\.\.\/x\.png/,
    ],
    [
      'with a box outside its image',
      { annotations: [{ ...first, bbox: [30, 2, 20, 20] }] },
      /annotation 1 has a box outside its image: \[30,2,20,20\] .* of a\.png, which has 40 x 36 px/,
    ],
    [
      'with a box of negative width',
      { annotations: [{ ...first, bbox: [1, 2, -3, 20] }] },
      /annotations\.0\.bbox\.2: /,
    ],
    [
      'with an image id twice',
      { images: ANNOTATIONS.images.map(image => ({ ...image, id: 1 })) },
      /the image id 1 is given twice/,
    ],
    [
      'with an annotation id twice',
      { annotations: [first, { ...second, id: 1 }] },
      /the annotation id 1 is given twice/,
    ],
    [
      'with a category id twice',
      { categories: CATEGORIES.map(category => ({ ...category, id: 3 })) },
      /the category id 3 is given twice/,
    ],
    [
      'with an annotation of no image',
      { annotations: [{ ...first, image_id: 9 }] },
      /annotation 1 is of image 9, which is not there/,
    ],
    [
      'with an annotation of no category',
      { annotations: [{ ...first, category_id: 9 }] },
      /annotation 1 is of category 9, which is not there/,
    ],
    [
      'with other classes',
      { categories: [...CATEGORIES, { id: 8, name: 'cow' }] },
      /the model has no class cow; it has cat, dog/,
    ],
    ['without images', { images: [] }, /images: /],
  ])('%s is refused', async (_, changes, said) => {
    const folder = temporaryDirectory()
    const images = join(folder, 'images')
    await writeCoco(images, changes)
    const model = visionModel(folder, {}, null, TINY_YOLO)
    expect(await refusal(() => workloadOf(model, images))).toMatch(said)
  })

  test('that is no JSON is refused', async () => {
    const folder = temporaryDirectory()
    const images = join(folder, 'images')
    await writeCoco(images)
    truncateSync(join(images, 'annotations.json'), 40)
    expect(await refusal(() => workloadOf(visionModel(folder, {}, null, TINY_YOLO), images))).toMatch(
      /^dataset-invalid: not JSON: /,
    )
  })
})
