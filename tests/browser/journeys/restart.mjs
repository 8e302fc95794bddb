// What the command promises about its folder: it is held by one at a time, a restart keeps everything,
// --reset starts afresh.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'

export const title = 'Restarted, the demonstration knows everybody; reset, it knows nobody'
export const onBothDatabases = true

export async function journey(world) {
  const { demo, step } = world
  const ada = await Person.arrives(world, 'ada')

  await step('The command prints the addresses, the people and a tour', () => {
    const words = [...Object.values(demo.addresses), ...demo.people.map((person) => person.password)]
    for (const word of words) assert.ok(demo.said(word), `it did not say ${word}`)
  })

  await step('Ada signs in, and lets Market know her name', async () => {
    await ada.signsInAtNova()
    const market = await ada.opens('market')
    await ada.seesSheet(ada.sheet())
    await ada.decides(ada.sheet(), 'allow')
    await ada.sees(market, /Hello, Ada/)
  })

  const clients = structuredClone(demo.clients)
  const isAsItWas = async () => {
    assert.deepEqual(demo.clients, clients)
    await ada.goesTo(demo.addresses.portico)
    await ada.page.waitForURL(`${demo.addresses.portico}/account`)
    await ada.sees(ada.page, 'Ada Lindqvist')
    await ada.goesTo(`${demo.addresses.market}/open`)
    await ada.page.waitForURL(`${demo.addresses.market}/**`)
    await ada.sees(ada.page, /Hello, Ada/)
  }

  await step('A second one in the same folder is refused, and harms nothing', async () => {
    for (const flags of demo.isInItsFolder ? [[], ['--reset']] : [[]]) {
      const { status, stderr } = await demo.isStartedTwice(...flags)
      assert.equal(status, 1)
      assert.match(stderr, /a demonstration runs in this folder already/)
    }
    await isAsItWas()
  })

  await step('After Ctrl-C and a new start she is signed in, and Market asks nothing', async () => {
    await demo.ends('SIGINT')
    await demo.startsAgain()
    await isAsItWas()
  })

  // Another issuer's sessions are worth nothing, as `portico adopt` says; what she allowed stands.
  await step('After SIGTERM and a start at other addresses she signs in, and Market asks nothing', async () => {
    const { market } = demo.addresses
    await demo.ends('SIGTERM')
    await demo.startsElsewhere('--one-site')
    assert.notEqual(demo.addresses.market, market)
    await ada.signsInAtNova()
    await isAsItWas()
  })

  if (demo.isInItsFolder) await step('After --reset nobody is signed in', async () => {
    await demo.ends()
    await demo.startsAgain('--reset')
    assert.notDeepEqual(demo.clients, clients)
    await ada.goesToAccount()
    await ada.page.locator('input[name=password]').waitFor()
  })
  await ada.leaves()
}
