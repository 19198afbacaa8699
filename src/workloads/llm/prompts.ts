/** What a language model is asked: prompts with, where they are known, their answers; and a text for perplexity. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { AssayError } from '../../errors.ts'
import { ChatMessage } from './chat-template.ts'

export const Prompt = z
  .object({
    id: z.string().regex(/^[A-Za-z0-9._-]+$/, 'an id is made of letters, digits, dots, dashes and underscores'),
    /** A beginning, to be continued as it stands. */
    text: z.string().min(1).optional(),
    /** A conversation, to be written down by the model's chat template. */
    messages: z.array(ChatMessage).min(1).optional(),
    /** The exact text up to the end of the sequence, trimmed; absent where only agreement counts. */
    answer: z.string().optional(),
  })
  .refine(
    ({ text, messages }) => (text === undefined) !== (messages === undefined),
    'a prompt has either a text or messages',
  )
export type Prompt = z.infer<typeof Prompt>

const WorkloadFile = z.object({
  prompts: z.array(Prompt).min(1),
  perplexity: z.object({ text: z.string() }).optional(),
})

/** Prompts for a model that brings none: of several kinds and lengths, in plain English that any tokenizer covers. */
export const DEFAULT_PROMPTS: readonly Prompt[] = [
  { id: 'capital-france', text: 'The capital of France is' },
  { id: 'sum', text: '2 + 2 =' },
  { id: 'code-fibonacci', text: 'def fibonacci(n):\n' },
  { id: 'translation', text: 'Translate to French: Good morning ->' },
  { id: 'story', text: 'Once upon a time, in a small village by the sea,' },
  { id: 'list', text: 'Monday, Tuesday, Wednesday,' },
  { id: 'science', text: 'Water boils at 100 degrees Celsius at sea level because' },
  {
    id: 'code-class',
    text: 'class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n',
  },
  { id: 'question', text: 'Question: What is the largest planet in the solar system?\nAnswer:' },
  { id: 'numbers', text: '1, 1, 2, 3, 5, 8, 13,' },
  { id: 'single-token', text: 'The' },
  {
    id: 'letter',
    text:
      'Dear Sir or Madam,\n\nI am writing to ask about the position that was advertised in last week’s newspaper. I have worked ' +
      'for six years as an engineer in a laboratory that tests measuring instruments, and I believe that',
  },
]

/** Reads a file of prompts. Throws AssayError('plan-invalid') naming the place. */
function readWorkload(path: string): { prompts: Prompt[]; text: string | null } {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new AssayError(
      'plan-invalid',
      `the prompts cannot be read: ${error instanceof Error ? error.message : error}`,
      {
        where: path,
      },
    )
  }
  const result = WorkloadFile.safeParse(parsed)
  if (!result.success) {
    const [issue] = result.error.issues
    throw new AssayError('plan-invalid', issue?.message ?? 'malformed', {
      where: `${path}: ${issue?.path.join('.') ?? ''}`,
      hint: '{ "prompts": [{ "id": "...", "text": "...", "answer": "..." }] }, or "messages": [{ "role": "user", "content": "..." }] in place of the text',
    })
  }
  const { prompts, perplexity } = result.data
  const repeated = prompts.find(({ id }, index) => prompts.findIndex(other => other.id === id) !== index)
  if (repeated) throw new AssayError('plan-invalid', `two prompts have the id '${repeated.id}'`, { where: path })
  return { prompts, text: perplexity ? readText(resolve(dirname(path), perplexity.text)) : null }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new AssayError('plan-invalid', `the text cannot be read: ${error instanceof Error ? error.message : error}`, {
      where: path,
    })
  }
}

/** English prose that no model was trained on: the zoo's own held-out text, for models that bring none. */
const DEFAULT_TEXT = resolve(import.meta.dirname, '..', '..', '..', 'zoo', 'llama', 'heldout.txt')

/** What a model is asked. */
export interface PromptSet {
  readonly prompts: readonly Prompt[]
  /** The file that they were chosen by; null for the usual ones. */
  readonly origin: string | null
  readonly text: string | null
}

/** The prompts and the text for a model: the plan's, else those in the model's directory (workload.json), else the defaults. */
export function promptsFor(
  directory: string | null,
  chosen: { readonly prompts?: string | undefined; readonly text?: string | undefined },
): PromptSet {
  const own = directory === null ? null : join(directory, 'workload.json')
  const path = chosen.prompts ?? (own !== null && existsSync(own) ? own : null)
  const file = { origin: path, ...(path === null ? { prompts: DEFAULT_PROMPTS, text: null } : readWorkload(path)) }
  if (chosen.text !== undefined) return { ...file, text: readText(chosen.text) }
  return { ...file, text: file.text ?? (existsSync(DEFAULT_TEXT) ? readText(DEFAULT_TEXT) : null) }
}
