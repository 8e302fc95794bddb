// The response as a form that the browser posts to the client.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'
import { REDIRECT_URI, RelyingParty } from '../relying_party.mjs'

export const title = 'form_post: the response comes as a posted form'

export async function journey(portico) {
  const shop = await RelyingParty.register(portico)
  const { url, checks } = await shop.request({ response_mode: 'form_post' })
  const { action, fields } = await new Person(portico).goesThrough(url)
  assert.equal(action, REDIRECT_URI)

  const posted = new Request(action, { method: 'POST', body: new URLSearchParams(fields) })
  const tokens = await shop.redeems(posted, checks)
  assert.equal((await shop.introspects(tokens.access_token)).active, true)
}
