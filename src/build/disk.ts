/** Room on the disk, asked for before anything large is written. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AssayError } from '../errors.ts'
import { showBytes } from './bytes.ts'

/** Free bytes of the disk on which a path lies or will lie. */
export function freeBytes(path: string): number {
  let place = resolve(path)
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = statfsSync(place)
  return bavail * bsize
}

/** Throws AssayError('file-unwritable') where a file of so many bytes cannot be written. */
export function checkRoom(path: string, bytes: number): void {
  const free = freeBytes(path)
  if (bytes <= free) return
  throw new AssayError(
    'file-unwritable',
    `${showBytes(bytes)} do not fit the ${showBytes(free)} that the disk has free`,
    {
      where: path,
      hint: 'give a place on a disk with room; ASSAY_HOME moves the cache',
    },
  )
}
