/** The rules of `artifact` and `write`, tried out with a file of a few bytes; its folder, `assay-conformance`, stays, and is empty. */
import { createHash, randomBytes } from 'node:crypto'
import type { Params, Result } from '../protocol/messages.ts'
import { type NamedTensors, tensorOf } from '../tensor.ts'
import type { ConformancePeer } from './conformance-peer.ts'

type AskWell = <M extends 'artifact' | 'write'>(
  method: M,
  params: Params<M>,
  tensors?: NamedTensors,
) => Promise<{ readonly result: Result<M> }>

/** Who may also be asked what is wrong. */
type Asked = Pick<ConformancePeer, 'ask'>

const KEY = 'assay-conformance'
const NAME = 'folder/file.bin'
const SIZE = 1000
const HALF = 400

/** What a worker did that keeps them all. @throws Error that says which rule it broke */
export async function keepsFiles(askWell: AskWell, peer: Asked): Promise<string> {
  // Other bytes each time: what an earlier check left is a file of the right size and another checksum.
  const content = randomBytes(SIZE)
  const ask = async (bytes: Uint8Array) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const { result } = await askWell('artifact', { key: KEY, files: [{ name: NAME, size: bytes.length, sha256 }] })
    return result
  }
  const write = (from: number, bytes: Uint8Array) =>
    askWell('write', { key: KEY, name: NAME, from }, { bytes: tensorOf([bytes.length], bytes) })
  const wants = ({ path, missing }: Result<'artifact'>, from: number, when: string) => {
    const [file] = missing
    if (path !== null || missing.length !== 1 || file?.name !== NAME || file.from !== from)
      throw new Error(
        `${when} it did not miss ${NAME} from ${from} on, but answered ${JSON.stringify({ path, missing })}`,
      )
  }

  await refuses(peer, 'write', { key: KEY, name: '../outside', from: 0 }, 'a name that leads out of the folder')
  await refuses(peer, 'write', { key: '../outside', name: NAME, from: 0 }, 'a key that is a path')
  wants(await ask(content), 0, 'before anything was written')
  await write(0, content.subarray(0, HALF))
  wants(await ask(content), HALF, `after ${HALF} of ${SIZE} bytes`)
  await refuses(peer, 'write', { key: KEY, name: NAME, from: HALF + 1 }, 'a piece that leaves a gap')
  await write(HALF, content.subarray(HALF))
  const { path, missing } = await ask(content)
  if (path === null || missing.length > 0) throw new Error('did not give the folder of a file that is whole')
  wants(await ask(randomBytes(SIZE)), 0, 'asked for a file of the same size and another checksum,')
  return `${NAME} in ${path}, in two pieces`
}

async function refuses(peer: Asked, method: 'write', params: Params<'write'>, what: string): Promise<void> {
  const { header } = await peer.ask(method, params, { bytes: tensorOf([1], Uint8Array.of(1)) })
  if (header.kind !== 'error') throw new Error(`took ${what}`)
}
