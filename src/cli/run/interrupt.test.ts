import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** A process that is at work for ever, and that ends in order only where `whenAborted` says so. */
function atWork(whenAborted: string) {
  const script = `
    import { interruptibly } from ${JSON.stringify(join(import.meta.dirname, 'interrupt.ts'))}
    const busy = setInterval(() => {}, 1000)
    const say = line => process.stderr.write(line + '\\n')
    await interruptibly(say, signal => new Promise(done => {
      signal.addEventListener('abort', () => { ${whenAborted} })
      say('at work')
    }))
    clearInterval(busy)
    process.exit(7)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  const says = (text: string) =>
    new Promise<void>(heard => {
      const listen = () => said.includes(text) && heard()
      child.stderr.on('data', listen)
      listen()
    })
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const ended = new Promise<number | null>(done => child.on('exit', done))
  return { child, says, ended }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s lets the work end in order', async signal => {
  const { child, says, ended } = atWork('done()')
  await says('at work')
  child.kill(signal)
  await says('Interrupted')
  expect(await ended).toBe(7)
})

test('work that does not end is ended by interrupting again, but not by the same interruption passed on by npm', async () => {
  const { child, says, ended } = atWork('')
  await says('at work')
  child.kill('SIGINT')
  child.kill('SIGINT')
  await says('Interrupted')
  const firstMs = performance.now()
  const again = setInterval(() => child.kill('SIGINT'), 25)
  expect(await ended).toBe(130)
  clearInterval(again)
  expect(performance.now() - firstMs).toBeGreaterThan(300)
})
