/** The batch sizes of one shape, one after the other: which of them are tried. */
import { type Batches, doubled } from '../../plan/grid.ts'
import { type Attempt, type Batched, type Timed, timed } from './attempt.ts'
import { skipped } from './untimed.ts'

/** Tries one point; `before` is what was timed of its shape so far. */
export type Try<T extends Timed<Batched>> = (point: T['point'], before: readonly T[]) => Promise<Attempt<T>>

/**
 * Every batch size at one shape, then, where they go to the memory's limit, doublings of the largest until one is not measured. Once
 * a batch ended its worker or had no room, larger ones are skipped with that reason.
 * @param pointOf - the shape's point of a batch
 */
export async function sweep<T extends Timed<Batched>>(
  { batches, isToMemory }: Batches,
  pointOf: (batch: number) => T['point'],
  attempt: Try<T>,
): Promise<Attempt<T>[]> {
  const attempts: Attempt<T>[] = []
  const tryBatch = async (batch: number): Promise<Attempt<T>> => {
    const point = pointOf(batch)
    const end = attempts.find(each => each.kind === 'untimed' && each.ends !== null && each.point.batch <= batch)
    const made =
      end?.kind === 'untimed'
        ? skipped(point, `not tried: batch ${end.point.batch} ${end.ends}`)
        : await attempt(point, timed(attempts))
    attempts.push(made)
    return made
  }
  for (const batch of batches) await tryBatch(batch)
  if (!isToMemory || attempts.some(({ kind }) => kind === 'untimed')) return attempts
  for (let batch = doubled(Math.max(...batches)); batch !== null; batch = doubled(batch))
    if ((await tryBatch(batch)).kind === 'untimed') break
  return attempts
}
