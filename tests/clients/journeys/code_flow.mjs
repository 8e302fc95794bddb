// The whole life of one authorization: sign-in, consent, tokens, and their end.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { RelyingParty } from '../relying_party.mjs'

export const title = 'code flow with PKCE: id_token, userinfo, refresh, introspection, revocation'

export async function journey(portico) {
  const shop = await RelyingParty.register(portico)
  const ada = new Person(portico)

  const tokens = await shop.signsIn(ada)
  assert.equal(tokens.token_type, 'bearer')
  assert.ok(tokens.expires_in > 0 && tokens.expires_in <= 3600)
  const { sub } = tokens.claims()
  assert.ok(!sub.includes(ada.username))

  const about = await client.fetchUserInfo(shop.config, tokens.access_token, sub)
  assert.equal(about.name, 'Ada Lovelace')
  assert.equal(about.email, 'ada@example.com')

  const known = await shop.introspects(tokens.access_token)
  assert.equal(known.active, true)
  assert.equal(known.client_id, shop.clientId)
  assert.equal(known.sub, sub)
  assert.deepEqual(new Set(known.scope.split(' ')), new Set(['openid', 'profile', 'email']))

  const refreshed = await client.refreshTokenGrant(shop.config, tokens.refresh_token)
  assert.notEqual(refreshed.access_token, tokens.access_token)
  assert.equal((await shop.introspects(refreshed.access_token)).active, true)
  const narrower = await client.refreshTokenGrant(
    shop.config,
    refreshed.refresh_token ?? tokens.refresh_token,
    { scope: 'openid' },
  )
  assert.equal((await shop.introspects(narrower.access_token)).scope, 'openid')

  // The answer is remembered: the second time there is neither a password nor a question.
  const { url, checks } = await shop.request({ prompt: 'none' })
  const again = await shop.redeems(await ada.goesThrough(url), checks)
  assert.equal(again.claims().sub, sub)

  await client.tokenRevocation(shop.config, refreshed.access_token)
  assert.equal((await shop.introspects(refreshed.access_token)).active, false)
  assert.equal((await shop.introspects(again.access_token)).active, true)

  await client.tokenRevocation(shop.config, again.refresh_token)
  assert.equal((await shop.introspects(again.access_token)).active, false)
  await assert.rejects(client.refreshTokenGrant(shop.config, again.refresh_token), {
    error: 'invalid_grant',
  })
}
