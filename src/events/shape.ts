/** What the points of a benchmark differ in beside their batch, and what a person calls it. */
import { z } from 'zod'
import { kindOf, type Shape as Named } from '../benchmarks/index.ts'
import { liftShape } from './lift.ts'

/** By axis: `{ inputTokens: 512, outputTokens: 128 }`. An axis that the engine chooses is absent. */
export const Shape = z.preprocess(liftShape, z.record(z.string(), z.number()))
export type Shape = Named

/** What a point is told from its neighbours by. */
export interface Placed {
  readonly batch: number
  readonly shape: Shape
}

/** Equal for equal shapes, and for no others. */
export function shapeKey(shape: Shape): string {
  return JSON.stringify(Object.entries(shape).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** `512 tokens in, 128 out, prefill in chunks of 64`. */
export function shapeName(benchmark: string, shape: Shape): string {
  return kindOf(benchmark).shapeName(shape)
}

/** A point of a benchmark by its batch and its shape. */
export function fullPointName(benchmark: string, { batch, shape }: Placed): string {
  return `batch ${batch}, ${shapeName(benchmark, shape)}`
}

/** A point by the least that tells it from its neighbours: its batch, and its shape where they have several. */
export function pointName(benchmark: string, point: Placed, neighbours: readonly { readonly shape: Shape }[]): string {
  const isAlone = new Set(neighbours.map(({ shape }) => shapeKey(shape))).size <= 1
  return isAlone ? `batch ${point.batch}` : fullPointName(benchmark, point)
}

/** Points by their shape, shapes and points in the order in which they come. */
export function byShape<P extends { readonly shape: Shape }>(
  points: readonly P[],
): { readonly shape: Shape; readonly points: P[] }[] {
  return [...Map.groupBy(points, ({ shape }) => shapeKey(shape)).values()].flatMap(own => {
    const [first] = own
    return first === undefined ? [] : [{ shape: first.shape, points: own }]
  })
}
