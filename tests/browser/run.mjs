// Journeys through the demonstration in Chromium, against the started program, on SQLite; those that
// say `onBothDatabases` again on PostgreSQL, when PORTICO_TEST_POSTGRES is set.
//
//   node tests/browser/run.mjs [journey...]
//
// CHROMIUM names the browser, if it is not /usr/bin/chromium; PORTICO_BIN the program, if it is not
// target/debug/portico. Pictures are left in PORTICO_SHOTS, or else in tests/browser/shots.

import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { postgres, sqlite } from './database.mjs'
import { Demo } from './demo.mjs'
import { shots, snap } from './look.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2)
const names = readdirSync(`${here}/journeys`)
  .map((file) => file.replace(/\.mjs$/, ''))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
if (names.length === 0) throw new Error(`no journey is called ${wanted.join(' or ')}`)

rmSync(shots, { recursive: true, force: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Without a graphics card there is nothing to gain from the process that looks for one.
  args: ['--disable-gpu'],
})
const databases = [sqlite]
if (process.env.PORTICO_TEST_POSTGRES) {
  databases.push(postgres(process.env.PORTICO_TEST_POSTGRES))
} else {
  console.log('PORTICO_TEST_POSTGRES is not set: SQLite only')
}
let passed = 0
let failures = 0
for (const database of databases) {
  for (const name of names) {
    const { title, journey, onBothDatabases = false, environment } = await import(`./journeys/${name}.mjs`)
    if (database !== sqlite && !onBothDatabases) continue
    console.log(`\n${title} (${database.name})`)
    if (await passes(name, { journey, environment }, database)) passed += 1
    else failures += 1
  }
}
await browser.close()
console.log(`\nbrowser: ${passed} journeys passed, ${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

// Every journey has a demonstration of its own, so that none depends on another. A browser that
// stops drawing says nothing about the page: such a journey is walked once more.
async function passes(name, way, database, again = true) {
  const failure = await walk(name, way, database)
  if (failure === null) return true
  if (!again || !failure.includes('page.screenshot: Timeout')) return false
  console.log('        the browser drew nothing; once more')
  return passes(name, way, database, false)
}

/** Walks a journey; gives what ended it, or null. */
async function walk(name, { journey, environment }, database) {
  let demo
  try {
    demo = await Demo.start(database, environment)
    await journey({ browser, demo, step })
    await demo.ends()
    return null
  } catch (error) {
    console.log(`  FAIL  ${error.stack ?? error}`.replace(/\n/g, '\n        '))
    const pages = browser.contexts().flatMap((context) => context.pages())
    for (const [number, page] of pages.entries()) {
      console.log(`        was at ${page.frames().map((frame) => frame.url()).join(', ')}`)
      await snap(page, `${name}-${number}`).catch((e) => console.log(`        no picture: ${e.message}`))
    }
    if (demo) console.log(`        the program's last words:\n${demo.lastWords()}`)
    return String(error)
  } finally {
    for (const context of browser.contexts()) await context.close()
    await demo?.remove()
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
