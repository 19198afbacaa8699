/** The classes of a dataset against those of a model, by their names. Pure. */

/** Names of a model's classes in order; null where its config has none, or only placeholders. */
export function labelsOf(config: Readonly<Record<string, unknown>>, classes: number): string[] | null {
  const named = config['id2label']
  if (typeof named !== 'object' || named === null) return null
  const entries = new Map(Object.entries(named).map(([id, label]) => [Number(id), String(label)]))
  const labels = Array.from({ length: classes }, (_, id) => entries.get(id) ?? '')
  // transformers' PretrainedConfig writes LABEL_0, LABEL_1 ... where nobody named them.
  return labels.every(label => label === '' || /^LABEL_\d+$/.test(label)) ? null : labels
}

/** The class of a name: as it stands, else whatever its case and its separators, else by the first of its synonyms ("tench, Tinca tinca"). */
export function classNamed(name: string, labels: readonly string[]): number | null {
  const steps: ((label: string) => string)[] = [label => label, plain, label => plain(label.split(',')[0] ?? '')]
  for (const step of steps) {
    const found = labels.findIndex(label => label !== '' && step(label) === step(name))
    if (found >= 0) return found
  }
  return null
}

const plain = (label: string) =>
  label
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
