import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { writeAtomically } from './atomic.ts'

test('files have their names only once all are written', () => {
  const directory = temporaryDirectory()
  writeAtomically(open => {
    const a = open(join(directory, 'a'))
    a.write(Buffer.from('one '))
    expect(a.position).toBe(4)
    open(join(directory, 'b')).write(Buffer.from('other'))
    a.write(Buffer.from('two'))
    expect(readdirSync(directory).filter(name => !name.endsWith('.tmp'))).toEqual([])
  })
  expect(readdirSync(directory).sort()).toEqual(['a', 'b'])
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('one two')
})

test('when the last cannot get its name, those before it are taken back', () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'b', 'occupied'), { recursive: true })
  const write = () =>
    writeAtomically(open => {
      open(join(directory, 'a')).write(Buffer.from('one'))
      open(join(directory, 'b')).write(Buffer.from('other'))
    })
  expect(write).toThrow(expect.objectContaining({ code: 'file-unwritable', where: join(directory, 'b') }))
  expect(readdirSync(directory)).toEqual(['b'])
})
