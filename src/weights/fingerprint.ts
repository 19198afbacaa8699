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

/**
 * The fingerprint of a Hugging Face directory: hex sha256 of what `LC_ALL=C; sha256sum config.json *.safetensors`
 * prints there, so that anyone can check it with a shell: `... | sha256sum`.
 * Takes the checksum of every file once. Throws AssayError where the config or the weights are missing.
 */
export function fingerprintDirectory(directory: string, checksumOf: Checksum = checksum): string {
  if (!existsSync(join(directory, 'config.json')))
    throw new AssayError('model-invalid', 'no config.json', { where: directory })
  const weights = readdirSync(directory, { encoding: 'buffer' })
    .filter(name => name.toString('latin1').endsWith('.safetensors') && name[0] !== 0x2e) // as the shell's * does
    .sort(Buffer.compare)
    .map(name => name.toString())
  if (weights.length === 0) throw new AssayError('weights-invalid', 'no *.safetensors', { where: directory })
  const hash = createHash('sha256')
  for (const name of ['config.json', ...weights]) hash.update(checksumLine(checksumOf(join(directory, name)), name))
  return hash.digest('hex')
}
