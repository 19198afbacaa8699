/** An engine of a plan whose worker calls itself otherwise: a remote `ort`, or a second one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { discover } from '../../src/runner/discovery.ts'
import { version } from '../../src/version.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { conduct, faulty } from './conducted.ts'

const home = mkdtempSync(join(tmpdir(), 'assay-renamed-'))
const model = join(home, 'model')
const engines = { mine: { command: engineCommand('ort') }, yours: { command: engineCommand('ort') } }
const plan = { models: [model], devices: ['mine:cpu', 'yours:cpu'], checks: ['logits-parity'] }

beforeAll(() => writeCheckpoint(model))
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('its devices stand under the plan’s name, beside those of the same engine here', async () => {
  const { devices, found } = await discover({ mine: { command: [...engineCommand('ort')], stdio: false } }, home, [
    'ort:cpu',
    'mine:cpu',
  ])
  expect(devices.map(({ id }) => id).toSorted()).toEqual(['mine:cpu', 'ort:cpu'])
  expect(found.get('mine:cpu')).toMatchObject({ ownId: 'ort:cpu', description: { id: 'mine:cpu' } })
  expect(found.get('ort:cpu')).toMatchObject({ ownId: 'ort:cpu', description: { id: 'ort:cpu' } })
})

test('its worker hears its own names, and its options are those under the plan’s name', async () => {
  const run = await conduct({ ...plan, engines, options: { mine: { nonsense: 1 }, yours: { threads: 1 } } }, home)
  expect(run.unit('yours:cpu')).toMatchObject({ status: 'pass' })
  expect(run.unit('mine:cpu').reason).toContain('nonsense')
})

test('where it is the reference, it is one under the plan’s name', async () => {
  const run = await conduct({ ...plan, engines, devices: ['yours:cpu'], reference: { device: 'mine:cpu' } }, home)
  expect(run.unit('yours:cpu').status).toBe('pass')
  expect(run.unit('yours:cpu').checks[0]?.reference).toBe('mine:cpu fp32')
})

test('a worker of another version of Assay is judged, with a remark that says so', async () => {
  const run = await conduct({ ...plan, devices: ['older:cpu', 'sound:cpu'], engines: faulty('older', 'sound') }, home)
  expect(run.unit('older:cpu').remarks).toContain(
    `the worker of older is of Assay 0.0.1, and this is Assay ${version}: install the same on both sides before you compare`,
  )
  expect(run.unit('older:cpu').status).toBe('pass')
  expect(run.unit('sound:cpu').remarks.filter(remark => remark.includes('Assay'))).toEqual([])
})

test('a worker that speaks another version of the protocol is not used, and both versions are said', async () => {
  const { problems } = await discover(
    { later: { command: faulty('later')['later']?.command ?? [], stdio: false } },
    home,
    ['later:cpu'],
  )
  expect(problems).toEqual([
    {
      engine: 'later',
      message: 'the later worker speaks protocol 2, this Assay speaks 1: update the older of the two',
      isAbsent: false,
    },
  ])
})
