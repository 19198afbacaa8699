/** Values that a plan's keys take, each with the most that is no slip of the pen. */
import { z } from 'zod'

/** Node's timers hold no more: 2^31 - 1 ms, some 24 days. */
export const LONGEST_MS = 2 ** 31 - 1
/** More memory than any one machine has: 1 PiB. A larger number is a slip of the pen. */
export const MOST_BYTES = 2 ** 50
/** Lists that a person writes are shorter; a longer one is a program's mistake. */
export const MOST_ENTRIES = 1000
export const LONGEST_TEXT = 4096

export const count = (most: number) => z.int().positive().max(most)
export const durationMs = count(LONGEST_MS)
export const text = z.string().min(1).max(LONGEST_TEXT)

export function list<T extends z.ZodType>(item: T) {
  return z.array(item).min(1).max(MOST_ENTRIES)
}

/** A list in which nothing stands twice. */
export function set<T extends z.ZodType<string | number>>(item: T) {
  return list(item).superRefine((values, context) => reportRepeated(values, context))
}

export function reportRepeated(values: readonly (string | number)[], context: z.core.$RefinementCtx): void {
  for (const [index, value] of values.entries())
    if (values.indexOf(value) !== index)
      context.addIssue({ code: 'custom', path: [index], message: `${value} is given twice` })
}
