/** Pictures beside the cases of a check that a person will want to look at. */
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import type { CaseResult, CheckResult, PictureBox } from '../../events/result.ts'
import { type Detection, matchBoxes } from '../../metrics/index.ts'
import { detectionsOfGraph, pictureOf, type VisionWorkload } from '../../workloads/vision/index.ts'

/** Of a check; the document holds them all. */
const MOST_PICTURES = 24
/** A class is seen in few px, boxes want more. */
const SIDES_PX: Readonly<Record<string, number>> = { 'accuracy-parity': 96, 'detection-parity': 320 }

interface BothSides {
  readonly reference: Outputs | null
  readonly device: Outputs
}

/** The same result with pictures of the cases that did not simply agree: those that failed first. */
export async function illustrated(
  check: CheckResult,
  workload: VisionWorkload,
  sides: BothSides,
): Promise<CheckResult> {
  const px = SIDES_PX[check.name]
  if (px === undefined) return check
  const sources = new Map(workload.cases.flatMap(({ id, of }) => ('source' in of ? [[id, of.source] as const] : [])))
  const shown = new Set(
    check.cases
      .filter(isWorthALook)
      .toSorted((a, b) => Number(a.status === 'pass') - Number(b.status === 'pass'))
      .slice(0, MOST_PICTURES),
  )
  const cases = await Promise.all(
    check.cases.map(async (one): Promise<CaseResult> => {
      const source = sources.get(one.id)
      if (!shown.has(one) || source === undefined) return one
      return { ...one, picture: await pictureOf(source, px, boxesOf(one.id, workload, sides)) }
    }),
  )
  return { ...check, cases }
}

/** One that failed, and one whose sides chose differently without fault, of which the check says more. */
function isWorthALook({ status, details }: CaseResult): boolean {
  return status === 'fail' || status === 'inconclusive' || Object.keys(details).length > 0
}

/** What both sides found in a scene, and what is there; none of a classified image. */
function boxesOf(id: string, workload: VisionWorkload, { reference, device }: BothSides): PictureBox[] {
  const [ours, theirs] = [detectionsIn(reference?.get(id)), detectionsIn(device.get(id))]
  const { pairs } = matchBoxes(ours, theirs)
  const matched = {
    reference: new Set(pairs.map(pair => pair.reference)),
    device: new Set(pairs.map(pair => pair.device)),
  }
  const found = (side: 'reference' | 'device', detections: readonly Detection[]) =>
    detections.map(
      ({ box: [x1, y1, x2, y2], label, score }, at): PictureBox => ({
        side,
        box: [x1, y1, x2, y2],
        label: workload.className(label),
        score,
        isMatched: matched[side].has(at),
      }),
    )
  const item = workload.cases.find(one => one.id === id)
  const scene = item !== undefined && 'scene' in item.of ? item.of.scene : null
  const truth = (scene?.boxes ?? []).map(
    ([x1, y1, x2, y2], at): PictureBox => ({
      side: 'truth',
      box: [x1, y1, x2, y2],
      label: workload.className(scene?.classes[at] ?? -1),
      score: null,
      isMatched: true,
    }),
  )
  return [...truth, ...found('reference', ours), ...found('device', theirs)]
}

/** Those that can be drawn. */
function detectionsIn(given: CaseOutputs | undefined): Detection[] {
  const { boxes, scores, labels } = given?.outputs ?? {}
  if (!boxes || !scores || !labels) return []
  return detectionsOfGraph(boxes, scores, labels).filter(({ box, score }) => [...box, score].every(Number.isFinite))
}
