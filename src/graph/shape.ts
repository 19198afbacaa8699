/** A size, or the name of one that varies from call to call: `batch`, `tokens`, `total` (past + tokens). */
export type Dim = number | string
export type Shape = readonly Dim[]

/** The shape of two values element by element, axes of size 1 stretched, as in NumPy; null where they do not fit. */
export function broadcast(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length)
  const padded = (shape: Shape) => [...Array<Dim>(rank - shape.length).fill(1), ...shape]
  const others = padded(b)
  const dims = padded(a).map((dim, axis) =>
    dim === 1 ? others[axis] : others[axis] === 1 ? dim : dim === others[axis] ? dim : undefined,
  )
  return dims.every(dim => dim !== undefined) ? dims : null
}

/** `[batch, tokens, 64]` */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** A rearrangement as reshape, transpose, reshape. `split` and `merged` are the shapes after the first and last step. */
export interface Rearrangement {
  readonly pattern: string
  readonly split: Shape
  readonly permutation: readonly number[]
  readonly merged: Shape
}

function parseSide(side: string): string[][] {
  return (side.match(/\([^)]*\)|\S+/g) ?? []).map(group => group.replace(/[()]/g, '').trim().split(/\s+/))
}

/**
 * Reads a pattern in the notation of einops (Rogozhnikov, ICLR 2022), without repetition and reduction:
 * `b t (h d) -> b h t d` splits the last axis in two and swaps. At most one axis of a group may have an unknown size.
 * Throws a plain sentence where the pattern does not fit the shape.
 */
export function rearrangement(pattern: string, shape: Shape, sizes: Readonly<Record<string, number>>): Rearrangement {
  const [left, right, ...rest] = pattern.split('->').map(parseSide)
  if (!left || !right || rest.length > 0) throw new Error(`'${pattern}' is not of the form 'b t (h d) -> b h t d'`)
  if (left.length !== shape.length) throw new Error(`'${pattern}' takes ${left.length} axes, not ${showShape(shape)}`)

  const dims = new Map<string, Dim>()
  for (const [axis, names] of left.entries()) {
    const whole = shape[axis] ?? 0
    const unknown = names.filter(name => sizes[name] === undefined)
    const [only] = names
    if (names.length === 1 && only !== undefined) {
      dims.set(only, whole)
      continue
    }
    const known = names.reduce((product, name) => product * (sizes[name] ?? 1), 1)
    if (
      typeof whole !== 'number' ||
      unknown.length > 1 ||
      whole % known !== 0 ||
      (unknown.length === 0 && whole !== known)
    )
      throw new Error(`an axis of ${whole} cannot be split as (${names.join(' ')}) with ${JSON.stringify(sizes)}`)
    for (const name of names) dims.set(name, sizes[name] ?? whole / known)
  }

  const order = left.flat()
  const target = right.flat()
  if (new Set(order).size !== order.length || [...order].sort().join() !== [...target].sort().join())
    throw new Error(`'${pattern}' does not name the same axes, each once, on both sides`)
  const merged = right.map(names => {
    const parts = names.map(name => dims.get(name) ?? 0)
    const wide = parts.filter(part => part !== 1)
    const [first] = wide
    if (wide.length === 1 && first !== undefined) return first
    return wide.reduce<number>((product, part) => {
      if (typeof part !== 'number') throw new Error(`'${pattern}' merges the axis ${part}, whose size varies`)
      return product * part
    }, 1)
  })
  return {
    pattern,
    split: order.map(name => dims.get(name) ?? 0),
    permutation: target.map(name => order.indexOf(name)),
    merged,
  }
}
