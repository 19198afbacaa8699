/** A model's chat template: how messages become the text that an instruct model was trained on. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Template } from '@huggingface/jinja'
import { z } from 'zod'
import { AssayError } from '../../errors.ts'

export const ChatMessage = z.strictObject({ role: z.string().min(1), content: z.string() })
export type ChatMessage = z.infer<typeof ChatMessage>

/** The text of messages, up to where the model's answer begins. Throws where the template refuses them. */
export type Chat = (messages: readonly ChatMessage[]) => string

/** The special tokens that templates know by name, as in transformers' `special_tokens_map`. */
const SPECIAL_TOKENS = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const

const Token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
const Config = z.object({
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish()
    .transform(value => value ?? null),
})

/** Of several templates the one that is meant where none is asked for. */
const USUAL = 'default'

/**
 * The chat template of a model directory, or null where it has none: `chat_template.jinja`, else `chat_template` of
 * tokenizer_config.json, as transformers looks. Throws AssayError('tokenizer-invalid') for one that cannot be read.
 */
export function openChatTemplate(directory: string, config: object): Chat | null {
  const found = findTemplate(directory, config)
  if (found === null) return null
  const template = parseTemplate(found.text, found.where)
  const tokens = specialTokens(config)
  return messages => template.render({ messages, tools: null, documents: null, add_generation_prompt: true, ...tokens })
}

function findTemplate(directory: string, config: object): { readonly text: string; readonly where: string } | null {
  const own = join(directory, 'chat_template.jinja')
  if (existsSync(own)) return { text: readFileSync(own, 'utf8'), where: own }
  const where = join(directory, 'tokenizer_config.json')
  const parsed = Config.safeParse(config)
  if (!parsed.success)
    throw new AssayError('tokenizer-invalid', 'chat_template is neither a template nor a list of them', { where })
  const { chat_template: given } = parsed.data
  if (given === null) return null
  if (typeof given === 'string') return { text: given, where }
  const usual = given.find(({ name }) => name === USUAL)
  if (usual) return { text: usual.template, where }
  throw new AssayError('tokenizer-invalid', `no chat template is named '${USUAL}'`, {
    where,
    hint: `there are ${given.map(({ name }) => name).join(', ') || 'none at all'}`,
  })
}

function parseTemplate(text: string, where: string): Template {
  try {
    return new Template(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new AssayError('tokenizer-invalid', `the chat template cannot be read: ${message}`, { where })
  }
}

/** Those that the tokenizer has; a template sees no others. */
function specialTokens(config: object): Record<string, string> {
  const given = new Map<string, unknown>(Object.entries(config))
  return Object.fromEntries(
    SPECIAL_TOKENS.flatMap(name => {
      const token = Token.safeParse(given.get(name))
      return token.success ? [[name, token.data]] : []
    }),
  )
}
