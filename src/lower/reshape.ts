import type { Shape } from '../graph/index.ts'
import type { Emitter } from './emitter.ts'

/** A Reshape between shapes with named dimensions: a name at the same axis is copied, one that moved is inferred. */
export function reshape(emit: Emitter, path: string, value: string, from: Shape, to: Shape): string {
  if (from.join() === to.join()) return value
  const target = to.map((dim, axis) => (typeof dim === 'number' ? dim : from[axis] === dim ? 0 : -1))
  if (target.filter(size => size === -1).length > 1)
    throw new Error(`${path}: [${from}] cannot be reshaped to [${to}], more than one size varies`)
  return emit.node(path, 'Reshape', [value, emit.integers(...target)])
}
