/**
 * Edits that turn one word into the other: insertions, deletions, substitutions and swaps of neighbours.
 * Optimal string alignment, https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance.
 */
function distance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const choices = [
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
        ...(swapped ? [(beforePrevious[column - 2] ?? 0) + 1] : []),
      ]
      current.push(Math.min(...choices))
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length] ?? 0
}

/** A word longer than this is not a misspelt name, and comparing it would cost. */
const LONGEST = 64

/** What was probably meant by a word that is not among those known, or null where nothing is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word === '' || word.length > LONGEST) return null
  const written = word.toLowerCase()
  const near = [...known]
    .filter(name => name.length <= LONGEST)
    .map(name => ({ name, edits: distance(written, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(1, Math.floor(Math.max(name.length, word.length) / 3)))
    .filter(({ name, edits }) => edits < name.length)
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.name ?? null
}

/** `did you mean fp16?`, else `allowed: fp32, fp16`: the hint for a word of a closed set. */
export function didYouMean(word: string, known: readonly string[], allowed = 'allowed'): string {
  const meant = nearest(word, known)
  const list = known.length > 0 ? `${allowed}: ${known.join(', ')}` : ''
  if (meant === null) return list
  return list === '' ? `did you mean ${meant}?` : `did you mean ${meant}? ${list}`
}
