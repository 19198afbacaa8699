/** The Python worker's engines against the shipped models' goldens, which another framework made; and OpenVINO's own idea of fp32. */
import { describe, expect, test } from 'vitest'
import { conduct } from '../run/conducted.ts'
import { temporaryDirectory } from '../temporary.ts'
import { python, pythonEngines, workerCommand } from './python-workers.ts'

const reason = 'missing' in python ? ` (${python.missing})` : ''
const engines = Object.fromEntries(pythonEngines.map(engine => [engine, { command: workerCommand(engine) }]))
// One thread: on a busy machine, torch's threads wait for each other most of the time.
const threads = { torch: { threads: 1 } }
const HINT = { openvino: { INFERENCE_PRECISION_HINT: 'f32' } }

describe.skipIf('missing' in python)(`parity${reason}`, () => {
  test('every engine of Python computes what the reference does in fp32, and says so', async () => {
    const said = {
      models: ['zoo/mistral'],
      devices: ['torch:cpu', 'ort-python:cpu', 'openvino:cpu'],
      checks: ['logits-parity', 'greedy-agreement', 'prefill-decode', 'padding', 'sliding-window', 'rotary'],
      engines,
      options: { ...threads, ...HINT },
    }
    const { result, unit } = await conduct(said, temporaryDirectory())
    for (const device of said.devices) {
      const { status, checks, placement } = unit(device)
      expect({ device, status, checks: checks.map(check => check.status) }).toEqual({
        device,
        status: 'pass',
        checks: said.checks.map(() => 'pass'),
      })
      expect(placement).toMatchObject({ computedIn: ['fp32'] })
      expect(placement?.operators.length).toBeGreaterThan(3)
      expect(placement).not.toHaveProperty('evidence')
    }
    expect(result.verdict).toBe('pass')
  }, 300_000)

  test('OpenVINO computes fp32 in bf16 where its CPU can: the unit fails, with its own property and the way out', async () => {
    const said = { models: ['zoo/llama'], devices: ['openvino:cpu'], checks: ['logits-parity'], engines }
    const home = temporaryDirectory()
    const { unit, result } = await conduct(said, home)
    const { status, placement } = unit('openvino:cpu')
    const hasBf16 = result.devices.some(device => device.id === 'openvino:cpu' && device.precisions.includes('bf16'))
    if (hasBf16) {
      expect(status).toBe('fail')
      expect(placement).toMatchObject({
        computedIn: ['bf16'],
        evidence: 'INFERENCE_PRECISION_HINT is bf16',
        remedy: 'options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }',
      })
    } else expect({ status, computedIn: placement?.computedIn }).toEqual({ status: 'pass', computedIn: ['fp32'] })
    const remedied = (await conduct({ ...said, options: HINT }, home)).unit('openvino:cpu')
    expect(remedied).toMatchObject({ status: 'pass', placement: { computedIn: ['fp32'] } })
  }, 120_000)
})
