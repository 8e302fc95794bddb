// The package for backends (sdk/node/backend): both halves of a sign-in, and a yes that dies with the session.

import assert from 'node:assert/strict'
import { Portico as Backend } from '../../../sdk/node/backend/src/index.js'
import { Person } from '../person.mjs'
import { REDIRECT_URI } from '../relying_party.mjs'

export const title = 'the backend package: signs in, validates live, refuses what has ended'

const SOON_MS = 5000

export async function journey(portico) {
  const { client_id, client_secret } = portico.addClient({
    client_name: 'Shop with the package',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scope: 'openid profile portico:events',
    token_endpoint_auth_method: 'client_secret_basic',
  })
  let introspections = 0
  const counting = (uri, how) => {
    introspections += String(uri).endsWith('/introspect')
    return fetch(uri, how)
  }
  const backend = new Backend({ issuer: portico.issuer, client_id, client_secret, world: { fetch: counting } })
  backend.follow()
  try {
    const { openid, sid, tokens } = await signsIn(portico, backend, client_id)
    const valid = await backend.validate(tokens.access_token)
    assert.deepEqual([valid.openid, valid.client_id, valid.scopes], [openid, client_id, ['openid', 'profile']])

    await soon('an answer is kept while the stream is heard', async () => {
      const before = introspections
      await backend.validate(tokens.access_token)
      return introspections === before
    })
    const { sessions } = portico.command(['session', 'list', '--user', portico.person.username, '--json'])
    for (const { id } of sessions) portico.command(['session', 'end', id, '--json'])
    const before = introspections
    await soon('the end is heard', async () => (await backend.validate(tokens.access_token)) === null)
    assert.ok(introspections - before <= 1, 'the stream said so, nobody asked')

    const again = await signsIn(portico, backend, client_id)
    assert.equal(again.openid, openid)
    assert.notEqual(again.sid, sid)
    assert.ok(await backend.validate(again.tokens.access_token))
    assert.equal(await backend.validate(tokens.access_token), null)
    assert.equal(await backend.validate(`${again.tokens.access_token}x`), null)
  } finally {
    backend.close()
  }
}

async function signsIn(portico, backend, client_id) {
  const { pre_session, page } = backend.beginLaunch({ scope: 'openid profile' })
  const url = new URL(`${portico.issuer}/authorize`)
  url.search = new URLSearchParams({
    response_type: 'code', client_id, redirect_uri: REDIRECT_URI, code_challenge_method: 'S256', ...page,
  })
  const landing = await new Person(portico).goesThrough(url)
  const { code, state } = Object.fromEntries(landing.searchParams)
  const launched = await backend.finishLaunch({ pre_session, code, state, redirect_uri: REDIRECT_URI })
  await assert.rejects(backend.finishLaunch({ pre_session: { ...pre_session }, code: 'another', state, redirect_uri: REDIRECT_URI }), {
    error: 'invalid_grant',
  })
  return launched
}

/** Waits until it is so. */
async function soon(what, isSo) {
  const end = Date.now() + SOON_MS
  while (!(await isSo())) {
    assert.ok(Date.now() < end, what)
    await new Promise((done) => setTimeout(done, 20))
  }
}
