// RP-initiated logout: everywhere, and of one client only.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { AFTER_SIGN_OUT, RelyingParty } from '../relying_party.mjs'

export const title = 'RP-initiated logout ends the session and every token of it'

export async function journey(portico) {
  const shop = await RelyingParty.register(portico)
  const library = await RelyingParty.register(portico, { client_name: 'Library' })
  const ada = new Person(portico)
  const elsewhere = new Person(portico)
  const atShop = await shop.signsIn(ada)
  const atLibrary = await library.signsIn(ada)
  const onAnotherDevice = await shop.signsIn(elsewhere)

  const url = client.buildEndSessionUrl(shop.config, {
    id_token_hint: atShop.id_token,
    post_logout_redirect_uri: AFTER_SIGN_OUT,
    state: 'bye',
  })
  const page = await ada.opens(url)
  assert.equal(page.status, 200)
  assert.equal((await shop.introspects(atShop.access_token)).active, true, 'asking ends nothing')

  const { landing } = await ada.presses(page, { name: 'decision', value: 'logout' })
  assert.equal(`${landing.origin}${landing.pathname}`, AFTER_SIGN_OUT)
  assert.equal(landing.searchParams.get('state'), 'bye')

  assert.equal((await shop.introspects(atShop.access_token)).active, false)
  assert.equal((await library.introspects(atLibrary.access_token)).active, false)
  await assert.rejects(client.refreshTokenGrant(library.config, atLibrary.refresh_token), {
    error: 'invalid_grant',
  })
  assert.equal((await shop.introspects(onAnotherDevice.access_token)).active, true)

  const next = await library.request({ prompt: 'none' })
  await assert.rejects(library.redeems(await ada.goesThrough(next.url), next.checks), {
    error: 'login_required',
  })
}
