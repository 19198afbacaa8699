/** A process of its own for src/store/store.test.ts: appends to a run until it has written `count` events, or is killed. */

import { openStore } from '../../src/store/store.ts'
import { log } from './fixture.ts'

const [path = '', run = '', count = '0'] = process.argv.slice(2)
const store = openStore(path)
const [started] = log()
if (started?.type !== 'run-started') throw new Error('the fixture begins with run-started')
const { sequence: _, timeMs: __, ...body } = started
try {
  store.append(run, { ...body, run })
} catch (error) {
  // The other process was first.
  if (!(error instanceof Error && error.message.includes('started before'))) throw error
}
for (let written = 0; written < Number(count); written++) {
  const event = store.append(run, { type: 'reporter-failed', reporter: `${process.pid}`, message: 'x'.repeat(2000) })
  process.stdout.write(`${event.sequence}\n`)
}
store.close()
