/** Vision models through the real runner and real workers: who is judged by what, what is found, what ends a unit. */
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ResultDocument } from '../../src/events/result.ts'
import { readGolden, writeGolden } from '../../src/goldens/golden.ts'
import { tensorOf, toFloat32, toNumbers } from '../../src/tensor.ts'
import { newSite } from '../cli/assay.ts'
import { conduct, faulty } from '../run/conducted.ts'
import { temporaryDirectory } from '../temporary.ts'
import { writeCoco, writeImageFolder } from './images.ts'
import { TINY_YOLO, visionModel } from './models.ts'

const CLASSES = ['red', 'green', 'blue']

async function classifier(each = 3): Promise<string> {
  const folder = temporaryDirectory()
  await writeImageFolder(join(folder, 'images'), CLASSES, each)
  visionModel(folder)
  return folder
}

const statuses = (checks: readonly { name: string; status: string }[]) =>
  Object.fromEntries(checks.map(({ name, status }) => [name, status]))

describe('a classifier', { timeout: 240_000 }, () => {
  test('is judged by the reference device on every image; what scales its logits is found, and accuracy is not blamed for it', async () => {
    const folder = await classifier(7)
    const plan = {
      models: [{ model: './model', images: 'images' }],
      engines: faulty('scaled', 'honest'),
      devices: ['scaled:cpu', 'honest:cpu'],
    }
    const { unit } = await conduct(plan, folder)
    const honest = unit('honest:cpu')
    expect(honest).toMatchObject({ category: 'vision', status: 'pass', reason: null })
    expect(statuses(honest.checks)).toEqual({
      'logits-parity': 'pass',
      'accuracy-parity': 'pass',
      'batch-invariance': 'pass',
      determinism: 'pass',
    })
    const accuracy = honest.checks.find(({ name }) => name === 'accuracy-parity')
    expect(accuracy).toMatchObject({ samples: 21, reference: 'ort:cpu fp32', metrics: { agreement: 1 } })
    expect(statuses(unit('scaled:cpu').checks)).toMatchObject({ 'logits-parity': 'fail', 'accuracy-parity': 'pass' })
  })

  test('that is the reference itself is skipped with the reason and what to do, where no golden is there', async () => {
    const folder = await classifier()
    const { unit } = await conduct({ models: [{ model: './model', images: 'images' }], devices: ['ort:cpu'] }, folder)
    const skipped = unit('ort:cpu').checks.find(({ name }) => name === 'accuracy-parity')
    expect(skipped).toMatchObject({ status: 'skip' })
    expect(skipped?.reason).toMatch(/comparing a device with itself proves nothing; .*--golden FILE/)
  })

  test('ends as an error that names an image that cannot be read, and leaves nothing out in silence', async () => {
    const folder = await classifier()
    truncateSync(join(folder, 'images', 'green', '1.png'), 500)
    const plan = { models: [{ model: './model', images: 'images' }], devices: ['ort:cpu'], engines: {} }
    const { unit } = await conduct(plan, folder)
    expect(unit('ort:cpu')).toMatchObject({ status: 'error', fault: 'assay' })
    expect(unit('ort:cpu').reason).toMatch(/the image cannot be read: .*green\/1\.png/)
  })
})

describe('goldens of images', { timeout: 240_000 }, () => {
  test('are captured, and judge; a golden whose logits are others’ fails the device, with the picture of the image', async () => {
    const site = newSite()
    await writeImageFolder(join(site.cwd, 'images'), CLASSES)
    visionModel(site.cwd)
    const captured = await site.assay(
      'golden',
      'capture',
      './model',
      '--images',
      'images',
      '-o',
      'g.safetensors',
      '--json',
    )
    expect(captured, captured.stderr).toMatchObject({ code: 0 })
    const golden = readGolden(join(site.cwd, 'g.safetensors'))
    expect([...golden.outputs.keys()].filter(id => id.startsWith('images.'))).toHaveLength(6)
    expect(
      toNumbers(golden.outputs.get('images.green.0.png')?.inputs['labels'] ?? tensorOf([0], new Uint8Array())),
    ).toEqual([1])

    const words = [
      'parity',
      './model',
      '--images',
      'images',
      '--device',
      'ort:cpu',
      '--golden',
      'g.safetensors',
      '--json',
    ]
    const right = await site.assay(...words)
    expect(right, right.stderr).toMatchObject({ code: 0 })

    const other = new Map(golden.outputs)
    const stored = other.get('images.red.0.png')
    const logits = stored?.outputs['logits']
    if (!stored || !logits) throw new Error('no such case')
    other.set('images.red.0.png', {
      ...stored,
      outputs: {
        logits: tensorOf(
          logits.shape,
          toFloat32(logits).map(x => -x),
        ),
      },
    })
    writeGolden(join(site.cwd, 'g.safetensors'), { ...golden, outputs: other })
    const wrong = await site.assay(...words)
    expect(wrong.code).toBe(1)
    const [unit] = ResultDocument.parse(JSON.parse(wrong.stdout)).units
    const parity = unit?.checks.find(({ name }) => name === 'accuracy-parity')
    const failed = parity?.cases.find(({ status }) => status === 'fail')
    expect(failed).toMatchObject({ id: 'images.red.0.png', picture: { width: 40, height: 36, boxes: [] } })
    expect(failed?.picture?.url).toMatch(/^data:image\/webp;base64,/)

    const repro = await site.assay('repro', 'latest', '-o', 'shown', '--json')
    expect(repro, repro.stderr).toMatchObject({ code: 0 })
    expect(existsSync(join(site.cwd, 'shown', 'images', 'red', '0.png'))).toBe(true)
    const again = await site.assay('run', 'shown/plan.yaml', '--no-report', '--json')
    expect(again.code, again.stderr).toBe(1)
  })

  test('an image of a golden that the dataset lacks is named, and not taken for the device’s fault', async () => {
    const site = newSite()
    await writeImageFolder(join(site.cwd, 'images'), CLASSES)
    await writeImageFolder(join(site.cwd, 'few'), CLASSES, 1)
    visionModel(site.cwd)
    await site.assay('golden', 'capture', './model', '--images', 'images', '-o', 'g.safetensors')
    const judged = await site.assay(
      'parity',
      './model',
      '--images',
      'few',
      '--device',
      'ort:cpu',
      '--golden',
      'g.safetensors',
      '--json',
    )
    const [unit] = ResultDocument.parse(JSON.parse(judged.stdout)).units
    expect(unit).toMatchObject({ status: 'error', fault: 'assay' })
    expect(unit?.reason).toMatch(
      /the golden is of 3 images that are not here: blue\.1\.png, green\.1\.png, red\.1\.png/,
    )
  })

  test('a corrupt image is refused before a golden is written', async () => {
    const site = newSite()
    await writeImageFolder(join(site.cwd, 'images'), CLASSES, 1)
    visionModel(site.cwd)
    writeFileSync(join(site.cwd, 'images', 'red', '0.png'), 'not an image')
    const captured = await site.assay('golden', 'capture', './model', '--images', 'images', '-o', 'g.safetensors')
    expect(captured.code).toBe(2)
    expect(captured.stderr).toMatch(/the image cannot be read[\s\S]*red\/0\.png/)
    expect(existsSync(join(site.cwd, 'g.safetensors'))).toBe(false)
  })
})

describe('a detector', { timeout: 240_000 }, () => {
  test('is judged by its raw outputs and by its boxes in the image, with what is true of it', async () => {
    const folder = temporaryDirectory()
    await writeCoco(join(folder, 'images'))
    visionModel(folder, { score_threshold: 0.49 }, null, TINY_YOLO)
    const plan = {
      models: [{ model: './model', images: 'images' }],
      engines: faulty('honest', 'scaled'),
      devices: ['honest:cpu', 'scaled:cpu'],
    }
    const { unit } = await conduct(plan, folder)
    expect(statuses(unit('honest:cpu').checks)).toEqual({
      'outputs-parity': 'pass',
      'detection-parity': 'pass',
      // Two images are too few to show a drop of a point.
      map: 'inconclusive',
      determinism: 'pass',
    })
    const scenes = unit('honest:cpu').checks.find(({ name }) => name === 'detection-parity')
    expect(scenes?.metrics['boxes'] ?? scenes?.metrics['matched'] ?? 0).toBeGreaterThan(0)
    expect(statuses(unit('scaled:cpu').checks)).toMatchObject({ 'outputs-parity': 'fail' })
  })
})
