// Journeys through the demonstration in Chromium, against the started program.
//
//   node tests/browser/run.mjs [journey...]
//
// CHROMIUM names the browser, if it is not /usr/bin/chromium; PORTICO_BIN the program, if it is not
// target/debug/portico. Pictures are left in PORTICO_SHOTS, or else in tests/browser/shots.

import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { Demo } from './demo.mjs'
import { shots, snap } from './look.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2)
const names = readdirSync(`${here}/journeys`)
  .map((file) => file.replace(/\.mjs$/, ''))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
if (names.length === 0) throw new Error(`no journey is called ${wanted.join(' or ')}`)

rmSync(shots, { recursive: true, force: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' })
let failures = 0
for (const name of names) {
  const { title, journey } = await import(`./journeys/${name}.mjs`)
  console.log(`\n${title}`)
  failures += (await passes(name, journey)) ? 0 : 1
}
await browser.close()
console.log(`\nbrowser: ${names.length - failures} journeys passed, ${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

// Every journey has a demonstration of its own, so that none depends on another.
async function passes(name, journey) {
  let demo
  try {
    demo = await Demo.start()
    await journey({ browser, demo, step })
    await demo.ends()
    return true
  } catch (error) {
    console.log(`  FAIL  ${error.stack ?? error}`.replace(/\n/g, '\n        '))
    const pages = browser.contexts().flatMap((context) => context.pages())
    for (const [number, page] of pages.entries()) {
      console.log(`        was at ${page.frames().map((frame) => frame.url()).join(', ')}`)
      await snap(page, `${name}-${number}`).catch((e) => console.log(`        no picture: ${e.message}`))
    }
    if (demo) console.log(`        the program's last words:\n${demo.lastWords()}`)
    return false
  } finally {
    for (const context of browser.contexts()) await context.close()
    demo?.remove()
  }
}

async function step(sentence, act) {
  try {
    await act()
  } catch (error) {
    error.message = `${sentence}: ${error.message}`
    throw error
  }
  console.log(`  ok    ${sentence}`)
}
