// What a cached yes is worth, and when it dies.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Unavailable } from '../src/index.js'
import { FakePortico, settled } from './fake_portico.mjs'

const MINUTE = 60_000

/** A Portico where the token `t` is Ada's for ten minutes. */
function world() {
  const portico = new FakePortico()
  portico.tokens.set('t', active(portico))
  return portico
}
const active = (portico, more) => ({
  active: true, sub: 'ada', sid: 'sid-1', scope: 'openid profile.basic', client_id: 'market', act: { sub: 'nova' },
  exp: portico.time / 1000 + 36_000, ...more,
})

test('says who it is, what they may do, and who launched it', async () => {
  const portico = world()
  assert.deepEqual(await portico.backend().validate('t'), {
    openid: 'ada', scopes: ['openid', 'profile.basic'], act: { sub: 'nova' }, sid: 'sid-1', client_id: 'market',
    unionid: null, expires_at: portico.time / 1000 + 36_000, cnf: null,
  })
  const basic = Buffer.from(portico.introspections[0].authorization.slice(6), 'base64').toString()
  assert.equal(basic, 'market:s3cret+%26+more', 'RFC 6749 §2.3.1')
})

test('what is no token is not even asked about', async () => {
  const portico = world()
  const backend = portico.backend()
  for (const token of [undefined, null, 1, '', 'a b', 'a\nb', 'é', 'x'.repeat(20_000), {}]) assert.equal(await backend.validate(token), null)
  assert.equal(portico.introspections.length, 0)
  assert.equal(await backend.validate('unknown'), null)
})

test('whoever cannot say has not said yes', async () => {
  const portico = world()
  const backend = await portico.following()
  await backend.validate('t')
  for (const answer of [{ status: 500 }, { status: 401 }, {}, { active: 'true', sub: 'ada' }]) {
    portico.tokens.set('other', answer)
    await assert.rejects(backend.validate('other'), Unavailable)
  }
  portico.fails = true
  await assert.rejects(portico.backend().validate('t'), Unavailable)
  portico.fails = false
  portico.tokens.set('nobody', { active: true })
  assert.equal(await backend.validate('nobody'), null)
})

test('without a stream nothing is kept', async () => {
  const portico = world()
  const backend = portico.backend()
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
})

test('with a stream an answer is kept, for a minute at most, and never longer than the token', async () => {
  const portico = world()
  const backend = await portico.following()
  const first = await backend.validate('t')
  first.scopes.push('written by the caller')
  assert.deepEqual((await backend.validate('t')).scopes, ['openid', 'profile.basic'])
  assert.equal(portico.introspections.length, 1)
  for (let i = 0; i < 6; i += 1) await portico.passes(10_000), portico.writes(': \n'), await settled()
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
  portico.tokens.set('short', active(portico, { exp: portico.time / 1000 + 5 }))
  assert.ok(await backend.validate('short'))
  await portico.passes(5000)
  assert.equal(await backend.validate('short'), null, 'Portico said yes, but it is over')
})

for (const [event, data] of [['session_ended', { reason: 'logout' }], ['session_expired', {}], ['user_changed', {}]]) {
  test(`${event}: the kept yes is dead at once, for 62 minutes, whatever introspection says`, async () => {
    const portico = world()
    const backend = await portico.following()
    assert.ok(await backend.validate('t'))
    await portico.says(event, { sub: 'ada', sid: 'sid-1', ...data })
    assert.equal(await backend.validate('t'), null)
    for (let passed = 0; passed < 61 * MINUTE; passed += MINUTE) await portico.passes(MINUTE)
    portico.tokens.set('t', active(portico))
    assert.equal(await backend.validate('t'), null, 'after 61 minutes')
    await portico.passes(MINUTE)
    assert.ok(await backend.validate('t'), 'longer than any token lives')
  })
}

test('the same person in another stay is somebody else’s business', async () => {
  const portico = world()
  const backend = await portico.following()
  portico.tokens.set('phone', active(portico, { sid: 'sid-2' }))
  await backend.validate('t')
  await backend.validate('phone')
  await portico.says('session_ended', { sub: 'ada', sid: 'sid-1', reason: 'left' })
  assert.ok(await backend.validate('phone'))
  assert.equal(portico.introspections.length, 2, 'the other answer is still kept')
})

test('an end that names no stay ends all that are known', async () => {
  const portico = world()
  const backend = await portico.following()
  portico.tokens.set('phone', active(portico, { sid: 'sid-2' }))
  portico.tokens.set('bob', active(portico, { sub: 'bob', sid: 'sid-3' }))
  for (const token of ['t', 'phone', 'bob']) await backend.validate(token)
  await portico.says('session_ended', { sub: 'ada', reason: 'user_disabled' })
  assert.deepEqual([await backend.validate('t'), await backend.validate('phone')], [null, null])
  assert.ok(await backend.validate('bob'))
})

test('an answer that was asked for before the end is refused when it comes', async () => {
  const portico = world()
  const backend = await portico.following()
  portico.holds = true
  const asked = backend.validate('t')
  await settled()
  await portico.says('session_ended', { sub: 'ada', sid: 'sid-1', reason: 'logout' })
  await portico.answers()
  assert.equal(await asked, null)
})

test('an answer that was asked for before a change is not kept, and nobody new waits for it', async () => {
  const portico = world()
  const backend = await portico.following()
  portico.holds = true
  const before = backend.validate('t')
  await settled()
  portico.tokens.set('t', active(portico, { scope: 'openid' }))
  await portico.passes(5)
  await portico.says('grant_changed', { sub: 'ada', sid: 'sid-1', scope: 'openid', removed: 'profile.basic' })
  await portico.passes(5)
  const after = backend.validate('t')
  await settled()
  await portico.answers()
  assert.deepEqual((await before).scopes, ['openid', 'profile.basic'])
  assert.deepEqual((await after).scopes, ['openid'])
  portico.holds = false
  assert.deepEqual((await backend.validate('t')).scopes, ['openid'])
  assert.equal(portico.introspections.length, 3, 'neither of the two answers was kept')
})

test('for 2 s after an event of a stay nothing is kept of it, because a node may be behind', async () => {
  const portico = world()
  const backend = await portico.following()
  await portico.says('grant_changed', { sub: 'ada', sid: 'sid-1', scope: 'openid', removed: '' })
  await portico.passes(1999)
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
  await portico.passes(1)
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 3)
})

test('a stream that is silent for 20 s is none; one that comes back begins anew', async () => {
  const portico = world()
  const backend = await portico.following()
  await backend.validate('t')
  await portico.passes(15_000)
  portico.writes(': \n')
  await settled()
  await portico.passes(19_999)
  await backend.validate('t')
  assert.equal(portico.introspections.length, 1)
  await portico.passes(1)
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 3)
  await portico.passes(1000)
  assert.equal(portico.streams.length, 2)
  await portico.says('ready', {})
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 4)
})

test('silence counts by the clock, also where no timer ran, as after a sleep', async () => {
  const portico = world()
  const backend = await portico.following()
  await backend.validate('t')
  portico.time += 20_000
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
})

test('an answer that names no stay dies with whatever is heard of that person', async () => {
  for (const about of [{ sub: 'ada', sid: 'sid-1' }, { sub: 'ada' }, { sid: 'sid-1' }]) {
    const portico = world()
    const backend = await portico.following()
    for (const sub of ['ada', 'bob']) portico.tokens.set(sub, active(portico, { sub, sid: undefined }))
    await backend.validate('ada')
    await backend.validate('bob')
    await portico.says('session_ended', { ...about, reason: 'logout' })
    portico.tokens.set('ada', { active: false })
    assert.equal(await backend.validate('ada'), null)
    assert.ok(await backend.validate('bob'))
    portico.tokens.set('late', active(portico, { sid: undefined }))
    const before = portico.introspections.length
    await backend.validate('late')
    await backend.validate('late')
    assert.equal(portico.introspections.length, before + 2, 'nothing is kept for 2 s')
  }
})

test('a clock that is set brings nothing back that has ended, and keeps nothing that is over', async () => {
  const portico = world()
  const backend = await portico.following()
  await portico.says('session_ended', { sub: 'ada', sid: 'sid-1', reason: 'logout' })
  portico.time += 120 * MINUTE
  portico.tokens.set('t', active(portico))
  assert.equal(await backend.validate('t'), null)
  portico.time -= 180 * MINUTE
  assert.equal(await backend.validate('t'), null)
  portico.tokens.set('bob', active(portico, { sub: 'bob', sid: 'sid-3' }))
  portico.time += 10_000
  await portico.says('grant_changed', { sub: 'bob', sid: 'sid-3', scope: 'openid', removed: '' })
  portico.time -= 10_000
  portico.time += 5000
  await backend.validate('bob')
  await backend.validate('bob')
  assert.equal(portico.introspections.filter(({ token }) => token === 'bob').length, 2)
})

test('a stream that breaks is not believed for another moment', async () => {
  const portico = world()
  const backend = await portico.following()
  await backend.validate('t')
  await portico.cuts()
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
})

test('a stream is believed from its ready on', async () => {
  const portico = world()
  const backend = portico.backend()
  backend.follow()
  await settled()
  await portico.says('session_ended', { sub: 'eve', sid: 'sid-9', reason: 'logout' })
  await backend.validate('t')
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
})

test('an answer that was asked for before the stream broke is not kept after it', async () => {
  const portico = world()
  const backend = await portico.following()
  portico.holds = true
  const asked = backend.validate('t')
  await settled()
  await portico.cuts()
  await portico.passes(1000)
  await portico.says('ready', {})
  await portico.answers()
  assert.ok(await asked)
  portico.holds = false
  await backend.validate('t')
  assert.equal(portico.introspections.length, 2)
})

test('what is heard of everybody empties everything', async () => {
  for (const [event, data] of [['reset', {}], ['mini_program_suspended', { client_id: 'market' }], ['tokens_revoked', {}]]) {
    const portico = world()
    const backend = await portico.following()
    await backend.validate('t')
    await portico.says(event, data)
    await backend.validate('t')
    assert.equal(portico.introspections.length, 2, event)
  }
})

test('a thousand who ask at once are one question', async () => {
  const portico = world()
  const backend = await portico.following()
  const people = await Promise.all(Array.from({ length: 1000 }, () => backend.validate('t')))
  assert.ok(people.every(({ openid }) => openid === 'ada'))
  assert.equal(portico.introspections.length, 1)
})

test('memory is bounded, and an end is not forgotten for it', async () => {
  const portico = world()
  const backend = await portico.following({ max_entries: 10 })
  for (let i = 0; i < 50; i += 1) {
    portico.tokens.set(`t${i}`, active(portico, { sid: `s${i}` }))
    await backend.validate(`t${i}`)
    await portico.says('session_ended', { sub: 'ada', sid: `s${i}`, reason: 'logout' })
  }
  for (let i = 0; i < 50; i += 1) assert.equal(await backend.validate(`t${i}`), null)
})

test('where another server’s answers may be for others, the audience is looked at', async () => {
  const portico = world()
  const backend = portico.backend({ audience: 'https://market.example' })
  for (const [aud, good] of [[undefined, false], ['https://bank.example', false], ['https://market.example', true], [['x', 'https://market.example'], true]]) {
    portico.tokens.set('t', active(portico, { aud }))
    assert.equal((await backend.validate('t')) !== null, good)
  }
})
