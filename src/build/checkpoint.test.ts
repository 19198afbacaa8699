import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLanguageModel, tinyModel, writeCheckpoint } from '../../tests/checkpoints.ts'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { readSafetensors } from '../weights/safetensors.ts'
import { bytesToExport, checkpointOf, exportCheckpoint } from './checkpoint.ts'
import { openModel } from './model.ts'

test.each(['f32', 'bf16'] as const)('an exported %s checkpoint has the same config and the same bytes', type => {
  const folder = temporaryDirectory()
  writeCheckpoint(join(folder, 'model'), {}, type)
  const model = openLanguageModel(join(folder, 'model'))
  exportCheckpoint(model, join(folder, 'copy'))
  const copy = openLanguageModel(join(folder, 'copy'))
  expect(copy.graph.weights).toEqual(model.graph.weights)
  expect(copy.config).toMatchObject(model.config)
  const tensors = (directory: string) => readSafetensors(join(folder, directory, 'model.safetensors')).tensors
  expect(tensors('copy')).toEqual(tensors('model'))
})

test('an exported checkpoint says the type that its weights have', () => {
  const folder = temporaryDirectory()
  writeCheckpoint(join(folder, 'model'), {}, 'bf16')
  exportCheckpoint(openLanguageModel(join(folder, 'model')), join(folder, 'copy'))
  const config = JSON.parse(readFileSync(join(folder, 'copy', 'config.json'), 'utf8'))
  expect(config.dtype ?? config.torch_dtype).toBe('bfloat16')
})

test('the tokenizer goes along, the goldens do not', () => {
  const folder = temporaryDirectory()
  const model = openModel('zoo/llama')
  if (model.kind !== 'llm') throw new Error('no language model')
  exportCheckpoint(model, join(folder, 'copy'))
  expect(existsSync(join(folder, 'copy', 'tokenizer.json'))).toBe(true)
  expect(existsSync(join(folder, 'copy', 'generation_config.json'))).toBe(true)
  expect(existsSync(join(folder, 'copy', 'goldens'))).toBe(false)
})

test('an exported checkpoint loads in transformers with nothing missing, and gives the same logits', {
  timeout: 180_000,
}, ({ skip }) => {
  const python = findPython(['torch', 'transformers', 'safetensors'])
  if ('missing' in python) return skip(python.missing)
  const folder = temporaryDirectory()
  const model = tinyModel(join(folder, 'model'), { attention_bias: true })
  // A config that only Assay wrote: what transformers needs beyond it is what the export adds.
  exportCheckpoint(model, join(folder, 'copy'))
  const architectures = { architectures: ['LlamaForCausalLM'] }
  writeFileSync(join(folder, 'model', 'config.json'), JSON.stringify({ ...model.config, ...architectures }))
  const script = `
import sys, torch
from transformers import AutoModelForCausalLM
def load(path):
    model, info = AutoModelForCausalLM.from_pretrained(path, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    return model.eval()
ids = torch.arange(40).reshape(2, 20)
with torch.no_grad():
    print((load(sys.argv[1])(ids).logits - load(sys.argv[2])(ids).logits).abs().max().item())`
  expect(Number(runPython(python, script, join(folder, 'model'), join(folder, 'copy')))).toBe(0)
})

test('a model of seeded weights gets a directory in the cache, once, whose bytes were foretold', () => {
  const home = temporaryDirectory()
  const model = openLanguageModel('arch/gpt2@1/12')
  const foretold = bytesToExport(model, home)
  const directory = checkpointOf(model, home)
  const { tensors } = readSafetensors(join(directory, 'model.safetensors'))
  expect(Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(foretold)
  expect(openLanguageModel(directory).graph.weights).toEqual(model.graph.weights)
  expect(bytesToExport(model, home)).toBe(0)
  const { mtimeMs } = statSync(join(directory, 'model.safetensors'))
  expect(checkpointOf(model, home)).toBe(directory)
  expect(statSync(join(directory, 'model.safetensors')).mtimeMs).toBe(mtimeMs)
  expect(readdirSync(join(home, 'checkpoints'))).toEqual([directory.split('/').at(-1)])
})

test('a model with a directory is that directory, and nothing is written', () => {
  const home = temporaryDirectory()
  const model = openLanguageModel('zoo/llama')
  expect(checkpointOf(model, home)).toBe(model.directory)
  expect(bytesToExport(model, home)).toBe(0)
  expect(readdirSync(home)).toEqual([])
})
