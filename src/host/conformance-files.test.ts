import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import type { Turn } from '../engines/engine.ts'
import { type Received, receivedFiles } from '../engines/received.ts'
import { METHODS, type Params } from '../protocol/messages.ts'
import type { NamedTensors } from '../tensor.ts'
import { keepsFiles } from './conformance-files.ts'

const TURN: Turn = { isInterrupted: () => false, progress: () => undefined }

/** What the rules find of a worker that is the real one but for what `spoil` changes. */
function tried(spoil: (real: Received) => Partial<Received>, isStrict = true): Promise<string> {
  const real = receivedFiles(temporaryDirectory())
  const worker = { ...real, ...spoil(real) }
  return keepsFiles(
    (async (method: 'artifact' | 'write', params: never, tensors: NamedTensors = {}) =>
      method === 'artifact' ? worker.artifact(params, tensors, TURN) : worker.write(params, tensors)) as never,
    {
      async ask(_method, params, tensors = {}) {
        const frame = (header: object) => ({ header, tensors: {} }) as never
        try {
          // Only a worker that parses what it is told knows a name that leads out of its folder.
          const parsed = isStrict ? METHODS.write.params.parse(params) : (params as Params<'write'>)
          const { result } = await worker.write(parsed, tensors)
          return frame({ kind: 'response', result })
        } catch {
          return frame({ kind: 'error' })
        }
      },
    },
  )
}

test('the real one keeps every rule', async () => {
  await expect(tried(() => ({}))).resolves.toMatch(/^folder\/file\.bin in .*assay-conformance, in two pieces$/)
})

test.each<[string, (real: Received) => Partial<Received>, string, boolean?]>([
  ['takes any name', () => ({}), 'took a name that leads out of the folder', false],
  [
    'takes pieces anywhere',
    real => ({ write: (params, tensors) => real.write({ ...params, from: 0 }, tensors).catch(() => ({ result: {} })) }),
    'took a piece that leaves a gap',
  ],
  [
    'begins again after a cut',
    real => ({
      artifact: async (params, tensors, turn) => {
        const { result } = await real.artifact(params, tensors, turn)
        return { result: { ...result, missing: result.missing.map(file => ({ ...file, from: 0 })) } }
      },
    }),
    'after 400 of 1000 bytes it did not miss folder/file.bin from 400 on',
  ],
  [
    'never finds a file whole',
    real => ({
      artifact: async (params, tensors, turn) => {
        const { result } = await real.artifact(params, tensors, turn)
        return { result: { ...result, path: null } }
      },
    }),
    'did not give the folder of a file that is whole',
  ],
  [
    'looks at sizes alone',
    real => {
      let first: Params<'artifact'> | null = null
      return {
        artifact: (params, tensors, turn) => {
          first ??= params
          return real.artifact(first, tensors, turn)
        },
      }
    },
    'asked for a file of the same size and another checksum, it did not miss',
  ],
  [
    'misses nothing',
    () => ({ artifact: async () => ({ result: { path: '/somewhere', missing: [] } }) }),
    'before anything was written it did not miss',
  ],
])('one that %s is found out', async (_, spoil, message, isStrict = true) => {
  await expect(tried(spoil, isStrict)).rejects.toThrow(message)
})
