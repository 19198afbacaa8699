import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { argument, asText, option } from '../option.ts'

export const goldenVerify = defineCommand({
  name: 'golden verify',
  group: 'Take along:',
  summary: 'is a golden well formed, finite, and of this model?',
  details:
    'Exit code 0 where it can be used, 1 where it holds values that are not finite, 2 where it is malformed or of other weights.',
  arguments: { file: argument('<file>', 'a golden, a .safetensors file') },
  options: { model: option('-m, --model <model>', 'the model that it should be of, by its fingerprint', asText) },
  examples: [
    { command: 'golden verify lab7.safetensors', about: 'its format and its values' },
    { command: 'golden verify lab7.safetensors --model zoo/llama', about: 'and that it was made of the same weights' },
  ],
  async handler({ file, model }, { output, cwd, home }) {
    const { verifyGolden } = await import('../verified.ts')
    const verified = verifyGolden(resolve(cwd, file), file, model, cwd, home)
    const { plural } = await import('../../reporters/format.ts')
    output.answer(verified, () =>
      [
        `${file}: ${plural(verified.cases, 'case')}, ${plural(verified.tensors, 'tensor')}, ${verified.fingerprint.says}`,
        ...verified.notFinite.map(({ tensor, count }) => `${tensor}: ${plural(count, 'value')} not finite`),
      ].join('\n'),
    )
    return verified.notFinite.length === 0 ? EXIT.pass : EXIT.fail
  },
})
