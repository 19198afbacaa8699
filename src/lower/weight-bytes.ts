import { storedBytes } from '../onnx/elements.ts'
import type { LoweredGraph } from './lower.ts'

/** Bytes of a lowered graph's weights, as they are stored. */
export interface WeightBytes {
  /** All of them; a table that is used twice counts once. */
  readonly stored: number
  /** Those that every pass reads: an embedding's table is read by rows, and its other rows are not. */
  readonly perPass: number
}

/** What lowering itself made (tables of angles, shapes) is left out. */
export function weightBytes({ constants, nodes }: Pick<LoweredGraph, 'constants' | 'nodes'>): WeightBytes {
  const readWhole = new Set(nodes.filter(({ operator }) => operator !== 'Gather').flatMap(({ inputs }) => inputs))
  const sizes = new Map<string, { bytes: number; isReadWhole: boolean }>()
  for (const { name, type, shape, content } of constants) {
    if (content.kind === 'values') continue
    const key = JSON.stringify(content)
    const bytes = storedBytes(type, shape)
    sizes.set(key, { bytes, isReadWhole: readWhole.has(name) || (sizes.get(key)?.isReadWhole ?? false) })
  }
  const all = [...sizes.values()]
  const sum = (some: typeof all) => some.reduce((total, { bytes }) => total + bytes, 0)
  return { stored: sum(all), perPass: sum(all.filter(({ isReadWhole }) => isReadWhole)) }
}
