/** Files that a host sends, since it does not share this machine's disk: `received/KEY/NAME`, and `NAME.part` while they come. */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  constants as open,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { WorkerError } from '../protocol/failure.ts'
import type { Params } from '../protocol/messages.ts'
import type { Answer } from '../protocol/serve.ts'
import type { NamedTensors } from '../tensor.ts'
import { type Checksum, rememberedChecksums } from '../weights/checksums.ts'
import type { Turn } from './engine.ts'
import { checkRoom, unwritable } from './room.ts'

/** The calls `artifact` and `write`. */
export interface Received {
  artifact(params: Params<'artifact'>, tensors: NamedTensors, turn: Turn): Promise<Answer<'artifact'>>
  write(params: Params<'write'>, tensors: NamedTensors): Promise<Answer<'write'>>
}

type File = Params<'artifact'>['files'][number]

const TRANSIT = '.part'

/** @param home - where `received/` lies, and the checksums of large files that are known already */
export function receivedFiles(home: string): Received {
  const checksumOf = rememberedChecksums(join(home, 'checksums'))
  const folderOf = (key: string) => join(home, 'received', key)
  return {
    async artifact({ key, files }, _, turn) {
      refuseClashes(files)
      const folder = folderOf(key)
      const missing: Answer<'artifact'>['result']['missing'] = []
      let neededBytes = 0
      for (const [index, file] of files.entries()) {
        if (turn.isInterrupted()) throw new WorkerError('interrupted', 'given up before every file was looked at')
        turn.progress(index, files.length)
        const from = keptBytes(join(folder, file.name), file, checksumOf)
        if (from === 'whole') continue
        missing.push({ name: file.name, from })
        neededBytes += file.size - from
      }
      if (missing.length === 0) return { result: { path: folder, missing } }
      checkRoom(folder, neededBytes)
      return { result: { path: null, missing } }
    },

    async write({ key, name, from }, { bytes }) {
      if (bytes?.type !== 'u8' || bytes.shape.length !== 1)
        throw new WorkerError('invalid-request', 'write takes one tensor, bytes u8 [n]')
      append(join(folderOf(key), `${name}${TRANSIT}`), from, bytes.bytes)
      return { result: {} }
    },
  }
}

/** No file may be another's, nor be taken for one that is on its way. */
function refuseClashes(files: readonly File[]): void {
  const names = new Set<string>()
  for (const name of files.flatMap(file => [file.name, `${file.name}${TRANSIT}`])) {
    if (names.has(name)) throw new WorkerError('invalid-request', `two files would both be ${JSON.stringify(name)}`)
    names.add(name)
  }
}

/**
 * How much of a file is here. What is too long, or as long as it should be and not the file, is deleted. Another host may send the same
 * meanwhile: what it took away while this looked is looked for again.
 */
function keptBytes(path: string, file: File, checksumOf: Checksum): number | 'whole' {
  try {
    return lookAt(path, file, checksumOf)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return keptBytes(path, file, checksumOf)
    throw error
  }
}

function lookAt(path: string, { size, sha256 }: File, checksumOf: Checksum): number | 'whole' {
  const transit = `${path}${TRANSIT}`
  const isRight = (candidate: string) => sizeOf(candidate) === size && checksumOf(candidate) === sha256
  if (existsSync(path)) {
    if (isRight(path)) {
      // Another host that sends the same may have begun anew after this one was in its place.
      rmSync(transit, { recursive: true, force: true })
      return 'whole'
    }
    rmSync(path, { recursive: true })
  }
  const kept = sizeOf(transit)
  if (kept !== null && kept < size) return kept
  if (isRight(transit)) {
    renameSync(transit, path)
    return 'whole'
  }
  rmSync(transit, { recursive: true, force: true })
  return 0
}

/** Null where there is no such file. */
function sizeOf(path: string): number | null {
  const status = statSync(path, { throwIfNoEntry: false })
  return status?.isFile() ? status.size : null
}

/**
 * Writes at a position, which is the file's end. Where two hosts send the same file at once, either of them writes the same bytes to the
 * same place. A file that does not fit is deleted, so that a full disk does not stay full.
 */
function append(path: string, from: number, bytes: Uint8Array): void {
  let descriptor: number | null = null
  try {
    mkdirSync(dirname(path), { recursive: true })
    descriptor = openSync(path, open.O_RDWR | open.O_CREAT, 0o644)
    const { size } = fstatSync(descriptor)
    if (size !== from)
      throw new WorkerError('invalid-request', `${size} bytes of ${path} are there, and those from ${from} on came`)
    for (let done = 0; done < bytes.length; )
      done += writeSync(descriptor, bytes, done, bytes.length - done, from + done)
  } catch (error) {
    if (error instanceof WorkerError) throw error
    rmSync(path, { force: true })
    throw unwritable(path, from + bytes.length, error)
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}
