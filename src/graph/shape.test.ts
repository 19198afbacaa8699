import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Rearrangement, rearrangement, type Shape } from './shape.ts'

/** Row-major index of a coordinate. */
function indexOf(coordinate: readonly number[], shape: readonly number[]): number {
  return coordinate.reduce((index, at, axis) => index * (shape[axis] ?? 0) + at, 0)
}

function coordinates(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap(prefix => Array.from({ length: size }, (_, at) => [...prefix, at])),
    [[]],
  )
}

/** What einops means, axis by axis: an element goes where the coordinates of its named axes say. */
function einops(
  values: readonly number[],
  from: readonly (readonly string[])[],
  to: readonly (readonly string[])[],
  sizes: Readonly<Record<string, number>>,
): { shape: number[]; values: number[] } {
  const sizeOf = (name: string) => sizes[name] ?? 0
  const names = from.flat()
  const merged = (groups: readonly (readonly string[])[]) =>
    groups.map(group => group.reduce((product, name) => product * sizeOf(name), 1))
  const result: number[] = []
  for (const coordinate of coordinates(names.map(sizeOf))) {
    const at = new Map(names.map((name, index) => [name, coordinate[index] ?? 0]))
    const within = (groups: readonly (readonly string[])[]) =>
      groups.map(group => group.reduce((index, name) => index * sizeOf(name) + (at.get(name) ?? 0), 0))
    result[indexOf(within(to), merged(to))] = values[indexOf(within(from), merged(from))] ?? Number.NaN
  }
  return { shape: merged(to), values: result }
}

/** The steps as a device would take them: reshape, transpose, reshape. */
function take(values: readonly number[], { split, permutation, merged }: Rearrangement) {
  const sizes = split.map(Number)
  const turned = permutation.map(axis => sizes[axis] ?? 0)
  const moved = coordinates(turned).map(coordinate => {
    const source = sizes.map((_, axis) => coordinate[permutation.indexOf(axis)] ?? 0)
    return values[indexOf(source, sizes)] ?? Number.NaN
  })
  return { shape: merged.map(Number), values: moved }
}

const written = (groups: readonly (readonly string[])[]) =>
  groups.map(group => (group.length === 1 ? group[0] : `(${group.join(' ')})`)).join(' ')

/** Cuts a list of names into groups of at least one. */
function groupsOf(names: readonly string[], cuts: readonly boolean[]): string[][] {
  return names.reduce<string[][]>((groups, name, at) => {
    const last = groups.at(-1)
    if (last && cuts[at] === false) last.push(name)
    else groups.push([name])
    return groups
  }, [])
}

describe('a rearrangement', () => {
  test('moves every element where einops would, for any grouping and order of axes', () => {
    const names = fc.integer({ min: 1, max: 5 }).map(count => ['a', 'b', 'c', 'd', 'e'].slice(0, count))
    const cuts = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })
    const pattern = names.chain(list =>
      fc.record({
        list: fc.constant(list),
        order: fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
        left: cuts,
        right: cuts,
        sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
        known: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(pattern, ({ list, order, left, right, sizes, known }) => {
        const sizeOf = Object.fromEntries(list.map((name, at) => [name, sizes[at] ?? 1]))
        const from = groupsOf(list, left)
        const to = groupsOf(order, right)
        const shape = from.map(group => group.reduce((product, name) => product * (sizeOf[name] ?? 1), 1))
        // One size of each group may be left out; the first then follows from the others.
        const given = Object.fromEntries(
          from.flatMap(group =>
            group.slice(known || group.length === 1 ? 0 : 1).map(name => [name, sizeOf[name] ?? 1]),
          ),
        )
        const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index)
        const steps = rearrangement(`${written(from)} -> ${written(to)}`, shape, given)
        expect(take(values, steps)).toEqual(einops(values, from, to, sizeOf))
      }),
    )
  })

  test('keeps the names of sizes that vary', () => {
    const shape: Shape = ['batch', 'tokens', 12]
    expect(rearrangement('b t (h d) -> b h t d', shape, { d: 4 })).toEqual({
      pattern: 'b t (h d) -> b h t d',
      split: ['batch', 'tokens', 3, 4],
      permutation: [0, 2, 1, 3],
      merged: ['batch', 3, 'tokens', 4],
    })
    expect(rearrangement('b h t d -> b t (h d)', ['batch', 3, 'tokens', 4], {}).merged).toEqual(['batch', 'tokens', 12])
  })

  test.each<[string, Shape, Record<string, number>, string]>([
    ['b t (h d) -> b h t d', [2, 3, 10], { d: 4 }, 'an axis of 10 cannot be split as (h d) with {"d":4}'],
    ['b t (h d) -> b h t d', [2, 3, 12], {}, 'an axis of 12 cannot be split as (h d) with {}'],
    ['b t (h d) -> b h t d', [2, 3, 12], { h: 2, d: 4 }, 'an axis of 12 cannot be split'],
    ['b (h d) -> b h d', [2, 'tokens'], { d: 4 }, 'an axis of tokens cannot be split'],
    ['b t d -> b d t', [2, 3], {}, "'b t d -> b d t' takes 3 axes, not [2, 3]"],
    ['b t -> b t t', [2, 3], {}, 'does not name the same axes, each once, on both sides'],
    ['b t -> b', [2, 3], {}, 'does not name the same axes, each once, on both sides'],
    ['b b -> b b', [2, 2], {}, 'does not name the same axes, each once, on both sides'],
    ['b t d -> b (t d)', [2, 'tokens', 4], {}, 'merges the axis tokens, whose size varies'],
    ['b t', [2, 3], {}, "is not of the form 'b t (h d) -> b h t d'"],
    ['b -> t -> b', [2], {}, "is not of the form 'b t (h d) -> b h t d'"],
  ])('%s of [%s] with %j is refused in a sentence', (pattern, shape, sizes, message) => {
    expect(() => rearrangement(pattern, shape, sizes)).toThrow(message)
  })
})
