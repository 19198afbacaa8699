import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RELATIVE_ERROR } from '../../src/checks/defaults.ts'
import { Precision } from '../../src/words.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { findPython, runPython } from '../python.ts'
import { temporaryDirectory } from '../temporary.ts'

const python = findPython(['torch', 'transformers', 'onnx', 'onnxruntime', 'numpy'])
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')

/** Drives graphs with the inputs that optimum and transformers.js feed, and compares with transformers. */
const COMPARE = `
import sys, ml_dtypes, numpy, onnx, torch, onnxruntime
from onnx.reference import ReferenceEvaluator
from transformers import AutoModelForCausalLM
checkpoint, *paths = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
layers, heads, dim = model.config.num_hidden_layers, model.config.num_key_value_heads, model.config.head_dim
ids = numpy.random.default_rng(5).integers(0, model.config.vocab_size, (2, 17))
mask = numpy.ones_like(ids); mask[0, :4] = 0
positions = numpy.maximum(mask.cumsum(-1) - 1, 0)
with torch.no_grad():
    want = model(torch.tensor(ids), attention_mask=torch.tensor(mask), position_ids=torch.tensor(positions)).logits.numpy()
names = [f"{layer}.{kind}" for layer in range(layers) for kind in ("key", "value")]
for path in paths:
    graph = onnx.load(path, load_external_data=False).graph
    types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    assert set(types) == {"input_ids", "attention_mask", "position_ids", *(f"past_key_values.{name}" for name in names)}, types
    cache_type = onnx.helper.tensor_dtype_to_np_dtype(types["past_key_values.0.key"])
    outputs = [output.name for output in graph.output]
    # onnxruntime's CPU provider has no arithmetic in bf16.
    is_bf16 = cache_type == ml_dtypes.bfloat16
    session = ReferenceEvaluator(onnx.load(path)) if is_bf16 else onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    def feed(part, seen, cache):
        inputs = {"input_ids": ids[:, part], "attention_mask": mask[:, :seen], "position_ids": positions[:, part], **cache}
        return dict(zip(outputs, session.run(None, inputs)))
    first = feed(slice(0, 9), 9, {f"past_key_values.{name}": numpy.zeros((2, heads, 0, dim), cache_type) for name in names})
    second = feed(slice(9, None), 17, {f"past_key_values.{name}": first[f"present.{name}"] for name in names})
    real = mask.astype(bool)
    error = (numpy.concatenate([first["logits"], second["logits"]], 1) - want)[real]
    print(numpy.linalg.norm(error) / numpy.linalg.norm(want[real]))`

test.skipIf('missing' in python)(
  `exported graphs, fed as Hugging Face graphs are, give transformers' logits through their cache and past padding${'missing' in python ? ` (${python.missing})` : ''}`,
  { timeout: 240_000 },
  () => {
    const folder = temporaryDirectory()
    const checkpoint = join(folder, 'model')
    writeCheckpoint(checkpoint, { architectures: ['LlamaForCausalLM'], attention_bias: true })
    const graphs = Precision.options.map(precision => {
      const path = join(folder, `${precision}.onnx`)
      const words = [MAIN, 'export', checkpoint, '-o', path, '--precision', precision]
      const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      return path
    })
    const errors = runPython(python, COMPARE, checkpoint, ...graphs)
      .trim()
      .split('\n')
    for (const [index, precision] of Precision.options.entries()) {
      expect(Number(errors[index])).toBeLessThan(precision === 'fp32' ? 1e-5 : RELATIVE_ERROR[precision].limit)
      expect(Number(errors[index])).toBeGreaterThan(0)
    }
  },
)
