import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLanguageModel, TINY_CONFIG, tinyModel, writeCheckpoint } from '../../tests/checkpoints.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { AssayError } from '../errors.ts'
import { tensorOf } from '../tensor.ts'
import { readSafetensors } from '../weights/safetensors.ts'
import { writeSafetensors } from '../weights/safetensors-write.ts'
import { openModel, zooNames } from './model.ts'

/** The error that opening a reference gives. */
function refusal(reference: string, base?: string): AssayError {
  try {
    openModel(reference, base)
  } catch (error) {
    if (error instanceof AssayError) return error
    throw error
  }
  throw new Error(`${reference} was opened`)
}

/** A checkpoint with other weights or another config. */
function broken(break_: (directory: string) => void): string {
  const directory = join(temporaryDirectory(), 'model')
  writeCheckpoint(directory)
  break_(directory)
  return directory
}

type Stored = ReturnType<typeof readSafetensors>['tensors']

function withWeights(change: (tensors: Record<string, Stored[string]>) => void): string {
  return broken(directory => {
    const path = join(directory, 'model.safetensors')
    const tensors = { ...readSafetensors(path).tensors }
    change(tensors)
    writeSafetensors(
      path,
      Object.entries(tensors).flatMap(([name, tensor]) =>
        tensor ? [{ name, type: tensor.type, shape: tensor.shape, chunks: () => [tensor.bytes] }] : [],
      ),
      {},
    )
  })
}

describe('a reference', () => {
  test('to the zoo is a model with goldens and a tokenizer', () => {
    expect(zooNames()).toContain('llama')
    const model = openModel('zoo/llama')
    expect(model).toMatchObject({
      kind: 'llm',
      reference: 'zoo/llama',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    if (model.kind !== 'llm') throw new Error('no language model')
    expect(model.goldens).toEqual([expect.stringMatching(/goldens.*\.safetensors$/)])
  })

  test('to a listed architecture is a model with seeded weights, the same every time', () => {
    const [one, two] = [openModel('arch/llama-125m'), openModel('arch/llama-125m')]
    if (one.kind !== 'llm' || two.kind !== 'llm') throw new Error('no language model')
    expect(one.directory).toBeNull()
    expect(one.fingerprint).toBe(two.fingerprint)
    const read = (model: typeof one) =>
      model.openWeights().read('model.layers.11.mlp.down_proj.weight', 4096, 64).slice()
    expect(read(one)).toEqual(read(two))
    expect(new Float32Array(one.openWeights().read('model.norm.weight', 0, 8).slice().buffer)).toEqual(
      Float32Array.of(1, 1),
    )
  })

  test('to a listed architecture at a scale is a smaller model with weights of its own', () => {
    const [whole, half, same] = ['arch/llama-125m', 'arch/llama-125m@1/2', 'arch/llama-125m@2/4'].map(reference =>
      openModel(reference),
    )
    if (whole?.kind !== 'llm' || half?.kind !== 'llm') throw new Error('no language model')
    expect(half.reference).toBe('arch/llama-125m@1/2')
    expect(half.parameters).toBeLessThan(whole.parameters)
    expect(half.graph.caches).toEqual(Array.from({ length: 6 }, () => ({ heads: 2, headDim: 64 })))
    expect(half.fingerprint).not.toBe(whole.fingerprint)
    expect(same?.fingerprint).toBe(half.fingerprint)
  })

  test('to a directory is relative to the base', () => {
    const folder = temporaryDirectory()
    tinyModel(join(folder, 'mine'))
    expect(openModel('./mine', folder)).toMatchObject({
      kind: 'llm',
      reference: './mine',
      parameters: expect.any(Number),
    })
  })

  test('to a directory reads no weight for its fingerprint until somebody asks', () => {
    const folder = join(temporaryDirectory(), 'model')
    const model = tinyModel(folder)
    rmSync(join(folder, 'model.safetensors'))
    expect(() => model.fingerprint).toThrow(expect.objectContaining({ code: 'weights-invalid' }))
  })

  test('to an .onnx file is that file, known by its bytes', () => {
    const path = join(temporaryDirectory(), 'a.onnx')
    writeFileSync(path, 'abc')
    expect(openModel(path)).toEqual({
      kind: 'onnx',
      reference: path,
      path,
      fingerprint: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', // FIPS 180-2, B.1
    })
  })

  test.each([
    ['zoo/lama', 'model-not-found', "the zoo has no 'lama'", 'the zoo has: gpt-neox, llama, mistral'],
    ['zoo/../zoo/llama', 'model-not-found', "the zoo has no '../zoo/llama'", 'llama'],
    ['arch/gpt-17', 'model-not-found', "no architecture 'gpt-17' is listed", 'listed: llama-125m'],
    ['arch/constructor', 'model-not-found', "no architecture 'constructor' is listed", 'llama-125m'],
    ['arch/gpt-17@1/2', 'model-not-found', "no architecture 'gpt-17' is listed", 'llama-3-8b'],
    ['arch/llama-3-8b@', 'model-not-found', "'' is no scale", 'from 1/8 to 4'],
    ['arch/llama-3-8b@2/0', 'model-not-found', "'2/0' is no scale", 'from 1/8 to 4'],
    ['arch/llama-3-8b@1/8@1/8', 'model-not-found', "'1/8@1/8' is no scale", 'from 1/8 to 4'],
    ['arch/llama-3-8b@1/1000', 'model-not-found', 'a scale of 1/1000 leaves no head', 'from 1/8 to 4'],
    ['hf:meta-llama/Llama-3', 'model-not-found', 'downloads (hf:) are not built yet', 'give the path of a directory'],
    ['./nowhere', 'model-not-found', 'no such model', '`assay models` lists'],
  ])('%s is refused with what there is', (reference, code, message, hint) => {
    const error = refusal(reference, temporaryDirectory())
    expect(error).toMatchObject({ code, where: reference })
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })

  test('to a file of another kind is refused', () => {
    const folder = temporaryDirectory()
    writeFileSync(join(folder, 'model.gguf'), 'GGUF')
    expect(refusal('model.gguf', folder)).toMatchObject({
      code: 'model-invalid',
      message: 'neither a directory nor an .onnx file',
      where: 'model.gguf',
    })
  })
})

describe('a directory is refused, with the place,', () => {
  const config = (text: string) => broken(directory => writeFileSync(join(directory, 'config.json'), text))
  const changed = (overrides: object) => config(JSON.stringify({ ...TINY_CONFIG, ...overrides }))

  test('without a config.json', () => {
    const error = refusal(broken(directory => rmSync(join(directory, 'config.json'))))
    expect(error).toMatchObject({ code: 'model-invalid', message: 'a model directory needs a config.json' })
    expect(error.where).toMatch(/config\.json$/)
  })

  test.each([
    ['{ "model_type": "llama",', 'not JSON: '],
    ['', 'not JSON: '],
    ['[1, 2]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"llama"', 'not a JSON object'],
  ])('with the config %j', (text, message) => {
    const error = refusal(config(text))
    expect(error).toMatchObject({ code: 'config-invalid', where: expect.stringMatching(/config\.json$/) })
    expect(error.message).toContain(message)
  })

  test('of another architecture, naming those that are supported', () => {
    expect(refusal(changed({ model_type: 'mamba' }))).toMatchObject({
      code: 'architecture-unsupported',
      message: "architecture 'mamba' is not supported",
      hint: expect.stringMatching(/^supported: .*\bgpt2, gpt_neox, llama, mistral, qwen2, qwen3, resnet\b/),
    })
    expect(refusal(changed({ model_type: undefined }))).toMatchObject({
      code: 'architecture-unsupported',
      message: 'config.json says no model_type',
      hint: expect.stringMatching(/^supported: .*\bgpt2, gpt_neox, llama, mistral, qwen2, qwen3, resnet\b/),
    })
  })

  test('with a key that is missing or wrong, all of them named', () => {
    const error = refusal(changed({ hidden_size: undefined, hidden_act: 'gelu' }))
    expect(error.code).toBe('config-invalid')
    expect(error.message).toMatch(/hidden_size: .*; hidden_act: /)
  })

  test('with shapes that do not fit each other, naming the layer', () => {
    const error = refusal(changed({ num_attention_heads: 3, num_key_value_heads: 2 }))
    expect(error.code).toBe('config-invalid')
    expect(error.message).toBe('model.layers.0.self_attn: 3 query heads over 2 kv heads')
  })

  test('without weights', () => {
    expect(refusal(broken(directory => rmSync(join(directory, 'model.safetensors')))).code).toBe('weights-invalid')
  })

  test('with weights that are cut short', () => {
    const directory = broken(path => truncateSync(join(path, 'model.safetensors'), 50_000))
    const error = refusal(directory)
    expect(error.code).toBe('weights-invalid')
    expect(error.where).toContain('model.safetensors')
  })

  test('without a weight that the architecture needs, as when its name is wrong', () => {
    const directory = withWeights(tensors => {
      const name = 'model.layers.1.mlp.up_proj.weight'
      const tensor = tensors[name]
      if (tensor) tensors['model.layers.1.mlp.up.weight'] = tensor
      delete tensors[name]
    })
    expect(refusal(directory)).toMatchObject({
      code: 'weight-mismatch',
      message: 'the checkpoint has no model.layers.1.mlp.up_proj.weight; the architecture needs it as [128,64]',
    })
  })

  test('with a weight of another shape, naming both', () => {
    const directory = withWeights(tensors => {
      tensors['model.layers.0.self_attn.k_proj.weight'] = tensorOf([64, 32], new Float32Array(64 * 32))
    })
    expect(refusal(directory)).toMatchObject({
      code: 'weight-mismatch',
      message: 'model.layers.0.self_attn.k_proj.weight is [64,32] in the checkpoint, the config asks for [32,64]',
    })
  })

  test('with a weight that holds no floats', () => {
    const directory = withWeights(tensors => {
      tensors['model.norm.weight'] = tensorOf([64], new Int8Array(64))
    })
    expect(refusal(directory)).toMatchObject({
      code: 'weight-mismatch',
      message: 'model.norm.weight is i8; F32, F16 and BF16 are supported',
    })
  })
})

test('a weight that the architecture does not know is left alone, as old rotary tables are', () => {
  const directory = withWeights(tensors => {
    tensors['model.layers.0.self_attn.rotary_emb.inv_freq'] = tensorOf([8], new Float32Array(8))
  })
  expect(openLanguageModel(directory).graph.weights.size).toBeGreaterThan(0)
})

test('the fingerprint changes with the config and with the weights', () => {
  const directory = join(temporaryDirectory(), 'model')
  const plain = tinyModel(directory).fingerprint
  const path = join(directory, 'config.json')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('1e-5', '1e-6').replace('0.00001', '0.000001'))
  expect(openLanguageModel(directory).fingerprint).not.toBe(plain)
  writeFileSync(path, text)
  expect(openLanguageModel(directory).fingerprint).toBe(plain)
  writeCheckpoint(directory, {}, 'bf16')
  expect(openLanguageModel(directory).fingerprint).not.toBe(plain)
})

test('a directory of goldens gives its files in order', () => {
  const directory = broken(path => {
    mkdirSync(join(path, 'goldens'))
    for (const name of ['b.safetensors', 'a.safetensors', 'notes.txt']) writeFileSync(join(path, 'goldens', name), '')
  })
  expect(openLanguageModel(directory).goldens).toEqual(
    ['a', 'b'].map(name => join(directory, 'goldens', `${name}.safetensors`)),
  )
})
