/** What a number of samples could have shown at all: a pass says no more than that. */

/** The significance of every statement here. */
export const ALPHA = 0.05

/** Standard normal quantiles of 1 - alpha (5 %, one-sided) and of the power (80 %), TensorRT-LLM's choice. */
const Z_ALPHA = 1.6449
const Z_POWER = 0.8416

/**
 * The smallest share of faults that `samples` without one exclude, one-sided at 95 %; null for no samples.
 *
 * With a true share s, all n samples are right with probability (1 - s)^n; that falls to 5 % at s = 1 - 0.05^(1/n), about
 * 3/n: the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983).
 */
export function smallestShare(samples: number): number | null {
  return samples > 0 ? 1 - ALPHA ** (1 / samples) : null
}

/**
 * The smallest change of a mean that would have been shown at 5 % one-sided with 80 % power, given the standard error of
 * the paired differences. TensorRT-LLM's theta = (z_alpha + z_beta) sqrt(2 sigma^2 / n) for two independent samples, with
 * the paired standard error in the place of the root.
 */
export function smallestMeanShift(standardError: number): number {
  return (Z_ALPHA + Z_POWER) * standardError
}

/**
 * The smallest drop of accuracy that these images could have shown: that of the paired differences, and never less than the
 * share of images that so many exclude without a fault. Null for no image.
 */
export function smallestAccuracyDrop(images: number, lost: number, gained: number): number | null {
  const share = smallestShare(images)
  return share === null ? null : Math.max(share, smallestMeanShift(pairedError(images, lost, gained)))
}

/**
 * The standard error of a difference of two shares of the same `samples`, of which `lost` were right on the one side alone and
 * `gained` on the other alone: the variance of the sum of paired differences of +1, 0 and -1 (A. Agresti, Categorical Data Analysis,
 * 3rd ed., section 11.1).
 */
export function pairedError(samples: number, lost: number, gained: number): number {
  return Math.sqrt(lost + gained - (lost - gained) ** 2 / samples) / samples
}
