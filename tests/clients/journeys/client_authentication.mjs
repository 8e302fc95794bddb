// The ways in which a client proves who it is, besides client_secret_basic.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { isNotBelievedInBody, RelyingParty } from '../relying_party.mjs'

export const title = 'client_secret_post, private_key_jwt, and a public client with PKCE'

export async function journey(portico) {
  const ada = new Person(portico)

  const byPost = await RelyingParty.register(
    portico,
    { token_endpoint_auth_method: 'client_secret_post' },
    (registered) => client.ClientSecretPost(registered.client_secret),
  )
  const tokens = await byPost.signsIn(ada)
  assert.equal((await byPost.introspects(tokens.access_token)).active, true)
  const guesser = new client.Configuration(
    byPost.config.serverMetadata(),
    byPost.clientId,
    {},
    client.ClientSecretPost('not the secret'),
  )
  await isNotBelievedInBody(client.tokenIntrospection(guesser, tokens.access_token))

  for (const alg of ['ES256', 'RS256', 'Ed25519']) {
    const key = await makeKey(alg)
    const byKey = await RelyingParty.register(
      portico,
      {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: alg,
        jwks: { keys: [key.publicJwk] },
      },
      () => client.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
    )
    assert.equal(byKey.registered.client_secret, undefined)
    const proven = await byKey.signsIn(ada)
    assert.equal((await byKey.introspects(proven.access_token)).active, true)
    await client.refreshTokenGrant(byKey.config, proven.refresh_token)

    const other = await makeKey(alg)
    const stranger = new client.Configuration(
      byKey.config.serverMetadata(),
      byKey.clientId,
      {},
      client.PrivateKeyJwt({ key: other.privateKey, kid: key.kid }),
    )
    await isNotBelievedInBody(client.tokenIntrospection(stranger, proven.access_token))
  }

  const app = await RelyingParty.register(
    portico,
    { token_endpoint_auth_method: 'none' },
    () => client.None(),
  )
  assert.equal(app.registered.client_secret, undefined)
  const held = await app.signsIn(ada)
  // "refresh tokens for public clients MUST either be sender-constrained or use refresh token
  // rotation" (OAuth 2.1 §4.3.1)
  const rotated = await client.refreshTokenGrant(app.config, held.refresh_token)
  assert.ok(rotated.refresh_token)
  assert.notEqual(rotated.refresh_token, held.refresh_token)
  await client.fetchUserInfo(app.config, rotated.access_token, held.claims().sub)
}

async function makeKey(alg) {
  const kinds = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    RS256: {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    // RFC 9864's name, which openid-client 6 signs under.
    Ed25519: { name: 'Ed25519' },
  }
  const pair = await crypto.subtle.generateKey(kinds[alg], true, ['sign', 'verify'])
  const { key_ops, ext, ...jwk } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const kid = `shop-${alg}`
  return { privateKey: pair.privateKey, kid, publicJwk: { ...jwk, kid, alg, use: 'sig' } }
}
