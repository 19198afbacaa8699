import { describe, expect, test } from 'vitest'
import type { Batched, Timed as Measured, Attempt as Tried } from './attempt.ts'
import { sweep } from './sweep.ts'

type Timed = Measured<Batched>
type Attempt = Tried<Timed>

const pointOf = (batch: number): Batched => ({ batch })

function timedAt(point: Batched): Timed {
  return { kind: 'timed', point, peakMemoryBytes: 1 }
}

/** A device that measures every batch but those named, which end in the way that is said. */
function device(ends: Readonly<Record<number, string | null>>) {
  const tried: number[] = []
  const before: number[] = []
  const attempt = async (point: Batched, timed: readonly Timed[]): Promise<Attempt> => {
    tried.push(point.batch)
    before.push(timed.length)
    const end = ends[point.batch]
    if (end === undefined) return timedAt(point)
    const room = { neededBytes: 7, availableBytes: 5 }
    return { kind: 'untimed', point, status: 'error', reason: 'gone', room, ends: end }
  }
  return { attempt, tried, before }
}

const told = (attempts: readonly Attempt[]) =>
  attempts.map(each => [each.point.batch, each.kind === 'timed' ? 'timed' : `${each.status}: ${each.reason}`])

describe('batch sizes of a list', () => {
  test('are all tried, in their order, knowing what came before', async () => {
    const { attempt, tried, before } = device({})
    await sweep({ batches: [4, 1, 16], isToMemory: false }, pointOf, attempt)
    expect(tried).toEqual([4, 1, 16])
    expect(before).toEqual([0, 1, 2])
  })

  test('above one that ended its worker are skipped with that reason, and smaller ones are tried', async () => {
    const { attempt, tried } = device({ 8: 'ended its worker' })
    const attempts = await sweep({ batches: [1, 8, 2, 16, 8], isToMemory: false }, pointOf, attempt)
    expect(tried).toEqual([1, 8, 2])
    expect(told(attempts)).toEqual([
      [1, 'timed'],
      [8, 'error: gone'],
      [2, 'timed'],
      [16, 'skip: not tried: batch 8 ended its worker'],
      [8, 'skip: not tried: batch 8 ended its worker'],
    ])
  })

  test('above one that failed for another reason are tried', async () => {
    const { attempt, tried } = device({ 8: null })
    await sweep({ batches: [1, 8, 16], isToMemory: false }, pointOf, attempt)
    expect(tried).toEqual([1, 8, 16])
  })
})

describe('batch sizes to the memory’s limit', () => {
  test.each([null, 'ended its worker', 'had no room'])(
    'double from the largest until one is not measured (%s)',
    async end => {
      const { attempt, tried } = device({ 24: end })
      const attempts = await sweep({ batches: [1, 3], isToMemory: true }, pointOf, attempt)
      expect(tried).toEqual([1, 3, 6, 12, 24])
      expect(told(attempts).at(-1)).toEqual([24, 'error: gone'])
    },
  )

  test('end with the list where one of it was not measured', async () => {
    const { attempt, tried } = device({ 3: null })
    await sweep({ batches: [1, 3], isToMemory: true }, pointOf, attempt)
    expect(tried).toEqual([1, 3])
  })

  test('end at the largest batch that a plan may ask for', async () => {
    const { attempt, tried } = device({})
    await sweep({ batches: [30_000], isToMemory: true }, pointOf, attempt)
    expect(tried).toEqual([30_000, 60_000])
  })
})
