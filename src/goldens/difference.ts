/** Why a golden is not of a model: which keys of the config, which weight files. */
import { z } from 'zod'
import type { Contents } from '../weights/fingerprint.ts'

/** The metadata's `config` and `checksums`: JSON texts, both or neither. Old goldens, and those of other tools, have none. */
export const StoredContents = z.object({
  config: z.record(z.string(), z.unknown()),
  checksums: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, 'a checksum is 64 hexadecimal digits')),
})

const CONFIG = 'config.json'
const NAMED = 4

/** What differs between the model that a golden was made of and the one here, as one sentence without its full stop. */
export function sayDifference(golden: Contents, here: Contents): string {
  const keys = differingKeys(golden.config, here.config)
  const files = differingFiles(golden.checksums, here.checksums)
  const config = keys.length > 0 ? `${CONFIG} differs in ${sayKeys(keys, golden.config, here.config)}` : null
  const weights = files.length > 0 ? sayFew(files) : null
  if (config !== null && weights !== null)
    return `the golden is of another config and of other weights: ${config}; ${weights}`
  if (config !== null) return `the golden is of another config: ${config} (the weight files are the same)`
  if (weights !== null) return `the golden is of other weights: ${weights} (${CONFIG} is the same)`
  if (golden.checksums[CONFIG] !== here.checksums[CONFIG])
    return `the golden is of a ${CONFIG} that is written otherwise, though its values are the same, as are the weight files`
  return 'the golden is of other weights: config and files are the same, and the fingerprint is not'
}

/** Paths of the keys whose values differ: `rope_scaling.factor`. */
function differingKeys(a: unknown, b: unknown, path = ''): string[] {
  if (!isObject(a) || !isObject(b)) return canonical(a) === canonical(b) ? [] : [path]
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return keys.flatMap(key => differingKeys(a[key], b[key], path === '' ? key : `${path}.${key}`))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON with sorted keys, so that the order in which a config was written plays no part. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    ) ?? 'absent'
  )
}

function sayKeys(keys: readonly string[], golden: unknown, here: unknown): string {
  return sayFew(
    keys.map(key => `${key} (${sayValue(valueAt(golden, key))} there, ${sayValue(valueAt(here, key))} here)`),
  )
}

function valueAt(config: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), config)
}

function sayValue(value: unknown): string {
  const text = canonical(value)
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}

function differingFiles(a: Contents['checksums'], b: Contents['checksums']): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(name => name !== CONFIG).sort()
  return names.flatMap(name => {
    if (a[name] === b[name]) return []
    if (a[name] === undefined) return [`the golden's model has no ${name}`]
    return [b[name] === undefined ? `${name} is missing here` : `${name} differs`]
  })
}

function sayFew(items: readonly string[]): string {
  const more = items.length - NAMED
  return more > 0 ? `${items.slice(0, NAMED).join(', ')} and ${more} more` : items.join(', ')
}
