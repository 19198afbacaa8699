import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { checksumsOf, fingerprintOf } from './fingerprint.ts'

const hasShell = spawnSync('sha256sum', ['--version']).status === 0

function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return directory
}

test.skipIf(!hasShell)('the fingerprint is what the shell prints', () => {
  const directory = directoryWith({
    'config.json': '{}',
    'model-2.safetensors': 'two',
    'model-10.safetensors': 'ten',
    'Big.safetensors': Array.from({ length: 1 << 20 }, (_, i) => String(i).padStart(9)).join(''), // more than one chunk
    'a b.safetensors': '',
    'back\\slash.safetensors': 'escaped',
    'ü.safetensors': 'not ASCII',
    '.hidden.safetensors': 'left out',
    'model.safetensors.index.json': 'left out',
    'tokenizer.json': 'left out',
  })
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'sub', 'deep.safetensors'), 'left out')
  const shell = 'export LC_ALL=C; sha256sum config.json *.safetensors | sha256sum'
  const { stdout } = spawnSync('sh', ['-c', shell], { cwd: directory, encoding: 'utf8' })
  expect(`${fingerprintOf(checksumsOf(directory))}  -\n`).toBe(stdout)
})

test('any changed byte and any changed name changes it', () => {
  const base = { 'config.json': '{}', 'model.safetensors': 'weights' }
  const original = fingerprintOf(checksumsOf(directoryWith(base)))
  expect(fingerprintOf(checksumsOf(directoryWith(base)))).toBe(original)
  for (const other of [
    { ...base, 'config.json': '{} ' },
    { ...base, 'model.safetensors': 'Weights' },
    { 'config.json': '{}', 'models.safetensors': 'weights' },
    { ...base, 'more.safetensors': '' },
  ])
    expect(fingerprintOf(checksumsOf(directoryWith(other)))).not.toBe(original)
})

test('a directory without config or weights is refused', () => {
  const code = (files: Readonly<Record<string, string>>) => () => fingerprintOf(checksumsOf(directoryWith(files)))
  expect(code({ 'model.safetensors': '' })).toThrow(expect.objectContaining({ code: 'model-invalid' }))
  expect(code({ 'config.json': '' })).toThrow(expect.objectContaining({ code: 'weights-invalid' }))
})
