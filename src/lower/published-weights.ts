/** Published weights as constants of a lowered graph. */
import type { Lowering } from './lowering.ts'

/** The shape of a declared weight. */
export function weightShape(lowering: Lowering, name: string): readonly number[] {
  const declared = lowering.graph.weights.get(name)
  if (!declared) throw new Error(`${name} was not declared`)
  return declared.shape
}

/** Published weights stacked along their first axis, as one constant in the policy's float type. */
export function floatWeights(lowering: Lowering, names: readonly string[], name = stackedName(names)): string {
  const type = lowering.policy.float
  const shapes = names.map(name => weightShape(lowering, name))
  const rows = shapes.reduce((sum, [size = 0]) => sum + size, 0)
  const shape = [rows, ...(shapes[0]?.slice(1) ?? [])]
  return lowering.emit.constant(name, type, shape, { kind: 'weights', names, type })
}

/** `a.q_proj.weight` and `a.k_proj.weight` stacked are `a.{q_proj,k_proj}.weight`. */
export function stackedName(names: readonly string[]): string {
  const [first, ...others] = names.map(name => name.split('.'))
  if (!first || others.length === 0) return names.join()
  const parts = first.map((part, at) => {
    const all = [part, ...others.map(other => other[at])]
    return all.every(name => name === part) ? part : `{${all.join(',')}}`
  })
  return parts.join('.')
}
