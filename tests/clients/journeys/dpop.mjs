// An app without a secret that proves possession of a key (RFC 9449), as openid-client does it.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { RelyingParty } from '../relying_party.mjs'

export const title = 'DPoP: code, userinfo and refresh bound to a key, also with a wrong clock'

export async function journey(portico) {
  const app = await RelyingParty.register(
    portico,
    {
      client_name: 'Phone app',
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
    },
    () => client.None(),
  )
  const { dpop_signing_alg_values_supported: algorithms } = app.config.serverMetadata()
  const ada = new Person(portico)
  for (const algorithm of ['ES256', 'Ed25519', 'PS256']) {
    assert.ok(algorithms.includes(algorithm))
    await livesWith(app, ada, await client.randomDPoPKeyPair(algorithm))
  }
  // A phone whose clock is an hour slow.
  const slow = { [client.modifyAssertion]: (header, claims) => (claims.iat -= 3600) }
  await livesWith(app, ada, await client.randomDPoPKeyPair(), slow)
}

async function livesWith(app, ada, keys, options) {
  const DPoP = client.getDPoPHandle(app.config, keys, options)
  const dpop_jkt = await DPoP.calculateThumbprint()
  const { url, checks } = await app.request({ dpop_jkt })
  const landing = await ada.goesThrough(url)
  const tokens = await client.authorizationCodeGrant(app.config, landing, checks, undefined, { DPoP })
  assert.equal(tokens.token_type, 'dpop')
  const { sub } = tokens.claims()

  const about = await client.fetchUserInfo(app.config, tokens.access_token, sub, { DPoP })
  assert.equal(about.name, 'Ada Lovelace')
  const asBearer = client.fetchUserInfo(app.config, tokens.access_token, sub)
  await assert.rejects(asBearer, (error) => error.cause[0].parameters.error === 'invalid_token')

  const refreshed = await client.refreshTokenGrant(app.config, tokens.refresh_token, {}, { DPoP })
  assert.equal(refreshed.token_type, 'dpop')
  assert.equal(refreshed.refresh_token, undefined)
  await client.fetchUserInfo(app.config, refreshed.access_token, sub, { DPoP })
  const stolen = client.getDPoPHandle(app.config, await client.randomDPoPKeyPair())
  await assert.rejects(
    client.refreshTokenGrant(app.config, tokens.refresh_token, {}, { DPoP: stolen }),
    { error: 'invalid_grant' },
  )
}
