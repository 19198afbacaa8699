import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { argument } from '../option.ts'

export const goldenShow = defineCommand({
  name: 'golden show',
  group: 'Take along:',
  summary: 'what a golden holds, and who made it',
  arguments: { file: argument('<file>', 'a golden, a .safetensors file') },
  options: {},
  examples: [
    { command: 'golden show lab7.safetensors', about: 'a table of its cases' },
    { command: 'golden show lab7.safetensors --json', about: 'for a script' },
  ],
  async handler({ file }, { output, cwd }) {
    const { readGolden } = await import('../../goldens/golden.ts')
    const { describeProducer } = await import('../../goldens/producer.ts')
    const { tensorsOf } = await import('../verified.ts')
    const { renderTable } = await import('../table.ts')
    const golden = readGolden(resolve(cwd, file))
    const { model, fingerprint, producer, precision } = golden
    const tensors = tensorsOf(golden).map(({ name, tensor }) => ({ name, type: tensor.type, shape: tensor.shape }))
    output.answer({ file, model, fingerprint, producer, precision, cases: golden.outputs.size, tensors }, () =>
      [
        `model        ${model}`,
        `precision    ${precision}`,
        `producer     ${describeProducer(producer)}`,
        `fingerprint  ${fingerprint === '' ? 'unknown' : fingerprint}`,
        '',
        renderTable(
          [{ header: ['tensor'], isFlexible: true }, { header: ['type'] }, { header: ['shape'] }],
          tensors.map(({ name, type, shape }) => [name, type, `[${shape.join(', ')}]`]),
          output,
        ),
      ].join('\n'),
    )
    return EXIT.pass
  },
})
