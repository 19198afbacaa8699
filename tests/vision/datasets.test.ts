import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workloadOf } from '../../src/workloads/vision/index.ts'
import { temporaryDirectory } from '../temporary.ts'
import { writeCoco, writeImageFolder } from './images.ts'
import { TINY_YOLO, visionModel } from './models.ts'

const labelsIn = ({ images }: { images: readonly { name: string; label: number | null }[] }) =>
  images.map(({ name, label }) => [name, label])

test('folders are classes by the names of the model’s labels, whatever their order', async () => {
  const folder = temporaryDirectory()
  await writeImageFolder(join(folder, 'images'), ['blue', 'Green', 'red'], 1)
  expect(labelsIn(workloadOf(visionModel(folder), join(folder, 'images')).dataset)).toEqual([
    ['Green.0.png', 1],
    ['blue.0.png', 2],
    ['red.0.png', 0],
  ])
})

test('folders of whole numbers are classes by their number', async () => {
  const folder = temporaryDirectory()
  await writeImageFolder(join(folder, 'images'), ['2', '0'], 1)
  expect(labelsIn(workloadOf(visionModel(folder), join(folder, 'images')).dataset)).toEqual([
    ['0.0.png', 0],
    ['2.0.png', 2],
  ])
})

test('COCO’s classes are numbered by category id, the model’s are found by name, and crowds and areas are kept', async () => {
  const folder = temporaryDirectory()
  await writeCoco(join(folder, 'images'))
  // The model's cat and dog are 0 and 1; the dataset's are 3 and 7, so 0 and 1 too; dogs come first in this model.
  const model = visionModel(folder, { id2label: { 0: 'dog', 1: 'cat' } }, null, TINY_YOLO)
  const { dataset, cases, className } = workloadOf(model, join(folder, 'images'))
  expect(dataset.classNumbers).toEqual([1, 0])
  expect([className(0), className(1)]).toEqual(['cat', 'dog'])
  expect(dataset.images[0]).toMatchObject({
    name: 'images.a.png',
    scene: {
      classes: [1, 0],
      crowd: [0, 1],
      area: [150, 700],
      boxes: [
        [1, 2, 11, 22],
        [5, 5, 35, 35],
      ],
    },
  })
  expect(cases.map(({ id }) => id)).toEqual([
    'data.images.a.png',
    'data.images.b.png',
    'scenes.images.a.png',
    'scenes.images.b.png',
  ])
})

test('a model without images gets seeded ones, of which it is said that nothing is known', () => {
  const { dataset, remarks, cases } = workloadOf(visionModel(temporaryDirectory()))
  expect(dataset.images).toHaveLength(16)
  expect(remarks.join()).toMatch(/no images came with it: 16 drawn from a seed/)
  expect(cases.filter(({ kind }) => kind === 'logits')).toHaveLength(10)
})
