/** The vision models of the zoo: what they ship, and what their goldens give. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Golden, readGolden } from '../../src/goldens/golden.ts'
import { toNumbers } from '../../src/tensor.ts'
import { checksumsOf, fingerprintOf } from '../../src/weights/fingerprint.ts'
import { readSafetensors } from '../../src/weights/safetensors.ts'
import { classesOf, files, jsonOf, SCENES, SHAPES, sizeBytes, ZOO } from './vision-files.ts'

const CLASSIFIERS = ['resnet', 'vit'] as const
const NAMES = [...CLASSIFIERS, 'yolo'] as const

/** The most that each directory may hold, in bytes, and all of them together: all of it goes into the package. */
const LARGEST = { resnet: 2_000_000, vit: 1_500_000, yolo: 3_500_000, datasets: 3_500_000 } as const
const LARGEST_TOGETHER = 10_000_000
const PICTURES = 300

function goldenOf(name: string): Golden {
  return readGolden(join(ZOO, name, 'goldens', 'torch-fp32.safetensors'))
}

/** Every case of a kind, with the file of the data set that its name means. */
function casesOf(golden: Golden, kind: string, dataset: string) {
  const byName = new Map(files(dataset).map(path => [path.replaceAll('/', '.'), join(dataset, path)]))
  return [...golden.outputs].flatMap(([id, outputs]) => {
    if (!id.startsWith(`${kind}.`)) return []
    const path = byName.get(id.slice(kind.length + 1))
    if (path === undefined) throw new Error(`${id} names no file`)
    return [{ id, path, ...outputs }]
  })
}

function numbers(tensors: Readonly<Record<string, Parameters<typeof toNumbers>[0]>>, name: string): number[] {
  const tensor = tensors[name]
  if (!tensor) throw new Error(`no ${name}`)
  return Array.from(toNumbers(tensor))
}

function rows(values: readonly number[], width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width))
}

function sha256(path: string): number[] {
  return [...createHash('sha256').update(readFileSync(path)).digest()]
}

test('the models and the held-out sets are small together', () => {
  for (const [name, largest] of Object.entries(LARGEST)) expect(sizeBytes(join(ZOO, name)), name).toBeLessThan(largest)
  expect(Object.keys(LARGEST).reduce((sum, name) => sum + sizeBytes(join(ZOO, name)), 0)).toBeLessThan(LARGEST_TOGETHER)
})

describe.each(NAMES)('zoo/%s', name => {
  const directory = join(ZOO, name)

  test('is a whole directory in the layout of Hugging Face, and small', () => {
    expect(files(directory)).toEqual([
      'README.md',
      'config.json',
      'goldens/torch-fp32.safetensors',
      'model.safetensors',
      'preprocessor_config.json',
      'workload.json',
    ])
    expect(sizeBytes(directory)).toBeLessThan(LARGEST[name])
  })

  test('names a held-out set that is there', () => {
    const { images } = z.object({ images: z.string() }).parse(jsonOf(join(directory, 'workload.json')))
    expect(resolve(directory, images)).toBe(name === 'yolo' ? SCENES : SHAPES)
  })

  test('holds its weights as fp32', () => {
    const { tensors } = readSafetensors(join(directory, 'model.safetensors'))
    const types = Object.entries(tensors).flatMap(([weight, { type }]) =>
      weight.endsWith('num_batches_tracked') ? [] : [type],
    )
    expect(new Set(types)).toEqual(new Set(['f32']))
  })

  test('has a golden that torch made of these weights in fp32', () => {
    expect(goldenOf(name)).toMatchObject({
      model: `zoo/${name}`,
      fingerprint: fingerprintOf(checksumsOf(directory)),
      producer: { engine: 'torch' },
      precision: 'fp32',
    })
  })
})

describe.each(CLASSIFIERS)("zoo/%s's golden", name => {
  const golden = goldenOf(name)
  const images = casesOf(golden, 'images', SHAPES)

  test('holds the logits of every held-out picture, its class and the checksum of its file', () => {
    expect(images).toHaveLength(PICTURES)
    for (const { id, path, inputs } of images) {
      expect(numbers(inputs, 'file_sha256'), id).toEqual(sha256(path))
      expect(classesOf(name)[numbers(inputs, 'labels')[0] ?? -1], id).toBe(path.split(/[/\\]/).at(-2))
    }
  })

  test('puts the true class first in more than 95 of 100', () => {
    const right = images.filter(({ inputs, outputs }) => {
      const logits = numbers(outputs, 'logits')
      return logits.indexOf(Math.max(...logits)) === numbers(inputs, 'labels')[0]
    })
    expect(right.length / images.length).toBeGreaterThan(0.95)
  })

  test('has narrow margins and wide ones', () => {
    const margins = images.map(({ outputs }) => {
      const [first = 0, second = 0] = numbers(outputs, 'logits').sort((a, b) => b - a)
      return first - second
    })
    expect(Math.min(...margins)).toBeLessThan(0.1)
    expect(margins.filter(margin => margin < 4).length).toBeGreaterThan(images.length / 20)
    expect(margins.filter(margin => margin > 4).length).toBeGreaterThan(images.length / 2)
  })

  test('holds the pixels of one picture of each class, with the same logits', () => {
    const cases = casesOf(golden, 'logits', SHAPES)
    expect(cases.map(({ path }) => path.split(/[/\\]/).at(-2))).toEqual(classesOf(name))
    for (const { id, inputs, outputs } of cases) {
      expect(inputs['pixel_values']?.shape, id).toEqual([1, 3, 48, 48])
      const same = golden.outputs.get(id.replace('logits.', 'images.'))
      expect(numbers(outputs, 'logits'), id).toEqual(same && numbers(same.outputs, 'logits'))
    }
  })
})

describe("zoo/yolo's golden", () => {
  const golden = goldenOf('yolo')
  const scenes = casesOf(golden, 'scenes', SCENES)

  test('holds what is found in every held-out scene, and the checksum of its file', () => {
    expect(scenes).toHaveLength(files(join(SCENES, 'images')).length)
    for (const { id, path, inputs } of scenes) {
      expect(numbers(inputs, 'file_sha256'), id).toEqual(sha256(path))
      expect(numbers(inputs, 'size'), id).toEqual([96, 96])
    }
  })

  test('lists the best first, above the threshold, within the image, and none over a better one of its class', () => {
    expect(scenes.reduce((sum, { outputs }) => sum + numbers(outputs, 'scores').length, 0)).toBeGreaterThan(150)
    for (const { id, inputs, outputs } of scenes) {
      const [score = 1, overlap = 0] = numbers(inputs, 'thresholds')
      const [boxes, scores, labels] = [
        rows(numbers(outputs, 'boxes'), 4),
        numbers(outputs, 'scores'),
        numbers(outputs, 'labels'),
      ]
      expect(scores, id).toEqual([...scores].sort((a, b) => b - a))
      for (const [index, [x1 = 0, y1 = 0, x2 = 0, y2 = 0]] of boxes.entries()) {
        expect(scores[index], id).toBeGreaterThan(score)
        expect(Math.min(x1, y1, 96 - x2, 96 - y2, x2 - x1, y2 - y1), id).toBeGreaterThanOrEqual(0)
        for (const [other, better] of boxes.slice(0, index).entries())
          if (labels[other] === labels[index]) expect(iou(better, [x1, y1, x2, y2]), id).toBeLessThan(overlap + 0.05)
      }
    }
  })

  test('holds the raw outputs of four scenes', () => {
    const cases = casesOf(golden, 'data', SCENES)
    expect(cases).toHaveLength(4)
    const anchors = 12 * 12 + 6 * 6 + 3 * 3
    for (const { inputs, outputs } of cases) {
      expect(inputs['pixel_values']?.shape).toEqual([1, 3, 96, 96])
      expect(outputs['logits']?.shape).toEqual([1, anchors, 4])
      expect(outputs['pred_boxes']?.shape).toEqual([1, anchors, 4])
    }
  })
})

/** Intersection over union of two boxes of corners. */
function iou(a: readonly number[], b: readonly number[]): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b
  const both =
    Math.max(Math.min(ax2, bx2) - Math.max(ax1, bx1), 0) * Math.max(Math.min(ay2, by2) - Math.max(ay1, by1), 0)
  return both / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - both)
}
