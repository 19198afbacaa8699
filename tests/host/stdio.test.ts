/** Workers over standard streams, which may be on another machine: their memory is what they say it is. */
import { afterEach, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { startWorker, stopAllWorkers } from '../../src/host/index.ts'

const EXAMPLE = ['python3', `${import.meta.dirname}/../../workers/example/worker.py`]

afterEach(stopAllWorkers)

test('a limit is held against the heartbeats', async () => {
  const limit = { memoryLimitBytes: 16 * 2 ** 20 }
  const askForEver = async () => {
    const worker = await startWorker({ engine: 'lab7', command: engineCommand('ort'), stdio: true, ...limit })
    for (;;) await worker.call('hello', { protocol: 1, host: 'assay' })
  }
  await expect(askForEver()).rejects.toMatchObject({
    kind: 'memory',
    message: expect.stringMatching(/^the lab7 worker held \d+ MiB of memory, over its limit of 16 MiB/),
  })
})

test('the process that is seen here, which may be ssh, has no limit', async () => {
  const worker = await startWorker({ engine: 'lab7', command: EXAMPLE, stdio: true, memoryLimitBytes: 1 })
  const at = () => worker.call('hello', { protocol: 1, host: 'assay' })
  for (const startedMs = performance.now(); performance.now() - startedMs < 500; ) await at()
  expect(worker.isAlive).toBe(true)
})

test('it hears which devices will be used, though its environment may not come through', async () => {
  const command = ['env', '-u', 'ASSAY_DEVICES', ...engineCommand('ort')]
  const worker = await startWorker({ engine: 'lab7', command, stdio: true, devices: ['ort:cpu'] })
  expect(worker.hello.devices.map(({ id }) => id)).toEqual(['ort:cpu'])
})
