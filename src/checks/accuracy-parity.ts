import { type Accuracy, accuracyFindings, accuracyOf } from './accuracy.ts'
import { againstReference } from './against-reference.ts'
import type { Check } from './check.ts'
import { conclude } from './conclusion.ts'
import { ACCURACY, FLIPS, NON_FINITE, RELATIVE_ERROR } from './defaults.ts'
import { type AnsweredImage, judgeImage } from './image.ts'
import { pairCases } from './pairing.ts'
import { smallestAccuracyDrop, smallestShare } from './smallest-drop.ts'

const NAME = 'accuracy-parity'
const KIND = 'images'

/** Top-5 of five classes is always right. */
const FEW_CLASSES = 5

/**
 * Cases `images.*`, output `logits` [1, classes], input `labels` [1] where the true class is known: image by image the reference's class,
 * and over all images its accuracy. How large the logits are plays no part: `logits-parity` judges that, on fewer images.
 */
export const accuracyParity: Check = {
  name: NAME,
  summary: "every image is given the reference's class, but for near ties, and accuracy is within 1 point",
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const limit = RELATIVE_ERROR[context.precision]
    const images = pairCases(KIND, reference.outputs, device).map(pair => judgeImage(pair, limit, context))
    // An image that cannot be judged hides nothing of the others.
    const answered = images
      .filter(({ judgement }) => judgement.result.status !== 'inconclusive')
      .flatMap(image => image.answered ?? [])
    const ranks = answered.flatMap(image => image.ranks ?? [])
    const top1 = ranks.length > 0 ? accuracyOf(ranks, 1) : null
    const hasTop5 = answered.every(({ classes }) => classes > FEW_CLASSES)
    const top5 = ranks.length > 0 && hasTop5 ? accuracyOf(ranks, FEW_CLASSES) : null
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: images.map(({ judgement }) => judgement),
      metrics: answered.length === 0 ? {} : { ...accuracyMetrics(top1, top5), ...agreementMetrics(answered) },
      thresholds: {
        ...(top1 !== null && { accuracyDifference: ACCURACY }),
        ...(top5 !== null && { top5Difference: ACCURACY }),
        flips: FLIPS,
        nonFinite: NON_FINITE,
      },
      smallestDrop:
        top1 === null ? smallestShare(answered.length) : smallestAccuracyDrop(top1.images, top1.lost, top1.gained),
      findings: [
        ...(top1 === null ? [] : accuracyFindings('accuracy', top1)),
        ...(top5 === null ? [] : accuracyFindings('top-5 accuracy', top5)),
      ],
    })
  }),
}

function accuracyMetrics(top1: Accuracy | null, top5: Accuracy | null): Record<string, number> {
  return {
    ...(top1 !== null && {
      accuracy: top1.device,
      referenceAccuracy: top1.reference,
      accuracyDifference: top1.difference,
      lost: top1.lost,
      gained: top1.gained,
      mcnemarP: top1.p,
    }),
    ...(top5 !== null && {
      top5Accuracy: top5.device,
      referenceTop5Accuracy: top5.reference,
      top5Difference: top5.difference,
    }),
  }
}

function agreementMetrics(answered: readonly AnsweredImage[]): Record<string, number> {
  const count = (flip: AnsweredImage['flip']) => answered.filter(image => image.flip === flip).length
  return {
    agreement: count(null) / answered.length,
    flips: count('fault'),
    nearTies: count('near-tie'),
    nonFinite: answered.reduce((sum, { nonFinite }) => sum + nonFinite, 0),
  }
}
