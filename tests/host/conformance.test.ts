import { expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { checkWorker } from '../../src/host/index.ts'
import { temporaryDirectory } from '../temporary.ts'

const root = `${import.meta.dirname}/../..`
const example = ['python3', `${root}/workers/example/worker.py`]

test.each([false, true])('the ort worker conforms (over standard streams: %s)', async stdio => {
  const report = await checkWorker({ command: engineCommand('ort'), stdio, env: { ASSAY_HOME: temporaryDirectory() } })
  expect(report.checks.filter(check => check.status !== 'pass')).toEqual([])
  expect(report).toMatchObject({ engine: 'ort', conforms: true })
})

test.each([false, true])('the example worker conforms (over standard streams: %s)', async stdio => {
  const report = await checkWorker({ command: example, stdio }, { model: `${root}/workers/example/bigram` })
  expect(report.checks.filter(check => check.status === 'fail')).toEqual([])
  expect(report.checks.filter(check => check.status === 'skip').map(check => check.name)).toEqual([
    'keeps the files that it is sent',
    'gives tensors back byte for byte',
  ])
})

test.each([
  ['prints into its frames', ['echo', 'ready'], 'exited with code 0'],
  ['does not exist', ['./no-such-worker'], 'could not be started'],
  ['never answers', ['sleep', '60'], 'gave no answer within 300 ms'],
])('a worker that %s fails its first check, and the rest is skipped', async (_, command, detail) => {
  const { conforms, checks } = await checkWorker({ command, stdio: true }, { answerMs: 300 })
  expect(conforms).toBe(false)
  expect(checks[0]).toMatchObject({ status: 'fail', detail: expect.stringContaining(detail) })
  expect(checks.slice(1).every(check => check.status === 'skip')).toBe(true)
})

test.each([
  ['otherVersion', 'refuses another protocol version'],
  ['busy', 'answers with an error for a model that was never loaded'],
  ['echo', 'answers with an error for a model that was never loaded'],
])('a worker that goes wrong (%s) fails the check that says so', async (mode, name) => {
  const command = [process.execPath, `${import.meta.dirname}/fixtures/misbehaving.ts`, mode]
  const { checks } = await checkWorker({ command }, { answerMs: 1000 })
  expect(checks.find(check => check.name === name)?.status).toBe('fail')
})
