/** The batch sizes of one shape, one after the other: which of them are tried. */
import type { Shape } from '../events/shape.ts'
import { doubled, type Grid } from '../plan/grid.ts'
import type { Attempt, Point, Timed } from './attempt.ts'

/** Tries one point; `before` is what was timed of its shape so far. */
export type Try = (point: Point, before: readonly Timed[]) => Promise<Attempt>

/**
 * Every batch size of the grid at one shape, then, where the grid goes to the memory's limit, doublings of the largest until one is
 * not measured. Once a batch ended its worker or had no room, larger ones are skipped with that reason.
 */
export async function sweep(
  { batches, isToMemory }: Pick<Grid, 'batches' | 'isToMemory'>,
  shape: Shape,
  attempt: Try,
): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  const tryBatch = async (batch: number): Promise<Attempt> => {
    const point = { ...shape, batch }
    const end = attempts.find(each => each.kind === 'untimed' && each.ends !== null && each.point.batch <= batch)
    const made =
      end?.kind === 'untimed' ? notTried(point, end.point.batch, end.ends) : await attempt(point, timed(attempts))
    attempts.push(made)
    return made
  }
  for (const batch of batches) await tryBatch(batch)
  if (!isToMemory || attempts.some(({ kind }) => kind === 'untimed')) return attempts
  for (let batch = doubled(Math.max(...batches)); batch !== null; batch = doubled(batch))
    if ((await tryBatch(batch)).kind === 'untimed') break
  return attempts
}

/** What was timed. */
export function timed(attempts: readonly Attempt[]): Timed[] {
  return attempts.filter(attempt => attempt.kind === 'timed')
}

function notTried(point: Point, batch: number, ends: string | null): Attempt {
  const reason = `not tried: batch ${batch} ${ends}`
  return {
    kind: 'untimed',
    point,
    status: 'skip',
    reason,
    room: { neededBytes: null, availableBytes: null },
    ends: null,
  }
}
