/** Images from their files to the outputs: while the device has one batch, the next is read and prepared. */
import type { NamedTensors } from '../../../tensor.ts'
import type { Session } from '../../session.ts'
import type { InferenceSubject } from './subject.ts'
import type { Pipeline } from './timed.ts'

const LEAST_BATCHES = 3
const MOST_BATCHES = 50
/** Of the benchmark's time. */
const SHARE = 0.5

type Read = NonNullable<InferenceSubject['read']>

/**
 * Batches one after another, each of the next images, until enough or out of time. The first is left out: the clock starts when its
 * outputs are there and the second is being read, as it is all along. What the device is given, and what it gives, crosses from one
 * process to the other and counts as the device's time.
 */
export async function timePipeline(
  session: Pick<Session, 'run'>,
  batch: number,
  read: Read,
  budgetMs: number,
  now: () => number = () => performance.now(),
): Promise<Pipeline> {
  const first = await read(0, batch)
  let next = ahead(read(batch, batch))
  await session.run(first)
  const startedMs = now()
  let [batches, waitMs] = [0, 0]
  for (;;) {
    const askedMs = now()
    const inputs = await next()
    waitMs += now() - askedMs
    const isLast = batches + 1 >= MOST_BATCHES || (batches + 1 >= LEAST_BATCHES && now() - startedMs > budgetMs * SHARE)
    if (!isLast) next = ahead(read((batches + 2) * batch, batch))
    await session.run(inputs)
    batches++
    if (isLast) return { images: batches * batch, ms: now() - startedMs, waitMs }
  }
}

/** A batch that is being read; what goes wrong with it is told to who waits for it, and to nobody before. */
function ahead(reading: Promise<NamedTensors>): () => Promise<NamedTensors> {
  reading.catch(() => undefined)
  return () => reading
}
