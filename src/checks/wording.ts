/** The words in which every check gives its reasons. */

/** A number for people: three digits, and an exponent where it is very small or very large: `1.00`, `1e-4`, `2.31e-7`. */
export function say(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e6) return value.toPrecision(3)
  return value
    .toExponential(2)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e')
}

/** A measured value of a limit, which keeps its zeros: `1.00`. */
export function sayMeasured(value: number): string {
  return Number.isInteger(value) && value !== 0 && Math.abs(value) < 100 ? value.toFixed(2) : say(value)
}

/** `[0, 3, 17]`. */
export function sayList(values: readonly number[]): string {
  return `[${values.join(', ')}]`
}

/** A case id without its kind: `logits.capital-france` is `capital-france`. */
export function caseLabel(id: string): string {
  return id.slice(id.indexOf('.') + 1)
}

/** An index into row-major values as one index per dimension. */
export function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = []
  let rest = index
  for (const size of shape.toReversed()) {
    place.unshift(size > 0 ? rest % size : 0)
    rest = size > 0 ? Math.floor(rest / size) : 0
  }
  return place
}

/** The first few of a long list, and how many more there are. */
export function sayFew(items: readonly string[], most = 20): string {
  const more = items.length - most
  return more > 0 ? `${items.slice(0, most).join('; ')}; and ${more} more` : items.join('; ')
}
