/** Devices of another machine, which is this one behind a real sshd: its workers keep homes of their own and share no file. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import type { RunEvent } from '../../src/events/event.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { newSite, ROOT } from '../cli/assay.ts'
import { type Conducted, conduct } from './conducted.ts'
import { descendants, missingSshd, processes, type Sshd, startSshd } from './sshd.ts'
import { survivors } from './survivors.ts'

const missing = process.platform === 'linux' ? missingSshd : 'reads /proc, which Linux alone has'
const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'assay-remote-'))
const home = join(folder, 'home')
const model = join(folder, 'model')
const far = (lab: string) => join(folder, 'far', lab)
const LOCAL = { after: { command: engineCommand('ort') } }
let sshd: Sshd
/** Silence takes its time to be called a fault; the other tests go on meanwhile. */
let silent: Promise<Conducted>

function commandOf(lab: string): string[] {
  return [
    ...sshd.ssh,
    ...['env', `ASSAY_HOME=${far(lab)}`, process.execPath, join(ROOT, 'bin', 'assay.js'), 'worker', 'ort'],
  ]
}

function labs(...names: readonly string[]) {
  return Object.fromEntries(names.map(name => [name, { command: commandOf(name), stdio: true }]))
}

/** One check on a device of each lab, and on a local one behind them: it is judged only if none of them ended the run. */
function judge(names: readonly string[], onEvent: (event: RunEvent) => void = () => undefined) {
  const all = [...names, 'after']
  const plan = {
    models: [model],
    devices: all.map(name => `${name}:cpu`),
    checks: ['logits-parity'],
    engines: { ...labs(...names), ...LOCAL },
  }
  return conduct(plan, home, { onEvent })
}

/** Does something once, when the first unit has its model loaded and nothing is computed yet. */
function onceLoaded(action: () => void): (event: RunEvent) => void {
  let isDone = false
  return ({ type }) => {
    if (type !== 'model-loaded' || isDone) return
    isDone = true
    action()
  }
}

/** The worker that computes for a lab, behind all that leads to it. */
function workerOf(lab: string): number {
  const found = processes().filter(
    ({ environment }) => environment.includes(`ASSAY_HOME=${far(lab)}`) && environment.includes('ASSAY_FDS='),
  )
  const [worker] = found
  if (worker === undefined) throw new Error(`no worker runs for ${lab}`)
  return worker.pid
}

function kill(signal: NodeJS.Signals, pids: readonly number[]): void {
  if (pids.length === 0) throw new Error('there is nothing to kill')
  for (const pid of pids) process.kill(pid, signal)
}

/** Files that a lab keeps, with when they were written last. */
function kept(lab: string): Map<string, bigint> {
  const received = join(far(lab), 'received')
  const names = readdirSync(received, { recursive: true, encoding: 'utf8' })
  return new Map(
    names
      .filter(name => statSync(join(received, name)).isFile())
      .map(name => [name, statSync(join(received, name), { bigint: true }).mtimeNs]),
  )
}

function activities({ events }: Conducted): string[] {
  return events.flatMap(event => (event.type === 'activity' ? [event.text] : []))
}

describe.skipIf(missing !== null)(`through sshd${missing === null ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    writeCheckpoint(model)
    sshd = await startSshd(join(folder, 'sshd'))
    silent = judge(
      ['stopped'],
      onceLoaded(() => kill('SIGSTOP', [workerOf('stopped')])),
    )
    silent.catch(() => undefined) // its own test says so
  })

  afterAll(async () => {
    await silent?.catch(() => undefined)
    // A test that fails, or was not asked for, may leave the stopped one.
    for (const pid of survivors(far(''))) process.kill(pid, 'SIGKILL')
    await sshd?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('two labs with the same engine stand side by side, and what they load goes over once', async () => {
    const plan = {
      models: ['zoo/llama'],
      devices: ['lab7:cpu', 'lab8:cpu', 'ort:cpu'],
      checks: ['logits-parity'],
      engines: labs('lab7', 'lab8'),
    }
    const first = await conduct(plan, home)
    for (const device of plan.devices) expect([device, first.unit(device).status]).toEqual([device, 'pass'])
    expect(activities(first)).toEqual(
      expect.arrayContaining(['sending the graph to lab7', 'sending the graph to lab8', 'loading the graph on lab8']),
    )
    const before = kept('lab7')
    expect([...before.keys()].map(name => name.split('/')[1]).toSorted()).toEqual(['model.onnx', 'model.onnx.data'])
    expect(kept('lab8').size).toBe(2)

    const second = await conduct({ ...plan, devices: ['lab7:cpu'] }, home)
    expect(second.unit('lab7:cpu').status).toBe('pass')
    expect(activities(second).filter(text => text.startsWith('sending'))).toEqual([])
    expect(kept('lab7')).toEqual(before)
  }, 120_000)

  test('a kept file that is spoilt is found, and sent again', async () => {
    await judge(['spoilt'])
    const [name = ''] = [...kept('spoilt').keys()].filter(file => file.endsWith('.onnx'))
    const path = join(far('spoilt'), 'received', name)
    const right = readFileSync(path)
    writeFileSync(path, Buffer.alloc(right.length))
    const again = await judge(['spoilt'])
    expect(again.unit('spoilt:cpu').status).toBe('pass')
    expect(activities(again)).toContain('sending the graph to spoilt')
    expect(readFileSync(path)).toEqual(right)
  }, 120_000)

  test('a line that is cut while files go over: an error, no half file taken for whole, and the next run goes on', async () => {
    const plan = { models: ['zoo/llama'], devices: ['half:cpu'], checks: ['logits-parity'], engines: labs('half') }
    let isCut = false
    const cut = await conduct(plan, home, {
      onEvent(event) {
        if (event.type !== 'activity' || !event.text.startsWith('sending') || event.done === 0 || isCut) return
        isCut = true
        kill('SIGKILL', sshOf('half'))
      },
    })
    expect(cut.unit('half:cpu')).toMatchObject({ status: 'error', fault: 'device' })
    expect(cut.unit('half:cpu').reason).toMatch(/^the half worker was lost: ssh was killed by SIGKILL/)
    expect([...kept('half').keys()].filter(name => name.endsWith('.data'))).toEqual([])
    const [part] = [...kept('half').keys()].filter(name => name.endsWith('.data.part'))
    expect(part).toBeDefined()
    expect((await conduct(plan, home)).unit('half:cpu').status).toBe('pass')
  }, 120_000)

  test('ssh is killed in mid-run: an error of that unit, and the next one is judged', async () => {
    const run = await judge(
      ['cut'],
      onceLoaded(() => kill('SIGKILL', sshOf('cut'))),
    )
    expect(run.unit('cut:cpu')).toMatchObject({ status: 'error', fault: 'device' })
    expect(run.unit('cut:cpu').reason).toMatch(/^the cut worker was lost: ssh was killed by SIGKILL during run/)
    expect(run.unit('after:cpu').status).toBe('pass')
  }, 120_000)

  test('the server’s side of the connection is killed in mid-run: an error in ssh’s own words', async () => {
    const run = await judge(
      ['dropped'],
      onceLoaded(() => kill('SIGKILL', sessionOf('dropped'))),
    )
    expect(run.unit('dropped:cpu')).toMatchObject({ status: 'error', fault: 'device' })
    expect(run.unit('dropped:cpu').reason).toMatch(
      /^the dropped worker was lost: ssh exited with code 255 \(the connection broke.*\) during run.*; it wrote last:\n.*(closed by remote host|Broken pipe)/s,
    )
    expect(run.unit('after:cpu').status).toBe('pass')
  }, 120_000)

  test('the worker over there is killed: the error says by what', async () => {
    const run = await judge(
      ['killed'],
      onceLoaded(() => kill('SIGKILL', [workerOf('killed')])),
    )
    expect(run.unit('killed:cpu').reason).toMatch(
      /^the killed worker was lost: ssh exited with code 255 .*; it wrote last:\nthe ort worker was killed by SIGKILL/s,
    )
    expect(run.unit('after:cpu').status).toBe('pass')
  }, 120_000)

  test.skipIf(!isRoot)(
    'a disk that is full over there: an error with the figures (needs root, to make a small disk)',
    async () => {
      mkdirSync(far('small'), { recursive: true })
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', far('small')])
      try {
        const plan = { models: ['zoo/llama'], devices: ['small:cpu', 'after:cpu'], checks: ['logits-parity'] }
        const run = await conduct({ ...plan, engines: { ...labs('small'), ...LOCAL } }, home)
        expect(run.unit('small:cpu')).toMatchObject({ status: 'error', fault: 'device' })
        expect(run.unit('small:cpu').reason).toMatch(
          /^failed: the disk of .* has 0\.\d MiB free, and 1\d\.\d MiB have to go there; ASSAY_HOME on that machine moves it/,
        )
        expect(run.unit('after:cpu').status).toBe('pass')
      } finally {
        execFileSync('umount', ['-l', far('small')])
      }
    },
    60_000,
  )

  test('the command line names such an engine without a plan', async () => {
    const site = newSite()
    const engine = ['--engine', `lab7=${commandOf('lab7').join(' ')}`]
    const golden = join(site.cwd, 'far.safetensors')
    const captured = await site.assay('golden', 'capture', model, '--device', 'lab7:cpu', ...engine, '-o', golden)
    expect(captured).toMatchObject({ code: 0 })
    const parity = ['parity', model, '--device', 'lab7:cpu', '--golden', golden, '--check', 'logits-parity', '--json']
    const { code, stdout } = await site.assay(...parity, ...engine)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'pass', units: [{ device: 'lab7:cpu', status: 'pass' }] })
    expect(code).toBe(0)
    const listed = JSON.parse((await site.assay('devices', ...engine, '--json')).stdout)
    expect(listed.devices.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(['ort:cpu', 'lab7:cpu']))
  }, 120_000)

  test('a machine that cannot be reached is said in ssh’s own words, before anything runs', async () => {
    const site = newSite()
    const command = sshd.ssh.join(' ').replace(/-p \d+/, '-p 1')
    const { code, stderr } = await site.assay(
      ...['parity', model, '--device', 'gone:cpu', '--engine', `gone=${command} assay worker ort`],
    )
    expect(stderr).toMatch(/ssh exited with code 255 .*Connection refused/s)
    expect(code).toBe(2)
  }, 120_000)

  test('a worker that is stopped falls silent: an error of that unit, and the next one is judged', async () => {
    const run = await silent
    expect(run.unit('stopped:cpu')).toMatchObject({ status: 'error', fault: 'device' })
    expect(run.unit('stopped:cpu').reason).toMatch(/^the stopped worker fell silent: no heartbeat for 1\d\.\d s/)
    expect(run.unit('after:cpu').status).toBe('pass')
    kill('SIGCONT', [workerOf('stopped')])
  }, 120_000)

  test('nothing of all these runs is left on the other side', async () => {
    await expect.poll(() => survivors(far('')), { timeout: 10_000 }).toEqual([])
  })
})

/** The ssh on this side that leads to a lab. */
function sshOf(lab: string): number[] {
  return processes()
    .filter(({ words }) => words[0] === 'ssh' && words.some(word => word.includes(`ASSAY_HOME=${far(lab)}`)))
    .map(({ pid }) => pid)
}

/** The processes of sshd that serve a lab's connection. */
function sessionOf(lab: string): number[] {
  const worker = workerOf(lab)
  return descendants(sshd.pid)
    .filter(({ words }) => words[0]?.startsWith('sshd'))
    .filter(({ pid }) => descendants(pid).some(below => below.pid === worker))
    .map(({ pid }) => pid)
}
