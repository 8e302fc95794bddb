// Programs that are apps: their registered address is the app's own scheme, or sends the person on to
// it, or to another port of this machine. The redirects after a form belong to the form for the browser.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'
import { authorization, registers, site } from '../stranger.mjs'

export const title = 'Into the app: whoever presses Allow, or signs out, arrives'

export async function journey(world) {
  const { demo, step } = world
  const { portico } = demo.addresses
  const intent = 'intent://done#Intent;scheme=shopapp;package=com.example.shop;end'
  const app = await site({ '/loopback': 'Welcome to Shop.' })
  const backend = await site({
    '/link': { location: 'shopapp://done' },
    '/intent': { location: intent },
    '/loopback': { location: `${app.origin}/loopback` },
    '/bye': { location: 'shopapp://bye' },
  })
  const addresses = {
    'the scheme of the app itself': ['com.example.shop:/callback', 'com.example.shop:/callback'],
    'a link that goes on to the scheme': [`${backend.origin}/link`, 'shopapp://done'],
    'a link that goes on to an intent': [`${backend.origin}/intent`, 'intent://done'],
    'one loopback port that goes on to another': [`${backend.origin}/loopback`, `${app.origin}/loopback`],
  }
  const post_logout_redirect_uris = [`${backend.origin}/bye`]

  for (const [what, [redirect_uri, end]] of Object.entries(addresses)) {
    await step(`She presses Allow and arrives: ${what}`, async () => {
      const application_type = redirect_uri.startsWith('http') ? 'web' : 'native'
      const client_id = registers(demo, {
        client_name: `Shop for ${what}`,
        redirect_uris: [redirect_uri],
        post_logout_redirect_uris,
        application_type,
      })
      const ada = await Person.arrives(world, 'ada')
      let trace = await follows(ada)
      await ada.goesTo(authorization(`${portico}/authorize`, { client_id, redirect_uri }))
      await ada.typesPassword()
      await ada.seesSheet(ada.page)
      await ada.decides(ada.page, 'allow')
      await trace.reaches(end)
      assert.deepEqual(trace.violations, [])
      // The window that opened an app waits for it; she goes on in another one.
      ada.page = await ada.context.newPage()
      trace = await follows(ada)
      await ada.goesTo(`${portico}/end-session?${new URLSearchParams({
        client_id,
        post_logout_redirect_uri: post_logout_redirect_uris[0],
      })}`)
      await ada.page.locator('#logout').click()
      await trace.reaches('shopapp://bye')
      assert.deepEqual(trace.violations, [])
      await ada.leaves()
    })
  }
  app.closes()
  backend.closes()
}

/** What the browser asks for, also where no page comes of it, and what a policy stopped. */
async function follows({ context, page }) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Log.enable')
  const asked = []
  const violations = []
  let heard = () => {}
  devtools.on('Network.requestWillBeSent', ({ request, documentURL }) => {
    asked.push(request.url, documentURL)
    heard()
  })
  devtools.on('Log.entryAdded', ({ entry }) => {
    if (entry.text.includes('Content Security Policy')) violations.push(entry.text)
    heard()
  })
  return {
    violations,
    /** Waits until it asked for an address that begins so. */
    async reaches(address) {
      const isThere = () => asked.some((url) => url.startsWith(address))
      const never = new Promise((_, giveUp) => {
        setTimeout(() => giveUp(new Error(`never came to ${address}, only to ${asked.at(-1)}`)), 15_000).unref()
      })
      while (!isThere()) {
        assert.deepEqual(violations, [])
        await Promise.race([never, new Promise((settle) => (heard = settle))])
      }
      never.catch(() => {})
    },
  }
}
