import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeCheckpoint } from '../checkpoints.ts'
import { newSite, ROOT } from './assay.ts'

const GOLDEN = join(ROOT, 'zoo', 'llama', 'goldens', 'torch-fp32.safetensors')

/** Files for commands to stumble over. */
function prepare(cwd: string): void {
  writeFileSync(join(cwd, 'broken.yaml'), 'name: x\nmodels: [a\ndevices: all\n')
  writeFileSync(join(cwd, 'empty.yaml'), '')
  writeFileSync(join(cwd, 'unknown-key.yaml'), 'models: [zoo/llama]\nprecison: [fp32]\n')
  writeFileSync(join(cwd, 'elsewhere.yaml'), 'models: [zoo/llama]\ndevices: [npu:npu]\n')
  writeFileSync(join(cwd, 'lost-golden.yaml'), 'models:\n  - model: zoo/llama\n    golden: gone.safetensors\n')
  const model = (name: string, config: string) => {
    mkdirSync(join(cwd, name))
    writeFileSync(join(cwd, name, 'config.json'), config)
  }
  model('bad-config', '{ "model_type": ')
  model('bad-width', '{ "model_type": "llama", "hidden_size": "wide" }')
  model('foreign', '{ "model_type": "hyena" }')
  mkdirSync(join(cwd, 'plans'))
  writeCheckpoint(join(cwd, 'mismatched'))
  copyFileSync(join(ROOT, 'zoo', 'llama', 'tokenizer.json'), join(cwd, 'mismatched', 'tokenizer.json'))
  writeCheckpoint(join(cwd, 'wordless'))
  const prompts = (name: string, prompt: object) =>
    writeFileSync(join(cwd, name), JSON.stringify({ prompts: [{ id: 'mine', ...prompt }] }))
  prompts('long.json', { text: 'word '.repeat(2000) })
  prompts('chat.json', { messages: [{ role: 'user', content: 'Hi' }] })
}

const CPU = ['--device', 'ort:cpu'] as const

describe('a request that is wrong ends with exit code 2, says where and what to do, and leaves nothing behind:', () => {
  test.each<[string, string[], RegExp[]]>([
    ['a missing plan', ['run', 'gone.yaml'], [/no such plan/, /at: gone\.yaml/, /hint: /]],
    ['a plan that is a directory', ['run', 'plans'], [/directory/, /at: plans/]],
    ['malformed YAML', ['run', 'broken.yaml'], [/not YAML/, /at: broken\.yaml:\d/]],
    ['an empty plan', ['run', 'empty.yaml'], [/the plan is empty/]],
    ['an unknown key', ['run', 'unknown-key.yaml'], [/at: unknown-key\.yaml:2: precison/, /did you mean precisions\?/]],
    ['an unknown engine in a plan', ['run', 'elsewhere.yaml'], [/no engine 'npu'/, /engines: ort/]],
    [
      'an unknown device',
      ['parity', 'zoo/llama', '--device', 'ort:cpux'],
      [/no device ort:cpux here/, /did you mean ort:cpu\?/],
    ],
    ['a model that is not there', ['parity', './gone', ...CPU], [/no such model/, /at: \.\/gone/]],
    ['a zoo model that is not there', ['bench', 'zoo/lama', ...CPU], [/the zoo has no 'lama'/, /llama/]],
    ['a config that is no JSON', ['parity', './bad-config', ...CPU], [/not JSON/, /bad-config\/config\.json/]],
    ['a config that is wrong', ['parity', './bad-width', ...CPU], [/hidden_size/, /bad-width\/config\.json/]],
    [
      'an unsupported architecture',
      ['parity', './foreign', ...CPU],
      [/'hyena' is not supported/, /supported: .*llama/],
    ],
    ['a golden that is not there', ['run', 'lost-golden.yaml', ...CPU], [/gone\.safetensors/]],
    ['a golden of another model', ['parity', 'arch/llama-125m', ...CPU, '--golden', GOLDEN], [/fingerprint/]],
    [
      'a report that cannot be written',
      ['run', '--report', 'no/such/folder.html'],
      [/folder does not exist/, /--no-report/],
    ],
    [
      'a report of no format',
      ['run', '--report', 'report.html', '--report', 'report.pdf'],
      [/no report has this ending/, /report\.pdf/, /\.xml \(junit\)/],
    ],
    [
      'a tokenizer of another model',
      ['parity', './mismatched', ...CPU],
      [/the tokenizer has ids up to 2047, the embedding only 96 rows/, /mismatched\/tokenizer\.json/],
    ],
    [
      'a prompt longer than the model’s positions',
      ['parity', 'zoo/llama', ...CPU, '--prompts', 'long.json'],
      [
        /the prompt 'mine' has \d{4} tokens and is continued by up to 32, more than the model's 1024 positions/,
        /long\.json/,
      ],
    ],
    [
      'a conversation without a chat template',
      ['parity', 'zoo/llama', ...CPU, '--prompts', 'chat.json'],
      [/the prompt 'mine' is a conversation, and the model has no chat template/, /chat\.json/, /chat_template\.jinja/],
    ],
    [
      'prompts for a model without a tokenizer',
      ['parity', './wordless', ...CPU, '--prompts', 'chat.json'],
      [/the model has no tokenizer, so that its prompts cannot be read/, /chat\.json/],
    ],
    ['a run that is not there', ['report', 'abc'], [/no run is recorded here/]],
    ['nothing to go on with', ['run', '--resume'], [/no run is recorded here/]],
  ])('%s', async (_, words, says) => {
    const site = newSite()
    prepare(site.cwd)
    const before = site.written()
    const { code, stdout, stderr } = await site.assay(...words)
    for (const line of says) expect(stderr).toMatch(line)
    expect(stderr).toMatch(/^error: /m)
    expect(stderr).not.toMatch(/\n {4}at /) // a stack
    expect(stdout).toBe('')
    expect(code).toBe(2)
    expect(site.written()).toEqual(before)
  })

  test('under --json the error is the one document on standard output', async () => {
    const { code, stdout } = await newSite().assay('run', 'gone.yaml', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'plan-invalid',
        message: 'there is no such plan',
        where: 'gone.yaml',
        hint: expect.stringContaining('docs/plans.md'),
      },
    })
  })

  test('under --json that holds for a mistyped option too', async () => {
    const { code, stdout, stderr } = await newSite().assay('history', '--json', '--limmit', '3')
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'argument-invalid', hint: 'did you mean --limit?' } })
    expect(stderr).toBe('')
  })
})
