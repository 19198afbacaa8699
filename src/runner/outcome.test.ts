import { describe, expect, test } from 'vitest'
import { AssayError } from '../errors.ts'
import { WorkerFailure } from '../host/index.ts'
import { WorkerError } from '../protocol/failure.ts'
import { isInterruption, onReference, outcomeOf, ReferenceFault, Skip } from './outcome.ts'

const death = (kind: WorkerFailure['kind'], stderrTail = '') =>
  new WorkerFailure(kind, 'the npu worker exited with code 3', {
    call: 'run',
    exitCode: 3,
    signal: null,
    stderrTail,
    stdoutTail: '',
  })

describe('what ended a unit is said with whose fault it was:', () => {
  test.each<[string, unknown, ReturnType<typeof outcomeOf>]>([
    [
      'what a device has not',
      new Skip('npu:0 has no fp16'),
      { status: 'skip', reason: 'npu:0 has no fp16', fault: null },
    ],
    [
      'what a worker does not support',
      new WorkerError('unsupported', 'no such operator: GridSample'),
      { status: 'skip', reason: 'no such operator: GridSample', fault: null },
    ],
    [
      'what a worker could not do',
      new WorkerError('out-of-memory', 'no room for 3 GiB'),
      { status: 'error', reason: 'out-of-memory: no room for 3 GiB', fault: 'device' },
    ],
    ['a death', death('exit'), { status: 'error', reason: 'the npu worker exited with code 3', fault: 'device' }],
    [
      'a death with last words, the last five lines',
      death('exit', 'one\ntwo\nthree\nfour\nfive\nsix\n'),
      {
        status: 'error',
        reason: 'the npu worker exited with code 3; it wrote last:\ntwo\nthree\nfour\nfive\nsix',
        fault: 'device',
      },
    ],
    [
      'a request that was wrong',
      new AssayError('file-unwritable', 'no room', { where: '/cache' }),
      { status: 'error', reason: 'no room (/cache)', fault: 'assay' },
    ],
    [
      'a file that is right, and beyond what Assay holds',
      new AssayError('onnx-unsupported', "'x' is a sequence", { where: 'm.onnx: x' }),
      { status: 'skip', reason: "'x' is a sequence (m.onnx: x)", fault: null },
    ],
    [
      'a death of the reference',
      new ReferenceFault(death('exit')),
      { status: 'error', reason: 'the reference: the npu worker exited with code 3', fault: 'reference' },
    ],
    [
      'a reference that does not support the model, which is no skip: nothing can be judged',
      new ReferenceFault(new WorkerError('unsupported', 'no int8')),
      { status: 'error', reason: 'the reference: no int8', fault: 'reference' },
    ],
  ])('%s', (_, error, outcome) => {
    expect(outcomeOf(error)).toEqual(outcome)
  })

  test('a bug, with its stack', () => {
    const outcome = outcomeOf(new TypeError('x is undefined'))
    expect(outcome).toMatchObject({ status: 'error', fault: 'assay' })
    expect(outcome.reason).toMatch(/^a bug in Assay: TypeError: x is undefined\n.*outcome\.test\.ts/s)
  })
})

test('the work of the reference fails as its fault, but a wrong request stays one', async () => {
  await expect(onReference(Promise.reject(death('signal')))).rejects.toBeInstanceOf(ReferenceFault)
  const wrong = new AssayError('golden-mismatch', 'another model')
  await expect(onReference(Promise.reject(wrong))).rejects.toBe(wrong)
  await expect(onReference(Promise.resolve(7))).resolves.toBe(7)
})

test.each<[string, unknown, boolean]>([
  ['a call that was given up', new WorkerError('interrupted', 'as you like'), true],
  ['a worker that did not give up', death('interrupt'), true],
  ['a worker that was stopped', death('stopped'), true],
  ['the same on the reference', new ReferenceFault(death('stopped')), true],
  ['a worker that died', death('signal'), false],
  ['a worker that cannot', new WorkerError('failed', 'no'), false],
  ['a bug', new Error('x'), false],
])('%s says of an interruption: %j', (_, error, isOne) => {
  expect(isInterruption(error)).toBe(isOne)
})
