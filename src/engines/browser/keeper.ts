/**
 * Ends the browser of a worker, and removes its profile, once the worker is gone, however it went: `node keeper.ts FOLDER`. The worker
 * writes the browser's process id, or 0 where it is gone, to the keeper's standard input, which the system closes when it dies. A browser that
 * works ends by itself then; one that hangs does not, and neither removes its profile.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const POLL_MS = 20
const PATIENCE_MS = 5000

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: keeper FOLDER')

let browser = 0
for await (const line of createInterface({ input: process.stdin })) browser = Number(line)

if (browser > 0) {
  kill(browser)
  const untilMs = performance.now() + PATIENCE_MS
  while (isRunning(browser) && performance.now() < untilMs) await new Promise(resolve => setTimeout(resolve, POLL_MS))
}
// Its last children may still write.
rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })

/** With its group, which playwright gives it where there are groups. */
function kill(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
