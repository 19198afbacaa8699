/** Images as Pillow reads and resizes them, and as the image processors of transformers on Pillow prepare them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VisionModel } from '../../src/build/model.ts'
import { decodeImage } from '../../src/workloads/vision/decode.ts'
import { toPixels } from '../../src/workloads/vision/pixels.ts'
import { preprocessingOf } from '../../src/workloads/vision/preprocessing-config.ts'
import type { Raster } from '../../src/workloads/vision/raster.ts'
import { type Kernel, resize } from '../../src/workloads/vision/resample.ts'
import { findPython } from '../python.ts'
import { visionModel } from './models.ts'

const python = findPython(['PIL', 'numpy', 'transformers'])
const why = 'missing' in python ? ` (${python.missing})` : ''
const folder = mkdtempSync(join(tmpdir(), 'assay-pillow-'))

function ask(command: 'encode' | 'resize' | 'process', jobs: readonly object[] = []): void {
  if ('missing' in python) throw new Error(python.missing)
  writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs))
  execFileSync(python.command, [join(import.meta.dirname, 'pillow.py'), command, folder], { stdio: 'pipe' })
}

const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]
const shared = {
  do_resize: true,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: mean,
  image_std: std,
}
/** What a preprocessor_config.json may say, by what it means. */
const processors = [
  [
    'ResNet’s: by the shorter side, the middle cut',
    {
      ...shared,
      image_processor_type: 'ConvNextImageProcessor',
      size: { shortest_edge: 24 },
      crop_pct: 0.875,
      resample: 3,
    },
  ],
  [
    'ViT’s: stretched',
    { ...shared, image_processor_type: 'ViTImageProcessor', size: { height: 24, width: 24 }, resample: 2 },
  ],
  [
    'CLIP’s: by the shorter side, the middle cut',
    {
      ...shared,
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 31 },
      do_center_crop: true,
      crop_size: { height: 24, width: 24 },
      resample: 3,
    },
  ],
  [
    'a cut that is larger than the image',
    {
      ...shared,
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 19 },
      do_center_crop: true,
      crop_size: { height: 24, width: 24 },
      resample: 2,
    },
  ],
  [
    'no normalisation',
    {
      ...shared,
      image_processor_type: 'ViTImageProcessor',
      size: { height: 24, width: 24 },
      resample: 0,
      do_normalize: false,
    },
  ],
] as const

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
const read = (name: string) => decodeImage(bytesOf(name), name)

/** Mean and largest difference, in steps of 255. */
function difference(ours: Uint8Array, theirs: Uint8Array): { mean: number; most: number } {
  expect(ours.length).toBe(theirs.length)
  const errors = Array.from(ours, (value, i) => Math.abs(value - (theirs[i] ?? Number.NaN)))
  return { mean: errors.reduce((a, b) => a + b, 0) / errors.length, most: errors.reduce((a, b) => Math.max(a, b), 0) }
}

beforeAll(() => {
  if ('missing' in python) return
  ask('encode')
  // All at once: transformers takes seconds to load.
  ask(
    'process',
    processors.map(([about, config]) => ({ file: 'plain.png', config, out: about })),
  )
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf('missing' in python)(`beside Pillow${why}`, () => {
  test('every kind of image is read as its convert("RGB") reads it: the same px', async () => {
    const names = readdirSync(folder).filter(name => /\.(png|jpg|webp|tiff|gif)$/.test(name))
    expect(names).toHaveLength(15)
    for (const name of names) {
      const { width, height, data } = await read(name)
      expect([name, { width, height }]).toEqual([name, JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))])
      const { most } = difference(data, bytesOf(`${name}.rgb`))
      expect([name, most]).toEqual([name, 0])
    }
  })

  const kernels: Kernel[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos']
  const sizes = [
    [61, 43],
    [30, 21],
    [7, 5],
    [61, 20],
    [20, 43],
    [150, 97],
    [1, 1],
    [13, 200],
  ] as const

  test('every kernel resizes to the same bytes, at every size', async () => {
    const jobs = kernels.flatMap(kernel =>
      sizes.map(([width, height]) => ({
        file: 'plain.png',
        ...{ kernel, width, height, out: `${kernel}-${width}-${height}` },
      })),
    )
    ask('resize', jobs)
    const image = await read('plain.png')
    for (const { kernel, width, height, out } of jobs) {
      const window = { left: 0, top: 0, right: width, bottom: height }
      const resized = resize(image, { width, height }, kernel, window)
      expect([out, difference(resized.data, bytesOf(out)).most]).toEqual([out, 0])
    }
  })

  test('a window of a resized image is that part of the whole', async () => {
    const image = await read('plain.png')
    const size = { width: 40, height: 29 }
    const whole = resize(image, size, 'bicubic', { left: 0, top: 0, right: 40, bottom: 29 })
    const part = resize(image, size, 'bicubic', { left: 11, top: 3, right: 31, bottom: 27 })
    const cut = (y: number) => whole.data.subarray((y * 40 + 11) * 3, (y * 40 + 31) * 3)
    expect([...part.data]).toEqual(Array.from({ length: 24 }, (_, y) => [...cut(3 + y)]).flat())
  })

  test.each(processors)('%s: the same numbers', async (about, config) => {
    const theirs = new Float32Array(bytesOf(about).buffer)
    const model = visionModel(folder, { image_size: 24 }, config)
    const ours = valuesOf(model, await read('plain.png'))
    expect(ours.length).toBe(theirs.length)
    const most = ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (theirs[i] ?? Number.NaN))), 0)
    // The same px; NumPy multiplies in double precision here and there, which is one step of fp32 at a value of 2.6.
    expect(most).toBeLessThanOrEqual(2 ** -22)
  })
})

function valuesOf(model: VisionModel, image: Raster): Float32Array {
  const pixels = toPixels(image, preprocessingOf(model), model.graph.image)
  if (pixels === null) throw new Error('not resized')
  return pixels.values
}
