import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openModel } from '../../src/build/model.ts'
import { writeGolden } from '../../src/goldens/golden.ts'
import { readOnnx } from '../../src/onnx/read.ts'
import { tensorOf } from '../../src/tensor.ts'
import { launch, newSite, ROOT, writeWorkload } from './assay.ts'

const GOLDEN = join(ROOT, 'zoo', 'llama', 'goldens', 'torch-fp32.safetensors')

test('`devices` finds the CPU, prints a table without escape codes, and leaves nothing behind', async () => {
  const site = newSite()
  const { code, stdout, stderr } = await site.assay('devices')
  expect(stdout).toMatch(/^ort:cpu +cpu /m)
  expect(stdout + stderr).not.toContain('\x1b')
  expect(code).toBe(0)
  expect(site.written()).toEqual([])
})

test('`devices PLAN` asks the engines that the plan adds, and says which could not be asked', async () => {
  const site = newSite()
  writeFileSync(join(site.cwd, 'plan.yaml'), 'models: [zoo/llama]\nengines: { npu: { command: [./no-such-worker] } }\n')
  const { code, stdout, stderr } = await site.assay('devices', 'plan.yaml', '--json')
  const document = JSON.parse(stdout)
  expect(document.devices.map(({ id }: { id: string }) => id)).toContain('ort:cpu')
  expect(document.problems).toContainEqual({
    engine: 'npu',
    message: expect.stringContaining('could not be started'),
    isAbsent: false,
  })
  expect(stderr).toContain("warning: engine 'npu' could not be asked")
  expect(code).toBe(0)
})

test('an engine that is not installed is listed as such, and what asks for it is skipped with the reason', async () => {
  const site = newSite()
  const listed = await site.assay('devices', '--python', '/no/such/python')
  expect(listed.stdout).toMatch(/^Not here:\n {2}torch: there is no \/no\/such\/python to run it/m)
  expect(listed.stderr).toBe('')
  const named = ['--device', 'torch:cpu', '--python', '/no/such/python', '--json']
  const { code, stdout } = await site.assay('parity', 'zoo/llama', ...named)
  const reason = expect.stringContaining('there is no /no/such/python')
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'skip', units: [{ status: 'skip', reason, checks: [] }] })
  expect(code).toBe(0)
})

test('`models` lists the zoo, the catalogue and the architectures', async () => {
  const { code, stdout } = await newSite().assay('models', '--json')
  const { models, architectures } = JSON.parse(stdout)
  expect(models).toContainEqual(
    expect.objectContaining({
      model: 'zoo/llama',
      parameters: 4_754_688,
      summary: expect.stringMatching(/^A small Llama/),
    }),
  )
  expect(models).toContainEqual(expect.objectContaining({ model: 'arch/llama-125m', sizeBytes: null }))
  expect(architectures).toContain('llama')
  expect(code).toBe(0)
})

test('`history` of a home without runs is empty, and makes no store', async () => {
  const site = newSite()
  expect(await site.assay('history')).toMatchObject({ code: 0, stdout: expect.stringContaining('No run is recorded') })
  expect(JSON.parse((await site.assay('history', '--json')).stdout)).toEqual({ runs: [] })
  expect(existsSync(site.home)).toBe(false)
})

test('`golden show` names the producer and every tensor with its shape', async () => {
  const { code, stdout } = await newSite().assay('golden', 'show', GOLDEN, '--json')
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({ model: 'zoo/llama', precision: 'fp32', producer: { engine: 'torch' } })
  const logits = document.tensors.find(({ name }: { name: string }) => name.endsWith('/out/logits'))
  expect(logits).toMatchObject({ type: 'f32', shape: expect.arrayContaining([2048]) })
  expect(code).toBe(0)
})

test('`golden verify` accepts a golden of the model, and fails one with a NaN', async () => {
  const site = newSite()
  expect(await site.assay('golden', 'verify', GOLDEN, '--model', 'zoo/llama')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('of the weights of zoo/llama'),
  })
  const outputs = new Map([
    [
      'a',
      {
        inputs: { input_ids: tensorOf([1, 1], new BigInt64Array(1)) },
        outputs: { logits: tensorOf([1, 2], Float32Array.of(1, Number.NaN)) },
      },
    ],
  ])
  writeGolden(join(site.cwd, 'nan.safetensors'), {
    model: 'm',
    fingerprint: '',
    producer: 'me',
    precision: 'fp32',
    outputs,
  })
  const { code, stdout } = await site.assay('golden', 'verify', 'nan.safetensors', '--json')
  expect(JSON.parse(stdout).notFinite).toEqual([{ tensor: 'a/out/logits', count: 1 }])
  expect(code).toBe(1)
})

test('`golden verify` refuses what is no golden', async () => {
  const { code, stderr } = await newSite().assay('golden', 'verify', join(ROOT, 'zoo', 'llama', 'model.safetensors'))
  expect(stderr).toMatch(/^error: .*golden.*\n.*at: .*model\.safetensors/)
  expect(code).toBe(2)
})

test('`golden capture` writes a golden that `golden verify` accepts', async () => {
  const site = newSite()
  writeWorkload(site.cwd)
  const words = 'golden capture zoo/llama -o here.safetensors --prompts prompts.json --text text.txt --json'.split(' ')
  const captured = await site.assay(...words)
  expect(captured).toMatchObject({ code: 0 })
  expect(JSON.parse(captured.stdout).cases).toBeGreaterThan(0)
  const verified = await site.assay('golden', 'verify', 'here.safetensors', '--model', 'zoo/llama')
  expect(verified).toMatchObject({ code: 0, stderr: '' })
})

test('`export` writes a graph of standard operators alone, and a checkpoint of the same weights', async () => {
  const site = newSite()
  const graph = await site.assay('export', 'zoo/llama', '-o', 'llama.onnx', '--json')
  expect(graph).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(graph.stdout)).toMatchObject({ form: 'onnx', precision: 'fp32', dialect: 'portable' })
  const { opsets } = readOnnx(join(site.cwd, 'llama.onnx'))
  expect(Object.keys(opsets)).toEqual([''])
  const checkpoint = await site.assay('export', 'zoo/llama', '--form', 'huggingface', '-o', 'copy')
  expect(checkpoint).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(join(site.cwd, 'copy'))).toEqual(
    expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']),
  )
  expect(openModel('./copy', site.cwd)).toMatchObject({ parameters: 4_754_688 })
  const again = await site.assay('export', 'zoo/llama', '--form', 'huggingface', '-o', 'copy')
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('something is there already') })
})

test('`engine check` passes the worker that `worker ort` is, over standard streams as through ssh', async () => {
  const worker = [process.execPath, join(ROOT, 'src', 'cli', 'main.ts'), 'worker', 'ort']
  const { code, stdout } = await newSite().assay('engine', 'check', '--stdio', '--json', '--', ...worker)
  const report = JSON.parse(stdout)
  expect(report.checks.filter(({ status }: { status: string }) => status === 'fail')).toEqual([])
  expect(report).toMatchObject({ engine: 'ort', conforms: true })
  expect(code).toBe(0)
})

test('`engine check` fails a program that does not speak', async () => {
  const { code, stdout } = await newSite().assay('engine', 'check', '--timeout', '5', '--', process.execPath, '-e', '0')
  expect(stdout).toMatch(/^fail /m)
  expect(stdout).toMatch(/breaks \d+ of the rules/)
  expect(code).toBe(1)
})

test('a reader that closes the pipe ends nothing in an error', async () => {
  const { cwd, home } = newSite()
  const main = join(ROOT, 'src', 'cli', 'main.ts')
  const script = `"${process.execPath}" "${main}" golden show "${GOLDEN}" --json | head -c 10; echo " $\{PIPESTATUS[0]}"`
  const shell = `require('child_process').spawn('bash', ['-c', ${JSON.stringify(script)}], { stdio: 'inherit' })`
  const { stdout, stderr } = await launch(['-e', shell], cwd, home).finished
  expect(stdout).toMatch(/^\{\n {2}"file" 0\n$/)
  expect(stderr).toBe('')
})

test('the launcher of the package runs the same program', async () => {
  const { cwd, home } = newSite()
  const launcher = join(ROOT, 'bin', 'assay.js')
  expect(statSync(launcher).mode & 0o111).not.toBe(0)
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(await launch([launcher, '--version'], cwd, home).finished).toMatchObject({
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  })
  expect(await launch([launcher, 'histroy'], cwd, home).finished).toMatchObject({ code: 2 })
})
