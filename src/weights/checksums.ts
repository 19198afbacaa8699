/**
 * sha256 of files, remembered for large ones: a checkpoint of 16 GB takes half a minute to hash, for every unit of every run.
 * docs/decisions/0005-fingerprint.md says when a remembered one is believed.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { writeAtomically } from './atomic.ts'
import { fileChunks } from './range.ts'

/** Gives the hex sha256 of a file. */
export type Checksum = (path: string) => string

/** Reads the whole file, in bounded memory. */
export function checksum(path: string): string {
  const hash = createHash('sha256')
  for (const chunk of fileChunks({ path, offset: 0, length: statSync(path).size }, 'weights-invalid'))
    hash.update(chunk)
  return hash.digest('hex')
}

/** What the file system says of a file; bigints as text. Where any of it differs, it is another file. */
const Identity = z.strictObject({
  path: z.string(),
  device: z.string(),
  inode: z.string(),
  sizeBytes: z.string(),
  modifiedNs: z.string(),
  /** When the file system itself last noted a change: a copy that keeps the old time of modification has a new one. */
  changedNs: z.string(),
})
type Identity = z.infer<typeof Identity>
const Remembered = Identity.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })

function identityOf(path: string): Identity {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return {
    path: realpathSync(path),
    device: String(dev),
    inode: String(ino),
    sizeBytes: String(size),
    modifiedNs: String(mtimeNs),
    changedNs: String(ctimeNs),
  }
}

function isSame(a: Identity, b: Identity): boolean {
  const keys = Identity.keyof().options
  return keys.every(key => a[key] === b[key])
}

/** Smaller files are hashed in the time that it takes to look around. */
const LEAST_BYTES = 64 << 20
/** A file may change again within the step of its clock; coarse file systems count in two seconds. */
const SETTLED_MS = 2000

/** Checksums of large files that are kept in a folder from one start to the next. */
export function rememberedChecksums(folder: string, leastBytes = LEAST_BYTES): Checksum {
  return path => {
    const before = identityOf(path)
    if (Number(before.sizeBytes) < leastBytes) return checksum(path)
    const record = join(folder, `${createHash('sha256').update(before.path).digest('hex').slice(0, 32)}.json`)
    const known = recall(record)
    if (known !== null && isSame(known, before)) return known.sha256
    const sha256 = checksum(path)
    if (isSettled(before) && isSame(before, identityOf(path))) remember(record, { ...before, sha256 })
    return sha256
  }
}

function isSettled({ modifiedNs, changedNs }: Identity): boolean {
  return Date.now() - Math.max(Number(modifiedNs), Number(changedNs)) / 1e6 >= SETTLED_MS
}

function recall(record: string): z.infer<typeof Remembered> | null {
  try {
    return Remembered.safeParse(JSON.parse(readFileSync(record, 'utf8'))).data ?? null
  } catch {
    return null // none yet, or cut short by a full disk: the file is hashed
  }
}

function remember(record: string, known: z.infer<typeof Remembered>): void {
  try {
    mkdirSync(dirname(record), { recursive: true })
    writeAtomically(open => open(record).write(Buffer.from(JSON.stringify(known))))
  } catch {
    // A home that cannot be written: the checksum is right all the same, and the next start computes it again.
  }
}
