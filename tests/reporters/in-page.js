/** What browser.test.ts runs inside the page. JavaScript, so that the types of the DOM stay out of a program that has none. */

/** The least contrast of a text with what is painted behind it, and where (WCAG 2.2, 1.4.3). */
export function leastContrast() {
  const channels = color => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = color => {
    const [r = 0, g = 0, b = 0] = channels(color).map(value => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = element => {
    if (element === null) return 'rgb(255, 255, 255)'
    const color = getComputedStyle(element).backgroundColor
    return channels(color)[3] === 0 ? behind(element.parentElement) : color
  }
  let least = { ratio: 21, text: '' }
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
    if (!hasText || !element.checkVisibility() || element.closest('script, title, .skip-link')) continue
    const style = getComputedStyle(element)
    const front = luminance(element instanceof SVGElement ? style.fill : style.color)
    const back = luminance(behind(element))
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)
    if (ratio < least.ratio) least = { ratio, text: `${element.outerHTML.slice(0, 120)}` }
  }
  return least
}

/** Elements that scroll sideways but cannot be reached by keyboard. */
export function unreachableScrollers() {
  return [...document.querySelectorAll('*')]
    .filter(element => element.scrollWidth > element.clientWidth)
    .filter(element => /auto|scroll/.test(getComputedStyle(element).overflowX) && element.tabIndex !== 0)
    .map(element => String(element.className))
}

export function openAllDetails() {
  for (const details of document.querySelectorAll('details')) details.open = true
}

/** For each row of the matrix, its cells' badges or else their texts. */
export function matrixTexts() {
  return [...document.querySelectorAll('.matrix tbody tr')].map(row =>
    [...row.querySelectorAll('th, td')].map(cell => String((cell.querySelector('.badge') ?? cell).textContent)),
  )
}

export function pageWidth() {
  return Number(document.documentElement.scrollWidth)
}

export function background() {
  return String(getComputedStyle(document.body).backgroundColor)
}

export function focusedText() {
  return String(document.activeElement?.textContent)
}

export function announcePrint() {
  dispatchEvent(new Event('beforeprint'))
}

/** The width and the dashes of each line, as they are drawn. */
export function boxStrokes(lines) {
  return lines.map(line => {
    const { strokeWidth, strokeDasharray } = getComputedStyle(line)
    return `${strokeWidth} ${strokeDasharray}`
  })
}
