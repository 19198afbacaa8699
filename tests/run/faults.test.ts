import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeCheckpoint } from '../checkpoints.ts'
import { type Conducted, conduct, faulty } from './conducted.ts'
import { survivors } from './survivors.ts'

const home = mkdtempSync(join(tmpdir(), 'assay-faults-'))
const model = join(home, 'model')
let run: Conducted
let silent: Conducted

const DEATHS = ['sigkill', 'exit', 'garbage', 'torn', 'hungry', 'refusing', 'unsupporting'] as const

beforeAll(async () => {
  process.env['ASSAY_HOME'] = home // whatever is started from here on carries it
  writeCheckpoint(model)
  const on = (faults: readonly string[]) =>
    conduct(
      {
        models: [model],
        // The sound device comes last: it runs only if none of the others ended the run.
        devices: [...faults, 'sound'].map(name => `${name}:cpu`),
        checks: ['logits-parity'],
        engines: faulty(...faults, 'sound'),
        limits: { workerMemoryBytes: 700 * 2 ** 20 },
      },
      home,
    )
  // Silence takes its time to be called a fault; the others go on meanwhile.
  ;[silent, run] = await Promise.all([on(['sigstop']), on(DEATHS)])
}, 120_000)

afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('a device whose worker goes wrong in the middle of a unit ends it as an error of the device:', () => {
  test.each<[(typeof DEATHS)[number], RegExp]>([
    ['sigkill', /^the sigkill worker was killed by SIGKILL .* during run/],
    ['exit', /^the exit worker exited with code 3 during run.*; it wrote last:\ndriver: lost the device$/s],
    ['garbage', /^the garbage worker broke the protocol: it sent the text "devi" where a frame should begin/],
    ['torn', /^the torn worker closed its frames in mid-frame, and went on running/],
    ['hungry', /^the hungry worker held \d+ MiB of memory, over its limit of 700 MiB during run/],
    ['refusing', /^device-lost: the device fell off the bus$/],
  ])('%s', (fault, reason) => {
    expect(run.unit(`${fault}:cpu`)).toMatchObject({ status: 'error', fault: 'device', checks: [], attempts: 1 })
    expect(run.unit(`${fault}:cpu`).reason).toMatch(reason)
  })

  test('sigstop', () => {
    expect(silent.unit('sigstop:cpu')).toMatchObject({ status: 'error', fault: 'device', checks: [], attempts: 1 })
    expect(silent.unit('sigstop:cpu').reason).toMatch(
      /^the sigstop worker fell silent: no heartbeat for \d\d\.\d s, so it is stopped or hangs during run/,
    )
    expect(silent.unit('sound:cpu').status).toBe('pass')
  })
})

test('a device that says that it does not support the model is skipped, with its words', () => {
  expect(run.unit('unsupporting:cpu')).toMatchObject({
    status: 'skip',
    reason: 'no kernel for GroupQueryAttention',
    fault: null,
  })
})

test('the units after them run, and the run ends', () => {
  expect(run.unit('sound:cpu')).toMatchObject({ status: 'pass', reason: null, fault: null })
  expect(run.events.at(-1)?.type).toBe('run-ended')
  expect(run.result).toMatchObject({
    complete: true,
    verdict: 'error',
    counts: { error: 6, skip: 1, pass: 1, fail: 0, inconclusive: 0 },
  })
})

test('a reference that goes wrong is blamed itself, and the device is not', async () => {
  const { unit } = await conduct(
    {
      models: [model],
      reference: { device: 'exit:cpu' },
      devices: ['ort:cpu', 'sound:cpu'],
      checks: ['logits-parity'],
      engines: faulty('exit', 'sound'),
    },
    home,
  )
  for (const device of ['ort:cpu', 'sound:cpu']) {
    expect(unit(device)).toMatchObject({ status: 'error', fault: 'reference' })
    expect(unit(device).reason).toMatch(/^the reference: the exit worker exited with code 3/)
  }
})

test('a unit that ends as an error is tried again as often as the plan says, and its attempts are kept', async () => {
  const { unit, events } = await conduct(
    {
      models: [model],
      devices: ['exit:cpu'],
      checks: ['logits-parity'],
      engines: faulty('exit'),
      limits: { attempts: 2 },
    },
    home,
  )
  expect(unit('exit:cpu')).toMatchObject({ status: 'error', attempts: 2 })
  expect(unit('exit:cpu').remarks[0]).toMatch(/^attempt 1 ended as error: the exit worker exited with code 3/)
  expect(events.filter(({ type }) => type === 'unit-started')).toHaveLength(2)
})

test('an interruption ends the run with its unit unfinished, and nothing runs after it', async () => {
  const controller = new AbortController()
  const { events, result } = await conduct(
    { models: [model], devices: ['ort:cpu', 'sound:cpu'], checks: ['logits-parity'], engines: faulty('sound') },
    home,
    { signal: controller.signal, onEvent: ({ type }) => type === 'model-loaded' && controller.abort() },
  )
  expect(events.at(-1)?.type).toBe('run-interrupted')
  expect(result).toMatchObject({ complete: false, units: [] })
  expect(events.filter(({ type }) => type === 'unit-started')).toHaveLength(1)
})

test.skipIf(process.platform !== 'linux')('no process of any of these runs is left', async () => {
  await expect.poll(() => survivors(home), { timeout: 10_000 }).toEqual([])
})
