import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'

export const models = defineCommand({
  name: 'models',
  group: 'Look around:',
  summary: 'models that need no download, and what else can run',
  arguments: {},
  options: {},
  examples: [
    { command: 'models', about: 'what parity, bench and export take by name' },
    { command: 'models --json', about: 'with fingerprints, for a script' },
  ],
  async handler(_, { output }) {
    const { listModels } = await import('../listed.ts')
    const { formatBytes, formatParameters } = await import('../../reporters/format.ts')
    const { renderTable } = await import('../table.ts')
    const listed = listModels()
    output.answer(listed, () =>
      [
        renderTable(
          [
            { header: ['model'] },
            { header: ['parameters'], align: 'right' },
            { header: ['on disk'], align: 'right' },
            { header: ['in fp32'], align: 'right' },
            { header: ['what it is'], isFlexible: true },
          ],
          listed.models.map(({ model, parameters, sizeBytes, fp32Bytes, summary }) => [
            model,
            formatParameters(parameters),
            formatBytes(sizeBytes),
            formatBytes(fp32Bytes),
            summary,
          ]),
          output,
        ),
        '',
        'At another size: arch/NAME@SCALE, as arch/llama-3-8b@1/8; docs/models.md has the rule.',
        'Also: a Hugging Face directory (config.json, *.safetensors) or an .onnx file, by its path.',
        `Families: ${listed.families.join(', ')}; docs/models.md has the names by which a config.json finds them.`,
      ].join('\n'),
    )
    return EXIT.pass
  },
})
