import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { LanguageGraph } from '../../graph/index.ts'
import { MOST_TFLOP, type PassShape, passShape } from './pass-cost.ts'

export interface LanguageModelLimits {
  readonly vocabulary: number
  readonly positions: number
  readonly stop: readonly number[]
  /** For each layer, how many positions a query sees, itself included; null where attention is full. */
  readonly windows: readonly (number | null)[]
  readonly positioning: LanguageGraph['positioning']
  readonly pass: PassShape
  /** The most arithmetic of one pass that a check asks for, TFLOP. */
  readonly mostTflop: number
}

const TokenIds = z.union([z.int(), z.array(z.int())]).nullish()
const Generation = z.object({ eos_token_id: TokenIds })

function idsOf(value: z.infer<typeof TokenIds>): number[] {
  return value === null || value === undefined ? [] : [value].flat()
}

/** What bounds a model's inputs, and which tokens end its answers: generation_config.json, else config.json. */
export function limitsOf(
  graph: LanguageGraph,
  config: Readonly<Record<string, unknown>>,
  directory: string | null,
  mostTflop = MOST_TFLOP,
): LanguageModelLimits {
  const path = directory === null ? null : join(directory, 'generation_config.json')
  const ofGeneration = path !== null && existsSync(path) ? readStop(path) : []
  const ofConfig = Generation.safeParse(config)
  const stop = ofGeneration.length > 0 ? ofGeneration : ofConfig.success ? idsOf(ofConfig.data.eos_token_id) : []
  return {
    vocabulary: graph.vocabulary,
    positions: graph.maxPositions,
    windows: graph.windows,
    positioning: graph.positioning,
    pass: passShape(graph),
    mostTflop,
    stop: stop.filter(id => id >= 0 && id < graph.vocabulary),
  }
}

function readStop(path: string): number[] {
  try {
    const parsed = Generation.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    return parsed.success ? idsOf(parsed.data.eos_token_id) : []
  } catch {
    return [] // transformers, too, goes on without a generation config that it cannot read
  }
}
