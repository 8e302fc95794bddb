// A launch and its end: the code that came by the page, and the logout token that came to the backend.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { PorticoError } from '../src/index.js'
import { FakePortico, keyPair } from './fake_portico.mjs'

const BACKCHANNEL = { 'http://schemas.openid.net/event/backchannel-logout': {} }

/** A Portico that gives tokens for the code `c` of this launch. */
function launched({ page }, portico, claims = {}, sign = {}) {
  portico.codes.set('c', ({ code_verifier }) => {
    assert.equal(createHash('sha256').update(code_verifier).digest('base64url'), page.code_challenge)
    const id_token = portico.signs(portico.claims({ nonce: page.nonce, ...claims }), sign)
    return { access_token: 'at', refresh_token: 'rt', scope: 'openid unionid', id_token }
  })
}

test('the page gets a challenge, the backend keeps the verifier, the code is redeemed', async () => {
  const portico = new FakePortico()
  const backend = portico.backend()
  const launch = backend.beginLaunch({ scope: 'openid unionid' })
  assert.deepEqual(Object.keys(launch.page).sort(), ['code_challenge', 'nonce', 'scope', 'state'])
  assert.ok(!JSON.stringify(launch.page).includes(launch.pre_session.code_verifier))
  launched(launch, portico)
  const { openid, sid, scopes, tokens } = await backend.finishLaunch({ pre_session: launch.pre_session, code: 'c', state: launch.page.state })
  assert.deepEqual({ openid, sid, scopes, access: tokens.access_token }, { openid: 'ada', sid: 'sid-1', scopes: ['openid', 'unionid'], access: 'at' })
  const other = backend.beginLaunch()
  for (const name of ['nonce', 'code_challenge', 'state']) assert.notEqual(other.page[name], launch.page[name])
})

test('a code of another launch, session or time is refused before it is redeemed', async () => {
  const portico = new FakePortico()
  const backend = portico.backend()
  const { pre_session, page } = backend.beginLaunch()
  const refused = (what) => assert.rejects(backend.finishLaunch({ pre_session, code: 'c', state: page.state, ...what }), { error: 'invalid_request' })
  await refused({ state: backend.beginLaunch().page.state })
  await refused({ state: undefined })
  await refused({ pre_session: undefined })
  await refused({ pre_session: {} })
  await refused({ code: undefined })
  await refused({ code: ['c'] })
  portico.time += 10 * 60_000
  await refused({})
  assert.equal(portico.token_requests.length, 0)
})

for (const [what, claims, sign] of [
  ['another nonce', { nonce: 'another' }],
  ['no nonce', { nonce: undefined }],
  ['another issuer', { iss: 'https://evil.example' }],
  ['another audience', { aud: 'bank' }],
  ['another party', { aud: ['market', 'bank'], azp: 'bank' }],
  ['a time that is over', { exp: 1_700_000_000 }],
  ['a time to come', { iat: 1_900_000_000 }],
  ['no time', { exp: undefined }],
  ['another key', {}, { key: keyPair('k1') }],
  ['an unknown key', {}, { key: keyPair('k9') }],
  ['no algorithm', {}, { header: { alg: 'none' } }],
  ['a shared secret', {}, { header: { alg: 'HS256' } }],
  ['another kind of key', {}, { header: { alg: 'RS256' } }],
  ['an algorithm that every object has', {}, { header: { alg: 'constructor' } }],
  ['an extension', {}, { header: { crit: ['b64'], b64: false } }],
  ['no claims', {}, { payload: Buffer.from('[]').toString('base64url') }],
]) {
  test(`an id_token with ${what} is none`, async () => {
    const portico = new FakePortico()
    const backend = portico.backend()
    const launch = backend.beginLaunch()
    launched(launch, portico, claims, sign)
    await assert.rejects(backend.finishLaunch({ pre_session: launch.pre_session, code: 'c', state: launch.page.state }), PorticoError)
  })
}

test('what Portico refuses is told as it says it', async () => {
  const portico = new FakePortico()
  const backend = portico.backend()
  const { pre_session, page } = backend.beginLaunch()
  await assert.rejects(backend.finishLaunch({ pre_session, code: 'used', state: page.state }), { error: 'invalid_grant' })
})

test('a key that is new is found, and one that is unknown is not looked for all the time', async () => {
  const portico = new FakePortico()
  let asked = 0
  const { fetch } = portico.world
  portico.world.fetch = (uri, how) => ((asked += uri.endsWith('/jwks')), fetch(uri, how))
  const backend = portico.backend()
  const logout = (key) => backend.backchannelLogout(portico.signs(portico.claims({ events: BACKCHANNEL }), { key }))
  await logout(portico.keys[0])
  const next = keyPair('k2')
  portico.keys.push(next)
  await logout(next)
  for (let i = 0; i < 5; i += 1) await assert.rejects(logout(keyPair('k3')), PorticoError)
  assert.equal(asked, 2)
})

test('a logout token ends its stay, with no stream at all', async () => {
  const portico = new FakePortico()
  const backend = portico.backend()
  portico.tokens.set('t', { active: true, sub: 'ada', sid: 'sid-1', exp: portico.time / 1000 + 600 })
  assert.ok(await backend.validate('t'))
  const token = portico.signs(portico.claims({ events: BACKCHANNEL }), { header: { typ: 'logout+jwt' } })
  assert.deepEqual(await backend.backchannelLogout(token), { sub: 'ada', sid: 'sid-1' })
  assert.equal(await backend.validate('t'), null)
})

for (const [what, claims, header] of [
  ['an id_token', { nonce: 'n' }],
  ['one with a nonce', { nonce: 'n', events: BACKCHANNEL }],
  ['one without its event', { events: {} }],
  ['one whose event is a text', { events: { [Object.keys(BACKCHANNEL)[0]]: 'x' } }],
  ['one that names nobody', { events: BACKCHANNEL, sub: undefined, sid: undefined }],
  ['one for another client', { events: BACKCHANNEL, aud: 'bank' }],
  ['one of another issuer', { events: BACKCHANNEL, iss: 'https://evil.example' }],
  ['one that is over', { events: BACKCHANNEL, exp: 1_700_000_000 }],
  ['an access token', { events: BACKCHANNEL }, { typ: 'at+jwt' }],
]) {
  test(`no logout token: ${what}`, async () => {
    const portico = new FakePortico()
    const backend = portico.backend()
    portico.tokens.set('t', { active: true, sub: 'ada', sid: 'sid-1', exp: portico.time / 1000 + 600 })
    await assert.rejects(backend.backchannelLogout(portico.signs(portico.claims(claims), { header })), PorticoError)
    assert.ok(await backend.validate('t'))
  })
}

test('a backend needs to know whose it is', () => {
  for (const missing of ['issuer', 'client_id']) assert.throws(() => new FakePortico().backend({ [missing]: undefined }), TypeError)
})
