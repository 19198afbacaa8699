/** The samples of a run's benchmarks, from its log: the result document keeps their summaries alone. */
import type { RunEvent } from '../events/event.ts'
import { type Shape, shapeKey } from '../events/shape.ts'

/** Where samples were taken. */
export interface Place {
  readonly unit: string
  readonly benchmark: string
  readonly batch: number
  /** Null in a log from before a benchmark had several. */
  readonly shape: Shape | null
}

/** One value for each repetition, by metric. */
export type PointSamples = ReadonlyMap<string, readonly number[]>

export class Samples {
  readonly #byPlace: ReadonlyMap<string, PointSamples>

  private constructor(byPlace: ReadonlyMap<string, PointSamples>) {
    this.#byPlace = byPlace
  }

  /** Those of each unit's last attempt, which alone counts. */
  static of(events: Iterable<RunEvent>): Samples {
    const units = new Map<string, Map<string, Map<string, number[]>>>()
    for (const event of events) {
      if (event.type === 'unit-started') units.set(event.unit, new Map())
      if (event.type !== 'sample') continue
      const places = units.get(event.unit) ?? new Map<string, Map<string, number[]>>()
      units.set(event.unit, places)
      const metrics = places.get(keyOf(event)) ?? new Map<string, number[]>()
      places.set(keyOf(event), metrics)
      for (const [metric, value] of Object.entries(event.values))
        if (value !== null) metrics.set(metric, [...(metrics.get(metric) ?? []), value])
    }
    return new Samples(new Map([...units.values()].flatMap(places => [...places])))
  }

  at(place: Place): PointSamples | null {
    return this.#byPlace.get(keyOf(place)) ?? this.#byPlace.get(keyOf({ ...place, shape: null })) ?? null
  }
}

function keyOf({ unit, benchmark, batch, shape }: Place): string {
  return JSON.stringify([unit, benchmark, batch, shape === null ? null : shapeKey(shape)])
}
