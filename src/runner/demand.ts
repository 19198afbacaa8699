/** What a unit asks of a device's memory, and whether there is as much: decided before anything is built. Pure. */
import { showBytes } from '../build/bytes.ts'
import type { Footprint } from '../build/footprint.ts'
import type { LlmCase } from '../workloads/llm/index.ts'

/** The largest call that a unit makes: positions in the cache, over all rows, and positions whose logits come out. */
export interface Call {
  readonly slots: number
  readonly logits: number
}

/** A point of a generation benchmark. */
export interface Generation {
  readonly batch: number
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Bytes that a device must hold at once. A lower bound: what an engine needs beside them is its own affair. */
export interface Demand {
  readonly weightBytes: number
  readonly cacheBytes: number
  readonly logitsBytes: number
}

/** What there is, and the words for it: `of ort:cpu`. */
export interface Room {
  readonly bytes: number
  readonly of: string
}

/** Memory of the same room that something else holds meanwhile. */
export interface Held {
  readonly bytes: number
  readonly by: string
}

/** The calls of a workload's cases, one row each: all logits of what is run in one pass, those of the last position of what is generated. */
export function callsOfCases(cases: readonly LlmCase[]): Call[] {
  return cases.map(({ kind, tokens, newTokens }) => ({
    slots: tokens.length + newTokens,
    logits: kind === 'generate' ? 1 : tokens.length,
  }))
}

/** The call of one point of a generation benchmark; none where the model has not so many positions. */
export function callsOfGeneration({ batch, inputTokens, outputTokens }: Generation, positions: number): Call[] {
  const tokens = inputTokens + outputTokens
  return tokens > positions ? [] : [{ slots: batch * tokens, logits: batch }]
}

/** The demand of the call that needs most. */
export function demandOf({ weightBytes, slotBytes, logitsBytes }: Footprint, calls: readonly Call[]): Demand {
  const demands = calls.map(({ slots, logits }) => ({
    weightBytes,
    cacheBytes: slots * slotBytes,
    logitsBytes: logits * logitsBytes,
  }))
  return demands.reduce((most, demand) => (totalOf(demand) > totalOf(most) ? demand : most), {
    weightBytes,
    cacheBytes: 0,
    logitsBytes: 0,
  })
}

export function totalOf({ weightBytes, cacheBytes, logitsBytes }: Demand): number {
  return weightBytes + cacheBytes + logitsBytes
}

/** Why a demand cannot be met beside what is held already, or null where it can. */
export function misfit(demand: Demand, room: Room, held: Held | null = null): string | null {
  if (totalOf(demand) + (held?.bytes ?? 0) <= room.bytes) return null
  const beside = held === null ? '' : `, beside ${showBytes(held.bytes)} of ${held.by},`
  return `${showDemand(demand)}${beside} do not fit the ${showBytes(room.bytes)} ${room.of}`
}

function showDemand({ weightBytes, cacheBytes, logitsBytes }: Demand): string {
  const parts = [`weights ${showBytes(weightBytes)}`]
  if (cacheBytes > 0) parts.push(`cache ${showBytes(cacheBytes)}`)
  if (logitsBytes > 0) parts.push(`logits ${showBytes(logitsBytes)}`)
  return parts.join(' + ')
}
