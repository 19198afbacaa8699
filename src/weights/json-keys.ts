/**
 * The first key that an object in a JSON text has twice, or null. `JSON.parse` keeps the last one in silence, and
 * other readers the first, so that two tools would see different files. The text must be valid JSON.
 */
export function duplicateKey(json: string): string | null {
  const open: (Set<string> | null)[] = [] // one entry per open bracket: an object's keys, or null for an array
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(null)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = closingQuote(json, i)
      const keys = open.at(-1)
      if (keys && isFollowedByColon(json, end)) {
        const key: unknown = JSON.parse(json.slice(i, end + 1))
        if (typeof key === 'string') {
          if (keys.has(key)) return key
          keys.add(key)
        }
      }
      i = end
    }
  }
  return null
}

function closingQuote(json: string, opening: number): number {
  let i = opening + 1
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1
  return i
}

function isFollowedByColon(json: string, end: number): boolean {
  let i = end + 1
  while (json[i] === ' ' || json[i] === '\n' || json[i] === '\r' || json[i] === '\t') i++
  return json[i] === ':'
}
