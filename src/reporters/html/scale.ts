/** From values to places on an axis, and the round values that are written beside it. */

export type Scale = (value: number) => number

/** Maps [from, to] to [start, end], linearly. */
export function linear(from: number, to: number, start: number, end: number): Scale {
  const span = to - from || 1
  return value => start + ((value - from) / span) * (end - start)
}

/** The same on a logarithmic axis; values positive. */
export function logarithmic(from: number, to: number, start: number, end: number): Scale {
  const inner = linear(Math.log2(from), Math.log2(to), start, end)
  return value => inner(Math.log2(value))
}

/** Round steps (1, 2 or 5 times a power of ten) from 0 to at least `largest`, about `count` of them. */
export function ticksFromZero(largest: number, count = 4): number[] {
  if (!(largest > 0)) return [0, 1]
  const rough = largest / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough * (1 - 1e-9)) ?? 10) * power
  const steps = Math.ceil(largest / step - 1e-9)
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/**
 * Round values (1, 2 or 5 times a power of ten) of a logarithmic axis, from at most `least` to at least `largest`, both positive; powers
 * of ten alone where more than `count` would stand beside it.
 */
export function roundTicks(least: number, largest: number, count = 7): number[] {
  if (!(least > 0) || !(largest >= least)) return [1, 10]
  // A power more on either side, since a logarithm may round up to its own power.
  const first = Math.floor(Math.log10(least)) - 1
  const last = Math.ceil(Math.log10(largest)) + 1
  const all = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at))
  const fine = all.flatMap(power => [power, 2 * power, 5 * power]).map(value => Number(value.toPrecision(12)))
  const within = (ticks: readonly number[]) => {
    const from = ticks.findLastIndex(tick => tick <= least)
    const to = ticks.findIndex(tick => tick >= largest)
    return ticks.slice(Math.max(0, from), Math.max(to, from + 1) + 1)
  }
  const shown = within(fine)
  return shown.length <= count ? shown : within(all.map(value => Number(value.toPrecision(12))))
}

/** Powers of ten from 1 to at least `largest`, thinned out so that at most `count` remain. */
export function decades(largest: number, count = 6): number[] {
  const top = Math.max(1, Math.ceil(Math.log10(Math.max(1, largest))))
  const stride = Math.ceil((top + 1) / count)
  const powers: number[] = []
  for (let power = 0; power < top + stride; power += stride) powers.push(10 ** power)
  return powers
}

/** At most `count` of `items`, evenly spread, the first and the last among them. */
export function thin<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  const picked = Array.from({ length: count }, (_, index) => Math.round((index * (items.length - 1)) / (count - 1)))
  return [...new Set(picked)].flatMap(index => items.slice(index, index + 1))
}
