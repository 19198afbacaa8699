/** How long a person waits: `assay --help`, and the default plan from an empty cache. Whole processes; prints a table. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const LAUNCHER = resolve(import.meta.dirname, '..', 'bin', 'assay.js')

function seconds(args: readonly string[], home: string): number {
  const start = performance.now()
  const { status } = spawnSync(process.execPath, [LAUNCHER, ...args], {
    stdio: 'ignore',
    env: { ...process.env, ASSAY_HOME: home },
  })
  if (status !== 0) throw new Error(`assay ${args.join(' ')} exited with ${status}`)
  return (performance.now() - start) / 1000
}

const home = mkdtempSync(join(tmpdir(), 'assay-start-up-'))
try {
  const help = Array.from({ length: 11 }, () => seconds(['--help'], home)).sort((a, b) => a - b)
  console.log(
    `assay --help               ${((help[5] ?? 0) * 1000).toFixed(0)} ms, median of 11 (${((help[0] ?? 0) * 1000).toFixed(0)} to ${((help[10] ?? 0) * 1000).toFixed(0)})`,
  )
  console.log(`assay run (default plan)   ${seconds(['run', '--no-report'], home).toFixed(1)} s from an empty cache`)
} finally {
  rmSync(home, { recursive: true, force: true })
}
