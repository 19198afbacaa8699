/** Room on the disk of a worker's machine. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { WorkerError } from '../protocol/failure.ts'

const REMEDY = 'ASSAY_HOME on that machine moves it, and what lies in its received/ may be deleted'

/** @throws WorkerError `failed`, with the figures, where so many bytes do not fit the disk of a folder, which need not be there yet */
export function checkRoom(folder: string, neededBytes: number): void {
  const freeBytes = freeAt(folder)
  if (neededBytes > freeBytes)
    throw new WorkerError(
      'failed',
      `the disk of ${folder} has ${sayMib(freeBytes)} free, and ${sayMib(neededBytes)} have to go there; ${REMEDY}`,
    )
}

/** What kept a file of `sizeBytes` so far from being written. Anything but an error of the system is thrown again. */
export function unwritable(path: string, sizeBytes: number, error: unknown): WorkerError {
  if (!(error instanceof Error && 'code' in error)) throw error
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT')
    return new WorkerError('failed', `cannot write ${path}: ${error.message}`)
  return new WorkerError(
    'failed',
    `the disk is full: ${sayMib(sizeBytes)} of ${path} do not fit, with ${sayMib(freeAt(path))} free without them; ${REMEDY}`,
  )
}

function freeAt(path: string): number {
  let place = path
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = statfsSync(place)
  return bavail * bsize
}

function sayMib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
