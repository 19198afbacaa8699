import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { checksum, rememberedChecksums } from './checksums.ts'

/** FIPS 180-2, B.1: the sha256 of `abc`; and that of `abd`, from sha256sum. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const ABD = 'a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9'
/** What nothing hashes to: a checksum that was recalled and not computed. */
const PLANTED = '0'.repeat(64)

function setUp() {
  const directory = temporaryDirectory()
  const [path, folder] = [join(directory, 'weights'), join(directory, 'home', 'checksums')]
  writeFileSync(path, 'abc')
  const record = () => join(folder, readdirSync(folder)[0] ?? '')
  return {
    path,
    folder,
    directory,
    checksumOf: rememberedChecksums(folder, 3),
    record,
    /** Changes what is remembered. */
    plant(change: Readonly<Record<string, string>>) {
      writeFileSync(record(), JSON.stringify({ ...JSON.parse(readFileSync(record(), 'utf8')), ...change }))
    },
  }
}

/** A minute later: what was just written has settled. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 }))
afterEach(() => void vi.useRealTimers())

test('a checksum is the sha256 of the file', () => {
  expect(checksum(setUp().path)).toBe(ABC)
})

describe('a remembered checksum', () => {
  test('is that of the file, and the file is not read again', () => {
    const { path, checksumOf, plant } = setUp()
    expect(checksumOf(path)).toBe(ABC)
    plant({ sha256: PLANTED })
    expect(checksumOf(path)).toBe(PLANTED)
  })

  test.each(['path', 'device', 'inode', 'sizeBytes', 'modifiedNs', 'changedNs'])(
    'is not believed where the %s differs',
    key => {
      const { path, checksumOf, plant } = setUp()
      checksumOf(path)
      plant({ sha256: PLANTED, [key]: '1' })
      expect(checksumOf(path)).toBe(ABC)
      plant({ sha256: PLANTED })
      expect(checksumOf(path)).toBe(PLANTED) // and it was remembered anew
    },
  )

  test('is not believed once the file was written again, though its size and time of modification were put back', () => {
    const { path, checksumOf } = setUp()
    utimesSync(path, 1000, 1000)
    checksumOf(path)
    writeFileSync(path, 'abd')
    utimesSync(path, 1000, 1000)
    expect(checksumOf(path)).toBe(ABD)
  })

  test('is not believed for another file in its place', () => {
    const { path, directory, checksumOf } = setUp()
    checksumOf(path)
    copyFileSync(path, join(directory, 'other'))
    writeFileSync(join(directory, 'other'), 'abd')
    renameSync(join(directory, 'other'), path)
    expect(checksumOf(path)).toBe(ABD)
  })

  test.each(['', '{', '{}', 'null', `{"sha256":"${PLANTED}"}`])('is not believed from a record of %j', text => {
    const { path, checksumOf, record } = setUp()
    checksumOf(path)
    writeFileSync(record(), text)
    expect(checksumOf(path)).toBe(ABC)
  })

  test('is not believed where it is no checksum', () => {
    const { path, checksumOf, plant } = setUp()
    checksumOf(path)
    plant({ sha256: 'abc' })
    expect(checksumOf(path)).toBe(ABC)
  })
})

describe('nothing is remembered', () => {
  test('of a file that was written just now', () => {
    vi.useRealTimers()
    const { path, folder, checksumOf } = setUp()
    expect(checksumOf(path)).toBe(ABC)
    expect(existsSync(folder)).toBe(false)
  })

  test('of a small file', () => {
    const { path, folder } = setUp()
    expect(rememberedChecksums(folder, 4)(path)).toBe(ABC)
    expect(existsSync(folder)).toBe(false)
  })

  test('where the folder cannot be written, and the checksum is right all the same', () => {
    const { path, directory } = setUp()
    writeFileSync(join(directory, 'file'), '')
    expect(rememberedChecksums(join(directory, 'file', 'checksums'), 3)(path)).toBe(ABC)
    expect(readdirSync(directory).sort()).toEqual(['file', 'weights'])
  })
})
