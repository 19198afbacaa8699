/** What becomes of a call, and of the browser, when one of the two dies. Linux alone, since it looks at processes by /proc. */

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { tensorOf } from '../../src/tensor.ts'
import { isGone } from '../host/gone.ts'
import { fixture } from '../host/models.ts'
import { hasBrowser, why } from './browser-here.ts'
import { descendantsOf } from './descendants.ts'

const reason = process.platform === 'linux' ? why : ' (skipped: no /proc here)'
const patient = { timeout: 20_000, interval: 50 } as const

async function start(device: string): Promise<WorkerHandle> {
  const worker = await startWorker({ engine: 'browser', command: engineCommand('browser'), devices: [device] })
  onTestFinished(() => worker.stop())
  return worker
}

function pidOf(worker: WorkerHandle): number {
  if (worker.pid === null) throw new Error('the worker has no process')
  return worker.pid
}

/** The browser's processes of a kind; its first one is of none. */
function processesOf(worker: WorkerHandle, kind: 'renderer' | 'gpu-process' | 'browser'): number[] {
  return descendantsOf(pidOf(worker))
    .filter(({ command }) =>
      kind === 'browser'
        ? /--user-data-dir=\S+/.test(command) && !/--type=/.test(command)
        : command.includes(`--type=${kind}`),
    )
    .map(({ pid }) => pid)
}

/** A measured loop that goes on for hours; resolves once it has begun, with the call's own end. */
async function busy(worker: WorkerHandle, device: string): Promise<{ ended: Promise<unknown> }> {
  const settings = { form: 'onnx', precision: 'fp32', interface: null, options: {} } as const
  await worker.call('load', { handle: 'double', device, path: fixture('double'), ...settings })
  const params = {
    handle: 'double',
    workload: 'forward',
    newTokens: 0,
    warmup: 0,
    repetitions: 1e9,
    budgetMs: 1e9,
  } as const
  const x = tensorOf([1, 1, 4], Float32Array.of(1, 2, 3, 4))
  return new Promise((resolve, reject) => {
    const ended = worker.call('measure', params, { x }, { onProgress: () => resolve({ ended: settled }) })
    const settled = ended.then(
      () => 'an answer',
      (error: unknown) => error,
    )
    void settled.then(() => reject(new Error('it ended before it began')))
  })
}

describe.skipIf(!hasBrowser || process.platform !== 'linux')(
  `a browser that fails${reason}`,
  { timeout: 120_000 },
  () => {
    test('a tab that is killed in a call ends it as `device-lost`, and the worker answers on', async () => {
      const worker = await start('browser:wasm')
      const { ended } = await busy(worker, 'browser:wasm')
      for (const pid of processesOf(worker, 'renderer')) process.kill(pid, 'SIGKILL')
      expect(await ended).toMatchObject({ code: 'device-lost', message: expect.stringContaining('tab crashed') })
      await expect(worker.call('unload', { handle: 'double' })).rejects.toMatchObject({ code: 'device-lost' })
      expect(worker.isAlive).toBe(true)
    })

    test('a browser that is killed in a call ends it as `device-lost`, with the first cause', async () => {
      const worker = await start('browser:wasm')
      const { ended } = await busy(worker, 'browser:wasm')
      const [browser] = processesOf(worker, 'browser')
      if (browser === undefined) throw new Error('there is no browser')
      process.kill(browser, 'SIGKILL')
      expect(await ended).toMatchObject({ code: 'device-lost' })
      expect(worker.isAlive).toBe(true)
    })

    test('a GPU that is lost in a call ends it as `device-lost`', async context => {
      const worker = await start('browser:webgpu')
      if (worker.hello.devices.every(({ id }) => id !== 'browser:webgpu'))
        return context.skip('no WebGPU in this browser')
      const { ended } = await busy(worker, 'browser:webgpu')
      for (const pid of processesOf(worker, 'gpu-process')) process.kill(pid, 'SIGKILL')
      expect(await ended).toMatchObject({
        code: 'device-lost',
        message: expect.stringContaining("lost the GPU's device"),
      })
    })

    test.each(['SIGKILL', 'SIGTERM', 'a closed input'] as const)(
      'a worker that ends by %s in a call leaves no browser behind, and no folder',
      async how => {
        const worker = await start('browser:wasm')
        const { ended } = await busy(worker, 'browser:wasm')
        const children = descendantsOf(pidOf(worker))
        const folder = children.flatMap(({ command }) => /--user-data-dir=(\S+)/.exec(command)?.[1] ?? [])[0] ?? ''
        const own = folder.slice(0, folder.indexOf('/tmp/', dirname(folder).indexOf('assay-browser-')))
        expect(existsSync(own)).toBe(true)
        expect(children.length).toBeGreaterThan(3)
        if (how === 'a closed input') await worker.stop()
        else process.kill(pidOf(worker), how)
        await ended
        await expect.poll(() => children.filter(({ pid }) => !isGone(pid)), patient).toEqual([])
        await expect.poll(() => existsSync(own), patient).toBe(false)
      },
    )

    test('one that hangs is killed with its worker', async () => {
      const worker = await start('browser:wasm')
      const { ended } = await busy(worker, 'browser:wasm')
      const children = descendantsOf(pidOf(worker))
      for (const pid of processesOf(worker, 'browser')) process.kill(pid, 'SIGSTOP')
      process.kill(pidOf(worker), 'SIGKILL')
      await ended
      await expect.poll(() => children.filter(({ pid }) => !isGone(pid)), patient).toEqual([])
    })
  },
)

test('without a browser, hello says so, and how to get one', async () => {
  const env = { ASSAY_BROWSER: '/nowhere/chrome' }
  await expect(startWorker({ engine: 'browser', command: engineCommand('browser'), env })).rejects.toMatchObject({
    code: 'unsupported',
    message: 'there is no browser at /nowhere/chrome, which ASSAY_BROWSER names',
  })
})

test('a program that is no browser is said', async () => {
  const env = { ASSAY_BROWSER: '/bin/false' }
  await expect(startWorker({ engine: 'browser', command: engineCommand('browser'), env })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('the browser at /bin/false does not start'),
  })
})
