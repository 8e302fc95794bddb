// A mini-program with a backend, registered and released.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as client from 'openid-client'

export const CALLBACK = 'https://market.example/callback'

/** A released mini-program, as its backend's openid-client knows it. */
export async function program(portico, { publisher_name, client_name, scope = 'openid' }) {
  const { publisher_id: publisher } = portico.command(['publisher', 'add', '--name', publisher_name, '--json'])
  const file = join(portico.folder, 'market.json')
  writeFileSync(
    file,
    JSON.stringify({
      client_name,
      publisher,
      state: 'released',
      scope,
      entry_uri: 'https://market.example/open',
      origins: ['https://market.example'],
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
    }),
  )
  const registered = portico.command(['mini-program', 'add', '--manifest', file, '--json'])
  const config = await client.discovery(
    new URL(portico.issuer),
    registered.client_id,
    { id_token_signed_response_alg: 'RS256' },
    client.ClientSecretBasic(registered.client_secret),
  )
  client.enableNonRepudiationChecks(config)
  return config
}
