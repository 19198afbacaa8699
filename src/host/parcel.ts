/** Files on their way to a worker that does not share this machine's disk: only what is not there goes over, from where a cut left it. */
import { open } from 'node:fs/promises'
import { AssayError } from '../errors.ts'
import { WorkerError } from '../protocol/failure.ts'
import type { Result } from '../protocol/messages.ts'
import { tensorOf } from '../tensor.ts'
import { sayBytes } from './failure.ts'
import type { WorkerHandle } from './worker.ts'

/** One file with its place in the parcel: a relative path with `/`. */
export interface ParcelFile {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

export interface Parcel {
  /** What it is kept under: a hash of names and content. */
  readonly key: string
  readonly files: readonly ParcelFile[]
}

export interface SendOptions {
  readonly signal: AbortSignal
  /** How much of what had to go over has; not called where nothing has to. */
  onProgress(doneBytes: number, totalBytes: number): void
}

/** Who gets it. */
type Receiver = Pick<WorkerHandle, 'engine' | 'call'>

/** Large enough that a line with a long way (100 ms) still carries 40 MB/s, since each piece is answered before the next is sent. */
const PIECE_BYTES = 4 << 20
/** How often the worker may be asked again without having more than before. */
const FRUITLESS = 3

/**
 * Sends what the worker does not have, and gives the folder on its machine.
 * @throws what `call` throws; AssayError where a file changes meanwhile, or the worker's answer is about no file of these
 */
export async function sendParcel(worker: Receiver, parcel: Parcel, options: SendOptions): Promise<string> {
  const { signal } = options
  const files = parcel.files.map(({ name, sizeBytes: size, sha256 }) => ({ name, size, sha256 }))
  let leastBytes = Number.POSITIVE_INFINITY
  let fruitless = 0
  for (;;) {
    const { result } = await worker.call('artifact', { key: parcel.key, files }, {}, { signal })
    if (result.path !== null) return result.path
    const missing = missingOf(worker, parcel, result)
    const leftBytes = missing.reduce((sum, { file, from }) => sum + file.sizeBytes - from, 0)
    fruitless = leftBytes < leastBytes ? 0 : fruitless + 1
    leastBytes = Math.min(leastBytes, leftBytes)
    if (fruitless === FRUITLESS) throw neverWhole(worker, missing, leftBytes)
    await sendMissing(worker, parcel.key, missing, leftBytes, options)
  }
}

interface Missing {
  readonly file: ParcelFile
  readonly from: number
}

function missingOf({ engine }: Receiver, { files }: Parcel, { missing }: Result<'artifact'>): Missing[] {
  const wrong = (what: string) => new AssayError('protocol-invalid', `the ${engine} worker ${what}`)
  if (missing.length === 0) throw wrong('has not got the files, and misses none of them')
  return missing.map(({ name, from }) => {
    const file = files.find(candidate => candidate.name === name)
    if (file === undefined) throw wrong(`misses ${JSON.stringify(name)}, which it was not told of`)
    if (from > file.sizeBytes) throw wrong(`has ${from} bytes of ${name}, which has ${file.sizeBytes}`)
    return { file, from }
  })
}

async function sendMissing(
  worker: Receiver,
  key: string,
  missing: readonly Missing[],
  totalBytes: number,
  { signal, onProgress }: SendOptions,
): Promise<void> {
  let doneBytes = 0
  onProgress(doneBytes, totalBytes)
  for (const { file, from } of missing) {
    try {
      for await (const { bytes, position } of pieces(file, from)) {
        await worker.call('write', { key, name: file.name, from: position }, { bytes }, { signal })
        doneBytes += bytes.bytes.byteLength
        onProgress(doneBytes, totalBytes)
      }
    } catch (error) {
      // Somebody else sends the same file: what is missing now is another question.
      if (error instanceof WorkerError && error.code === 'invalid-request') return
      throw error
    }
  }
}

/** A file's bytes from a position on; one empty piece for an empty file. Each is only good until the next is asked for. */
async function* pieces({ path, sizeBytes }: ParcelFile, from: number) {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes - from))
  const file = await open(path)
  try {
    for (let position = from; position === from || position < sizeBytes; ) {
      const length = Math.min(buffer.length, sizeBytes - position)
      const { bytesRead } = await file.read(buffer, 0, length, position)
      if (bytesRead === 0 && length > 0)
        throw new AssayError('model-invalid', 'the file became shorter while it was sent', { where: path })
      yield { bytes: tensorOf([bytesRead], buffer.subarray(0, bytesRead)), position }
      position += Math.max(1, bytesRead)
    }
  } finally {
    await file.close()
  }
}

function neverWhole({ engine }: Receiver, missing: readonly Missing[], leftBytes: number): AssayError {
  return new AssayError(
    'engine-failed',
    `${missing.map(({ file }) => file.name).join(', ')} did not become whole over there: ${sayBytes(leftBytes)} are missing of what was sent to ${engine} ${FRUITLESS} times`,
    { hint: 'does something change the files, here or there?' },
  )
}
