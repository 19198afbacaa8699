/** A Hugging Face tokenizer.json, as the model's directory has it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { AssayError } from '../../errors.ts'
import { type Chat, openChatTemplate } from './chat-template.ts'

export interface TextCodec {
  /** Token ids of a prompt, with the special tokens that the tokenizer adds. */
  encode(text: string): number[]
  /** Token ids of running text, with no special token added. */
  encodePlain(text: string): number[]
  /** Text of token ids, special tokens left out. */
  decode(tokens: readonly number[]): string
  /** The text of a conversation, its special tokens in it; null where the model has no chat template. */
  readonly chat: Chat | null
  /** Text of one token, `<s>` for a special one. */
  tokenText(token: number): string
}

function readJson(path: string): object {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch (error) {
    throw new AssayError('tokenizer-invalid', error instanceof Error ? error.message : String(error), { where: path })
  }
  throw new AssayError('tokenizer-invalid', 'not a JSON object', { where: path })
}

/** The tokenizer of a model directory, or null where it has none. Its ids must fit the embedding's `vocabulary` rows. */
export function openTokenizer(directory: string, vocabulary: number): TextCodec | null {
  const path = join(directory, 'tokenizer.json')
  if (!existsSync(path)) return null
  const configPath = join(directory, 'tokenizer_config.json')
  const config = existsSync(configPath) ? readJson(configPath) : {}
  const tokenizer = makeTokenizer(readJson(path), config, path)
  const largest = Math.max(...tokenizer.get_vocab(true).values())
  if (largest >= vocabulary)
    throw new AssayError(
      'tokenizer-invalid',
      `the tokenizer has ids up to ${largest}, the embedding only ${vocabulary} rows`,
      {
        where: path,
        hint: 'the tokenizer belongs to another model',
      },
    )
  return {
    encode: text => Array.from(tokenizer.encode(text).ids),
    encodePlain: text => Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode: tokens => tokenizer.decode([...tokens], { skip_special_tokens: true }),
    chat: openChatTemplate(directory, config),
    tokenText: token => tokenizer.decode([token], { skip_special_tokens: false }),
  }
}

function makeTokenizer(json: object, config: object, where: string): Tokenizer {
  try {
    return new Tokenizer(json, config)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new AssayError('tokenizer-invalid', `the tokenizer cannot be read: ${message}`, { where })
  }
}
