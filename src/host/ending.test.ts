import { describe, expect, test } from 'vitest'
import { type Circumstances, endingOf } from './ending.ts'
import type { Exit } from './process.ts'

function what(exit: Exit, command: readonly string[], stdio: boolean, more: Partial<Circumstances> = {}): string {
  const circumstances = { isInMidFrame: false, memory: null, memoryLimitBytes: undefined, ...more }
  return endingOf(exit, { command: { command, stdio }, ...circumstances }).what
}

const memory = { residentBytes: 2 ** 30, availableBytes: 2 ** 20 }

describe('what leads to a worker on another machine is named, and not taken for the worker', () => {
  test('ssh that was killed: nothing is said of its memory', () => {
    const exit: Exit = { kind: 'signal', signal: 'SIGKILL' }
    expect(what(exit, ['/usr/bin/ssh', 'lab7'], true, { memory })).toBe('was lost: ssh was killed by SIGKILL')
    expect(what(exit, ['./npu'], false, { memory })).toMatch(/^was killed by SIGKILL \(which is what the out-of-memory/)
  })

  test('ssh that exits with 255, its own code', () => {
    const exit: Exit = { kind: 'exit', code: 255 }
    const meaning = ' (the connection broke or could not be made, or the worker there was killed)'
    expect(what(exit, ['ssh', 'lab7'], true)).toBe(`was lost: ssh exited with code 255${meaning}`)
    expect(what(exit, ['docker', 'exec'], true)).toBe('was lost: docker exited with code 255')
    expect(what(exit, ['ssh'], false)).toBe('exited with code 255')
  })

  test('any other code is the worker’s own', () => {
    const exit: Exit = { kind: 'exit', code: 3 }
    expect(what(exit, ['ssh', 'lab7'], true)).toBe('was lost: ssh exited with code 3')
    expect(what(exit, ['ssh'], true, { isInMidFrame: true })).toBe('was lost: ssh exited with code 3 in mid-frame')
  })
})
