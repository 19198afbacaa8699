import { expect, test } from 'vitest'
import { WorkerError } from '../../protocol/failure.ts'
import { type NamedTensors, tensorOf, toFloat32 } from '../../tensor.ts'
import { Batches } from './batches.ts'

const input = { height: 1, width: 1 }
const image = (value: number) => ({
  values: Float32Array.of(value, value, value),
  sha256: new Uint8Array(32),
  original: { width: 1, height: 1 },
  placed: { size: { width: 1, height: 1 }, left: 0, top: 0 },
})

/** A device that gives each image's first number, and has room for so many. */
function device(room: number) {
  const sizes: number[] = []
  return {
    sizes,
    async run({ pixel_values: pixels }: NamedTensors): Promise<NamedTensors> {
      if (!pixels) throw new Error('no pixels')
      const [rows = 0] = pixels.shape
      sizes.push(rows)
      if (rows > room) throw new WorkerError('out-of-memory', 'too large')
      return {
        logits: tensorOf(
          [rows, 1],
          toFloat32(pixels).filter((_, i) => i % 3 === 0),
        ),
      }
    },
  }
}

const first = (outputs: readonly NamedTensors[]) => outputs.map(({ logits }) => logits && [...toFloat32(logits)])

test('every image gets its own row, and the last batch is as large as the others', async () => {
  const { run, sizes } = device(100)
  const outputs = await new Batches({ run }, input, 4).run([1, 2, 3, 4, 5].map(image))
  expect(first(outputs)).toEqual([[1], [2], [3], [4], [5]])
  expect(sizes).toEqual([4, 4])
})

test('where memory lacks, batches become smaller and stay so; nothing is left out', async () => {
  const { run, sizes } = device(4)
  const batches = new Batches({ run }, input, 16)
  expect(first(await batches.run(Array.from({ length: 6 }, (_, i) => image(i))))).toEqual([
    [0],
    [1],
    [2],
    [3],
    [4],
    [5],
  ])
  expect(sizes).toEqual([16, 4, 4])
  await batches.run([image(9)])
  expect(sizes).toEqual([16, 4, 4, 4])
})

test('a device without room for one image is what it is', async () => {
  await expect(new Batches({ run: device(0).run }, input, 2).run([image(1)])).rejects.toThrow('too large')
})
