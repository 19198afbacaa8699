/** Sixty of the ONNX backend tests: Assay's verdict is that of onnxruntime's Python. docs/onnx-backend.md has all of them. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Status } from '../../src/words.ts'
import { findPython } from '../python.ts'
import { conduct } from './conducted.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'benchmarks', 'onnx_backend.py')

/** By what is in them: every element type that Assay holds, scalars, no elements, NaN, subgraphs, several outputs. */
const PASSING = [
  ...['abs', 'add_uint8', 'add_int16', 'div_uint32', 'max_uint64', 'max_int8', 'max_float64', 'max_float16', 'and2d'],
  ...['argmax_default_axis_example', 'averagepool_2d_default', 'batchnorm_example', 'bitcast_uint16_to_int16'],
  ...['castlike_FLOAT_to_DOUBLE', 'castlike_DOUBLE_to_FLOAT16', 'clip_example', 'constantofshape_int_shape_zero'],
  ...['conv_with_strides_padding', 'dynamicquantizelinear', 'equal_int16', 'eyelike_with_dtype', 'gather_0'],
  ...['gru_defaults', 'if', 'isinf', 'isnan', 'layer_normalization_default_axis', 'loop11', 'lstm_defaults'],
  ...[
    'matmulinteger',
    'maxpool_2d_uint8',
    'nonzero_example',
    'pow_types_float32_int32',
    'qlinearmatmul_2D_uint8_float32',
  ],
  ...['reduce_sum_empty_set', 'resize_upsample_scales_nearest', 'scatternd', 'shape', 'size_example'],
  ...['split_zero_size_splits_opset18', 'top_k', 'where_example', 'attention_4d_fp16'],
  ...['attention_24_qk_matmul_output_mode3_softmax_precision_expanded', 'operator_conv', 'Softmin', 'sign_model'],
  'squeezenet',
]
const FAILING = [
  ...['resize_downsample_scales_cubic_align_corners', 'maxunpool_export_with_output_shape', 'training_dropout'],
  'attention_4d_with_past_and_present_qk_matmul_bias_3d_mask_causal',
]
/** What this onnxruntime does not implement: newer files, operators, kernels, attributes, cases. */
const SKIPPED = [
  ...['bitshift_left_int16', 'causal_conv_with_state_basic', 'adam', 'bernoulli', 'AvgPool1d', 'gru_batchwise'],
  ...['convinteger_with_padding', 'attention_3d_local_window'],
]
/** What it runs, and says is wrong while it runs. */
const ERRING = ['reduce_max_empty_set_bool', 'attention_4d_diff_heads_mask4d_padded_kv']
/** Of what onnxruntime's Python passes, what Assay does not hold. */
const BEYOND = { equal_string: "'x' is a tensor of STRING", sequence_insert_at_back: 'is a sequence, not a tensor' }

interface Verdicts {
  readonly runtime: { readonly verdict: string; readonly reason: string }
  readonly assay: { readonly status: Status; readonly reason: string }
}

const python = findPython(['onnx', 'onnxruntime', 'numpy'])
const verdicts = new Map<string, Verdicts>()
const home = mkdtempSync(join(tmpdir(), 'assay-onnx-backend-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

beforeAll(async () => {
  if ('missing' in python) return
  const names = [...PASSING, ...FAILING, ...SKIPPED, ...ERRING, ...Object.keys(BEYOND)].map(name => `test_${name}`)
  const { stdout, stderr, status } = spawnSync(python.command, [SCRIPT, home, ...names], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const [, ...lines] = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { kind: string; name: string } & Verdicts['runtime'])
  const models = lines.map(({ kind, name }) => `./${kind}/${name}/model.onnx`)
  const halves = [0, 1].map(half => models.filter((_, i) => i % 2 === half))
  const runs = await Promise.all(halves.map(half => conduct({ models: half, devices: ['ort:cpu'] }, home)))
  const units = new Map(runs.flatMap(({ result }) => result.units).map(unit => [unit.model, unit]))
  for (const { kind, name, verdict, reason } of lines) {
    const unit = units.get(`./${kind}/${name}/model.onnx`)
    if (unit === undefined) throw new Error(`${name} has not ended`)
    const assay = { status: unit.status, reason: unit.reason ?? '' }
    verdicts.set(name.replace(/^test_/, ''), { runtime: { verdict, reason }, assay })
  }
}, 300_000)

function of(name: string): Verdicts {
  const found = verdicts.get(name)
  if (found === undefined) throw new Error(`the package onnx has no test_${name}`)
  return found
}

/** The end of what onnxruntime said, on one line. */
const lastWords = (reason: string) => reason.replace(/\s+/g, ' ').trim().slice(-40)

describe.skipIf('missing' in python)(
  `the ONNX backend tests${'missing' in python ? `: ${python.missing}` : ''}`,
  () => {
    test.each(PASSING)('%s passes', name => {
      expect(of(name)).toMatchObject({ runtime: { verdict: 'pass' }, assay: { status: 'pass', reason: '' } })
    })

    test.each(FAILING)('%s fails', name => {
      expect(of(name)).toMatchObject({ runtime: { verdict: 'fail' }, assay: { status: 'fail' } })
    })

    test.each(SKIPPED)("%s is skipped, with onnxruntime's own words", name => {
      const { runtime, assay } = of(name)
      expect(runtime.verdict).toBe('refused')
      expect(assay).toMatchObject({ status: 'skip', reason: expect.stringContaining(lastWords(runtime.reason)) })
    })

    test.each(ERRING)("%s is an error, with onnxruntime's own words", name => {
      const { runtime, assay } = of(name)
      expect(runtime.verdict).toBe('refused')
      expect(assay.status).toBe('error')
      expect(assay.reason.replace(/\s+/g, ' ')).toContain(lastWords(runtime.reason))
    })

    test.each(Object.entries(BEYOND))('%s is skipped, and the reason says what Assay does not hold', (name, reason) => {
      expect(of(name)).toMatchObject({
        runtime: { verdict: 'pass' },
        assay: { status: 'skip', reason: expect.stringContaining(reason) },
      })
    })
  },
)
