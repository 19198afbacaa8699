/** What identifies a model's content: its config and its weights, byte for byte. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AssayError } from '../errors.ts'
import { type Checksum, checksum } from './checksums.ts'

/** GNU coreutils mark a line whose name they had to escape with a backslash. */
function checksumLine(hex: string, name: string): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return `${escaped === name ? '' : '\\'}${hex}  ${escaped}\n`
}

/** What a model is made of: enough to say where two models differ, and too little to make one of. */
export interface Contents {
  /** Of config.json. */
  readonly config: Readonly<Record<string, unknown>>
  /** Hex sha256 of config.json and of each weight file, by name; empty for seeded weights, which have no files. */
  readonly checksums: Readonly<Record<string, string>>
}

/**
 * The fingerprint of a Hugging Face directory from its checksums: hex sha256 of what `LC_ALL=C; sha256sum config.json *.safetensors`
 * prints there, so that anyone can check it with a shell: `... | sha256sum`.
 */
export function fingerprintOf(checksums: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  for (const [name, hex] of checksums) hash.update(checksumLine(hex, name))
  return hash.digest('hex')
}

/**
 * Hex sha256 of config.json and of the weight files of a directory, in the order of the fingerprint.
 * Takes the checksum of every file once. Throws AssayError where the config or the weights are missing.
 */
export function checksumsOf(directory: string, checksumOf: Checksum = checksum): ReadonlyMap<string, string> {
  if (!existsSync(join(directory, 'config.json')))
    throw new AssayError('model-invalid', 'no config.json', { where: directory })
  const weights = readdirSync(directory, { encoding: 'buffer' })
    .filter(name => name.toString('latin1').endsWith('.safetensors') && name[0] !== 0x2e) // as the shell's * does
    .sort(Buffer.compare)
    .map(name => name.toString())
  if (weights.length === 0) throw new AssayError('weights-invalid', 'no *.safetensors', { where: directory })
  return new Map(['config.json', ...weights].map(name => [name, checksumOf(join(directory, name))]))
}
