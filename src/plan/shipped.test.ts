import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readPlan } from './read.ts'

const PLANS = resolve(import.meta.dirname, '..', '..', 'plans')

test.each(readdirSync(PLANS))('the shipped plan %s is a plan, named as its file', name => {
  const { plan } = readPlan(join(PLANS, name))
  expect(`${plan.name}.yaml`).toBe(name)
})

test('the default plan demands no target, and runs three precisions on all devices', () => {
  const { plan } = readPlan(join(PLANS, 'default.yaml'))
  expect(plan.devices).toBe('all')
  expect(plan.precisions).toEqual(['fp32', 'fp16', 'int8'])
  expect(plan.benchmarks.generation?.targets).toEqual({})
})
