// Looks at a page the way different people see it: small and large, light and dark, read from right
// to left, and through the rules of axe-core. Leaves pictures for people to look at.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const { source: axe } = createRequire(import.meta.url)('axe-core')

/** Where the pictures go. */
export const shots = process.env.PORTICO_SHOTS ?? fileURLToPath(new URL('shots', import.meta.url))

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
]
const NARROW = { width: 320, height: 640 }

/**
 * Looks at what `page` shows now, in every size and scheme, frames included.
 * Throws with all that is wrong; the pictures are in `shots/<size>-<scheme>/<name>.png`.
 */
export async function look(page, name) {
  const before = page.viewportSize()
  const wrong = []
  for (const size of SIZES) {
    await page.setViewportSize(size)
    wrong.push(...(await sideways(page, size)))
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme })
      const folder = `${shots}/${size.width}x${size.height}-${scheme}`
      mkdirSync(folder, { recursive: true })
      await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
      wrong.push(...(await violations(page, `${size.width} ${scheme}`)))
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(NARROW)
  wrong.push(...(await sideways(page, NARROW)))
  wrong.push(...(await readFromTheRight(page, name)))
  await page.setViewportSize(before)
  assert.deepEqual([...new Set(wrong)], [], `the page ${name}`)
}

async function violations(page, how) {
  const found = []
  for (const frame of page.frames()) {
    // Behind a cover, or of a program that is not in front: nobody reads it.
    if (frame.parentFrame() && !(await (await frame.frameElement()).isVisible())) continue
    await frame.evaluate(axe)
    const result = await frame.evaluate(() => globalThis.axe.run({ iframes: false }))
    for (const { id, help, nodes } of result.violations) {
      const where = nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')
      found.push(`axe ${id} (${help}) in ${path(frame)}, ${how}: ${where}`)
    }
  }
  return found
}

async function sideways(page, { width }, how = 'ltr') {
  const found = []
  for (const frame of page.frames()) {
    const extra = await frame.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return scrollWidth - clientWidth
    })
    if (extra > 0) found.push(`${path(frame)} scrolls sideways by ${extra} px, ${width} wide, ${how}`)
  }
  return found
}

// The pages have English words here; what is tested is that the layout turns round.
async function readFromTheRight(page, name) {
  const wrong = []
  const turn = (direction) =>
    Promise.all(page.frames().map((frame) => frame.evaluate((d) => (document.documentElement.dir = d), direction)))
  await turn('rtl')
  for (const size of [NARROW, ...SIZES]) {
    await page.setViewportSize(size)
    wrong.push(...(await sideways(page, size, 'rtl')))
  }
  mkdirSync(`${shots}/rtl`, { recursive: true })
  await page.setViewportSize(SIZES[0])
  await page.screenshot({ path: `${shots}/rtl/${name}.png`, fullPage: true })
  await turn('ltr')
  return wrong
}

function path(frame) {
  const { host, pathname } = new URL(frame.url())
  return `${host}${pathname}`
}

/** A picture of the page as it is, for a journey that failed. */
export async function snap(page, name) {
  mkdirSync(`${shots}/failed`, { recursive: true })
  await page.screenshot({ path: `${shots}/failed/${name}.png`, fullPage: true })
}
