import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { isGone } from './gone.ts'

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'a host that ends by %s leaves no worker behind, busy as it may be',
  async signal => {
    const host = spawn(process.execPath, [`${import.meta.dirname}/fixtures/host.ts`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: host.stdout }), 'line')
    const worker = Number(line)
    expect(isGone(worker)).toBe(false)
    host.kill(signal)
    await once(host, 'exit')
    await expect.poll(() => isGone(worker), { timeout: 5_000, interval: 10 }).toBe(true)
  },
)
