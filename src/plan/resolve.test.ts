import { describe, expect, test } from 'vitest'
import { AssayError } from '../errors.ts'
import type { DeviceDescription } from '../protocol/messages.ts'
import { parsePlan } from './parse.ts'
import { checkOptions, type Found, resolveDevices } from './resolve.ts'

function device(id: string, properties: Record<string, string> = {}): DeviceDescription {
  return { id, name: id, kind: 'gpu', memoryBytes: null, precisions: ['fp32'], dialect: 'ort', properties }
}

const found: Found = {
  devices: [device('ort:cpu'), device('torch:cuda:0'), device('ort:webgpu', { software: 'true' })],
  engines: ['ort', 'torch', 'npu'],
  problems: [{ engine: 'npu', message: 'the npu worker exited with code 3', isAbsent: false }],
}

function errorOf(act: () => unknown): AssayError {
  try {
    act()
  } catch (error) {
    if (error instanceof AssayError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('the devices of a plan', () => {
  test('named `all` are those found, without software that plays a GPU', () => {
    expect(resolveDevices('all', found)).toEqual(['ort:cpu', 'torch:cuda:0'])
  })

  test('named `all` are emulated ones where there is nothing else', () => {
    const [, , emulated] = found.devices
    const only = { ...found, devices: emulated === undefined ? [] : [emulated] }
    expect(resolveDevices('all', only)).toEqual(['ort:webgpu'])
  })

  test('named one by one come in that order, emulated or not', () => {
    expect(resolveDevices(['ort:webgpu', 'ort:cpu'], found)).toEqual(['ort:webgpu', 'ort:cpu'])
  })

  test.each([
    ['opt:cpu', 'device-unknown', /no engine 'opt'/, /did you mean ort:cpu\? engines: ort, torch, npu/],
    [
      'torch:cuda:1',
      'device-unavailable',
      /no device torch:cuda:1 here/,
      /did you mean torch:cuda:0\?.*devices here: ort:cpu/,
    ],
    ['npu:npu', 'device-unavailable', /could not be started: the npu worker exited with code 3/, /devices here/],
  ])('that are not here (%s) are named with what is', (id, code, message, hint) => {
    const error = errorOf(() => resolveDevices([id], found))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
  })

  test('that are named and whose engine is not installed stay, so that their units are skipped', () => {
    const problems = [{ engine: 'openvino', message: 'openvino is not installed', isAbsent: true }]
    const here = { ...found, engines: [...found.engines, 'openvino'], problems }
    expect(resolveDevices(['openvino:cpu', 'ort:cpu'], here)).toEqual(['openvino:cpu', 'ort:cpu'])
    expect(resolveDevices('all', here)).toEqual(['ort:cpu', 'torch:cuda:0'])
  })

  test('are an error where nothing was found, with the reason', () => {
    const error = errorOf(() => resolveDevices('all', { ...found, devices: [] }))
    expect(error.code).toBe('device-unavailable')
    expect(error.hint).toMatch(/npu: the npu worker exited/)
  })
})

test('options for an engine that does not exist are an error', () => {
  const plan = parsePlan('models: [a]\noptions: {otr: {threads: 2}}', 'p')
  expect(errorOf(() => checkOptions(plan, found)).hint).toMatch(/did you mean ort\?/)
})
