import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NamedTensors } from '../../../tensor.ts'
import { timePipeline } from './pipeline.ts'

beforeEach(() => vi.useFakeTimers({ now: 0 }))
afterEach(() => vi.useRealTimers())

const after = (ms: number) => new Promise<NamedTensors>(done => setTimeout(() => done({}), ms))

/** Of a reader and a device that take these times, side by side. */
async function timing(readMs: number, runMs: number, batch = 4, budgetMs = 10_000) {
  const reads: number[] = []
  const read = (first: number) => {
    reads.push(first)
    return after(readMs)
  }
  const timed = timePipeline({ run: () => after(runMs) }, batch, read, budgetMs, Date.now)
  await vi.runAllTimersAsync()
  return { ...(await timed), reads }
}

describe('from files to outputs', () => {
  test('a reader that is faster than the device keeps it busy', async () => {
    const { images, ms, waitMs } = await timing(2, 10)
    expect(waitMs).toBe(0)
    expect(ms).toBe((images / 4) * 10)
  })

  test('a reader that is slower lets it wait, for the difference', async () => {
    const { images, ms, waitMs } = await timing(30, 10)
    expect(ms).toBe((images / 4) * 30)
    expect(waitMs / ms).toBeCloseTo(2 / 3, 12)
  })

  test('every batch has the images after those of the last, and none is read in vain', async () => {
    const { images, reads } = await timing(1, 1)
    expect(reads).toEqual(reads.map((_, at) => 4 * at))
    expect(reads).toHaveLength(1 + images / 4) // the first is left out
  })

  test('three batches are timed though the time is up', async () => {
    expect(await timing(1, 1000, 2, 1)).toMatchObject({ images: 6 })
  })
})

test('a file that cannot be read ends it with its own error, also while the device is at work', async () => {
  const read = (first: number) => (first < 4 ? Promise.resolve({}) : Promise.reject(new Error(`no image ${first}`)))
  await expect(timePipeline({ run: async () => ({}) }, 2, read, 10_000)).rejects.toThrow('no image 4')
})
