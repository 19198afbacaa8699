/**
 * Files whose tests start whole programs run two at a time, and each program computes with as many threads as there are processors.
 * Threads of one wait, spinning, for their like while those of the other have the processor: on two processors both take twice as
 * long as one after the other. So each file has its share of the processors to itself, and what it starts inherits that.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

const FILES_AT_ONCE = 2
const STARTS_PROGRAMS = /[/\\]tests[/\\](cli|real|run|vision)[/\\]/
/** Two programs of their own at a time: they need no second file to fill the processors. */
const FILLS_THEM = /[/\\](onnx-backend|wrong-results)\.test\.ts$/

/** `0-2,5` as 0, 1, 2, 5. */
function processorsOf(list: string): number[] {
  return list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

const { testPath = '' } = expect.getState()
if (process.platform === 'linux' && STARTS_PROGRAMS.test(testPath) && !FILLS_THEM.test(testPath)) {
  const [, list = ''] = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const all = processorsOf(list)
  const share = Math.floor(all.length / FILES_AT_ONCE)
  const from = ((Number(process.env['VITEST_POOL_ID']) - 1) % FILES_AT_ONCE) * share
  // Where there is no taskset, tests take longer.
  if (share > 0) spawnSync('taskset', ['-cp', all.slice(from, from + share).join(), String(process.pid)])
}
