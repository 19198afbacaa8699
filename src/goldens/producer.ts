/** Who made a golden: an engine on a device, or whatever a tool calls itself. */
import { z } from 'zod'

const Structured = z.object({
  engine: z.string(),
  device: z.string(),
  /** By package: {"torch": "2.13.0"}. */
  versions: z.record(z.string(), z.string()).default({}),
})

export type Producer = string | z.output<typeof Structured>

/** The metadata's `producer`: the JSON of engine, device and versions, or any other text as it stands. */
export function parseProducer(stored: string): Producer {
  let parsed: unknown
  try {
    parsed = JSON.parse(stored)
  } catch {
    return stored // not JSON, so a tool's own words
  }
  const producer = Structured.safeParse(parsed)
  return producer.success ? producer.data : stored
}

export function storedProducer(producer: Producer): string {
  return typeof producer === 'string' ? producer : JSON.stringify(producer)
}

/** A producer for people: "torch 2.13.0 cpu". */
export function describeProducer(producer: Producer): string {
  if (typeof producer === 'string') return producer
  const { engine, device, versions } = producer
  return [engine, versions[engine], device].filter(part => part !== undefined && part !== '').join(' ')
}
