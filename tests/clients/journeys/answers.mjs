// What the person and the request may change about the answer, and refusals the client must see.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'
import { RelyingParty } from '../relying_party.mjs'

export const title = 'unticked scopes, refusals, prompt, max_age, wrong verifiers and used codes'

export async function journey(portico) {
  const shop = await RelyingParty.register(portico)
  const ada = new Person(portico)

  // Nobody is signed in, and nothing may be shown.
  const silent = await shop.request({ prompt: 'none' })
  await refused(shop, await ada.goesThrough(silent.url), silent.checks, 'login_required')

  const declined = await shop.request()
  const landing = await ada.goesThrough(declined.url, { declines: true })
  await refused(shop, landing, declined.checks, 'access_denied')

  const unasked = await shop.request({ prompt: 'none' })
  await refused(shop, await ada.goesThrough(unasked.url), unasked.checks, 'consent_required')

  const tokens = await shop.signsIn(ada, {}, { without: ['email'] })
  assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(['openid', 'profile']))

  const later = await shop.request({ prompt: 'login', max_age: '60' })
  const page = await ada.opens(later.url)
  assert.ok(page.hasField('password'), 'prompt=login asks for the password again')
  const fresh = await shop.redeems((await ada.signsIn(page)).landing, { ...later.checks, maxAge: 60 })
  assert.ok(fresh.claims().auth_time >= tokens.claims().auth_time)

  const twice = await shop.request()
  const code = await ada.goesThrough(twice.url)
  const first = await shop.redeems(code, twice.checks)
  await assert.rejects(shop.redeems(code, twice.checks), { error: 'invalid_grant' })
  assert.equal((await shop.introspects(first.access_token)).active, false, 'its tokens are dead')

  const guessed = await shop.request()
  const other = await shop.request()
  await assert.rejects(
    shop.redeems(await ada.goesThrough(guessed.url), {
      ...guessed.checks,
      pkceCodeVerifier: other.checks.pkceCodeVerifier,
    }),
    { error: 'invalid_grant' },
  )
}

// openid-client checks `state` and `iss` of an error response before it reports the error.
async function refused(shop, landing, checks, error) {
  await assert.rejects(shop.redeems(landing, checks), { error })
}
