// Discovery: both documents, found and judged by the client.

import assert from 'node:assert/strict'
import * as client from 'openid-client'

export const title = 'finds Portico by OpenID Connect and by RFC 8414 discovery'

export async function journey({ issuer }) {
  for (const algorithm of ['oidc', 'oauth2']) {
    const config = await client.discovery(new URL(issuer), 'anyone', undefined, undefined, { algorithm })
    const server = config.serverMetadata()
    assert.equal(server.issuer, issuer)
    assert.equal(server.authorization_response_iss_parameter_supported, true)
    assert.ok(server.supportsPKCE('S256'))
    for (const endpoint of ['authorization', 'token', 'introspection', 'revocation']) {
      assert.ok(server[`${endpoint}_endpoint`].startsWith(`${issuer}/`), endpoint)
    }
  }
  const config = await client.discovery(new URL(issuer), 'anyone')
  const { keys } = await (await fetch(config.serverMetadata().jwks_uri)).json()
  assert.deepEqual(new Set(keys.map((key) => key.kty)), new Set(['RSA', 'EC']))
  for (const key of keys) assert.equal(key.d, undefined, 'a private key in the JWKS')
}
