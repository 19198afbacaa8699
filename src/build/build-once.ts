import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { AssayError } from '../errors.ts'

/**
 * A folder of the cache: written beside its place, and moved there once it is whole.
 * @param isWhole - whether a folder holds all of it; another process may have built the same meanwhile
 * @throws AssayError where the disk cannot take it
 */
export function buildOnce(
  folder: string,
  isWhole: (folder: string) => boolean,
  write: (building: string) => void,
): void {
  if (isWhole(folder)) return
  const building = `${folder}.${randomUUID()}`
  try {
    mkdirSync(building, { recursive: true })
    write(building)
    moveIntoPlace(building, folder, isWhole)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    if (error instanceof AssayError || !isSystemError(error)) throw error
    throw new AssayError('file-unwritable', `the cache could not be written: ${error.message}`, {
      where: folder,
      hint: 'ASSAY_HOME moves the cache to a disk with room',
    })
  }
}

/** Either copy will do. */
function moveIntoPlace(from: string, to: string, isWhole: (folder: string) => boolean): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!isWhole(to)) throw error
    rmSync(from, { recursive: true, force: true })
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error
}
