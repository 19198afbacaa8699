import { describe, expect, test } from 'vitest'
import { engineSpecs, namedEngines } from './named-engines.ts'

const read = async (...texts: readonly string[]) => engineSpecs(await namedEngines.read(texts))

test('a command is split at spaces, and speaks over its standard streams', async () => {
  expect(await read('lab7=ssh  lab7 env A=b,c assay worker ort ', 'npu-2=./npu')).toEqual({
    lab7: { command: ['ssh', 'lab7', 'env', 'A=b,c', 'assay', 'worker', 'ort'], stdio: true },
    'npu-2': { command: ['./npu'], stdio: true },
  })
  expect(engineSpecs(await namedEngines.read(undefined))).toEqual({})
})

describe('what names no engine is refused', () => {
  test.each(['lab7', 'lab7=', 'lab7=  ', '=ssh lab7', 'Lab7=ssh', 'lab 7=ssh', '7=ssh', `${'a'.repeat(65)}=ssh`])(
    '%s',
    async text => {
      await expect(read(text)).rejects.toMatchObject({
        code: 'argument-invalid',
        where: '--engine',
        message: `'${text}' names no engine`,
      })
    },
  )

  test('two of one name', async () => {
    await expect(read('a=b', 'a=c')).rejects.toMatchObject({ message: 'two engines are named a' })
  })
})
