/** What the points of a benchmark differ in beside their batch, and what a person calls it. */
import { z } from 'zod'

export const Shape = z.object({
  /** Tokens of each prompt. */
  inputTokens: z.int().nonnegative(),
  /** Tokens generated for each prompt. */
  outputTokens: z.int().nonnegative(),
  /** Prompt tokens that each pass of the prefill was asked to take; null where the engine chooses. */
  prefillChunk: z.int().positive().nullable().default(null),
})
export type Shape = z.infer<typeof Shape>

/** Equal for equal shapes, and for no others. */
export function shapeKey({ inputTokens, outputTokens, prefillChunk }: Shape): string {
  return `${inputTokens}+${outputTokens}/${prefillChunk ?? ''}`
}

/** `512 tokens in, 128 out, prefill in chunks of 64`. */
export function shapeName({ inputTokens, outputTokens, prefillChunk }: Shape): string {
  const chunks = prefillChunk === null ? '' : `, prefill in chunks of ${prefillChunk}`
  return `${inputTokens} tokens in, ${outputTokens} out${chunks}`
}

/** A point by the least that tells it from its neighbours: its batch, and its shape where they have several. */
export function pointName(point: Shape & { readonly batch: number }, neighbours: readonly Shape[]): string {
  const isAlone = new Set(neighbours.map(shapeKey)).size <= 1
  return isAlone ? `batch ${point.batch}` : `batch ${point.batch}, ${shapeName(point)}`
}

/** Points by their shape, shapes and points in the order in which they come. */
export function byShape<P extends Shape>(points: readonly P[]): { readonly shape: Shape; readonly points: P[] }[] {
  return [...Map.groupBy(points, shapeKey).values()].flatMap(own => {
    const [first] = own
    if (first === undefined) return []
    const { inputTokens, outputTokens, prefillChunk } = first
    return [{ shape: { inputTokens, outputTokens, prefillChunk }, points: own }]
  })
}
