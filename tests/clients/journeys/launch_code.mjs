// A super app and a mini-program's backend, each built on openid-client: the one exchanges its token for
// a launch code (RFC 8693), the other redeems it as it redeems every code.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { Person } from '../person.mjs'
import { CALLBACK, program } from '../program.mjs'
import { RelyingParty } from '../relying_party.mjs'

export const title = 'launch: a host exchanges, a program redeems, both know one session'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const LAUNCH_CODE = 'urn:portico:params:oauth:token-type:launch-code'

export async function journey(portico) {
  const nova = await RelyingParty.register(portico, {
    client_name: 'Nova',
    'portico:host': true,
    scope: 'openid portico:launch',
    grant_types: ['authorization_code', 'refresh_token', EXCHANGE],
  })
  const hosts = await nova.signsIn(new Person(portico))
  const market = await program(portico, { publisher_name: 'Harbour Goods', client_name: 'Market' })

  // The backend makes these in its own pre-session; the page carries the challenge and nonce to the host.
  const verifier = client.randomPKCECodeVerifier()
  const nonce = client.randomNonce()
  const launched = await client.genericGrantRequest(nova.config, EXCHANGE, {
    subject_token: hosts.access_token,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: LAUNCH_CODE,
    audience: market.clientMetadata().client_id,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
  })
  assert.deepEqual([launched.issued_token_type, launched.origins], [LAUNCH_CODE, ['https://market.example']])

  // openid-client takes a code from the address of a callback, and sends that address along.
  const callback = new URL(CALLBACK)
  callback.search = new URLSearchParams({ code: launched.access_token, iss: portico.issuer })
  const redeem = () =>
    client.authorizationCodeGrant(market, callback, { pkceCodeVerifier: verifier, expectedNonce: nonce, idTokenExpected: true })
  const tokens = await redeem()
  const { sub, sid } = tokens.claims()
  assert.equal(sid, launched.sid)
  assert.notEqual(sub, hosts.claims().sub)
  const said = await client.tokenIntrospection(market, tokens.access_token)
  assert.deepEqual([said.active, said.sub, said.sid, said.act], [true, sub, sid, { sub: nova.clientId }])
  assert.equal((await client.fetchUserInfo(market, tokens.access_token, sub)).sub, sub)
  const refreshed = await client.refreshTokenGrant(market, tokens.refresh_token)

  // The session ends, and what the program has is over with it.
  const { sessions } = portico.command(['session', 'list', '--user', portico.person.username, '--json'])
  for (const { id } of sessions) portico.command(['session', 'end', id, '--json'])
  await assert.rejects(client.refreshTokenGrant(market, refreshed.refresh_token ?? tokens.refresh_token), {
    error: 'invalid_grant',
  })
  // The command is a process of its own: the server hears of what it did within a second.
  const deadline = Date.now() + 1000
  let { active } = await client.tokenIntrospection(market, refreshed.access_token)
  while (active && Date.now() < deadline) ({ active } = await client.tokenIntrospection(market, refreshed.access_token))
  assert.equal(active, false)
  await assert.rejects(redeem(), { error: 'invalid_grant' })
}
