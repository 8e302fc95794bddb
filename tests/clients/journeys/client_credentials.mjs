// A client that acts for itself.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { isNotBelievedInHeader, RelyingParty } from '../relying_party.mjs'

export const title = 'client credentials: a token for no person, introspected and revoked'

export async function journey(portico) {
  const service = await RelyingParty.register(portico, {
    client_name: 'Night shift',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    post_logout_redirect_uris: [],
    scope: undefined,
  })
  const tokens = await client.clientCredentialsGrant(service.config)
  assert.equal(tokens.refresh_token, undefined)
  assert.equal(tokens.id_token, undefined)

  const known = await service.introspects(tokens.access_token)
  assert.equal(known.active, true)
  assert.equal(known.client_id, service.clientId)

  const other = await RelyingParty.register(portico)
  assert.deepEqual({ ...(await other.introspects(tokens.access_token)) }, { active: false })
  await assert.rejects(client.clientCredentialsGrant(other.config), { error: 'unauthorized_client' })

  await client.tokenRevocation(service.config, tokens.access_token)
  assert.equal((await service.introspects(tokens.access_token)).active, false)

  const impostor = new client.Configuration(
    service.config.serverMetadata(),
    service.clientId,
    {},
    client.ClientSecretBasic('not the secret'),
  )
  await isNotBelievedInHeader(client.clientCredentialsGrant(impostor))
}
