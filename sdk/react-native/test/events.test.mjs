// The stream of events over XMLHttpRequest: what is heard, and what happens after a cut.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeWorld, kit, settled } from './kit.mjs'

const SECOND = 1000
let requests

/** The request of React Native, as far as the kit uses it. */
class FakeRequest {
  readyState = 0
  status = 0
  responseText = ''
  headers = {}
  answered = {}
  aborted = false

  constructor() {
    requests.push(this)
  }
  open(method, uri) {
    Object.assign(this, { method, uri })
  }
  setRequestHeader(name, value) {
    this.headers[name] = value
  }
  getResponseHeader(name) {
    return this.answered[name] ?? null
  }
  send() {
    this.sent = true
  }
  abort() {
    this.aborted = true
  }
  answers(status, headers = {}) {
    Object.assign(this, { status, readyState: 2, answered: headers })
    this.onreadystatechange?.()
  }
  says(text) {
    if (this.status === 0) this.answers(200)
    this.readyState = 3
    this.responseText += text
    this.onprogress?.()
  }
  ends() {
    this.readyState = 4
    this.onreadystatechange?.()
  }
}

beforeEach(() => {
  requests = []
  globalThis.XMLHttpRequest = FakeRequest
})
afterEach(() => delete globalThis.XMLHttpRequest)

async function begin(options = {}) {
  const world = new FakeWorld()
  const heard = []
  const seen = { nonces: [], refreshed: 0 }
  const follower = kit.followEvents(
    {
      uri: 'https://portico.example/session-events',
      authorize: async ({ nonce }) => (seen.nonces.push(nonce), { Authorization: `DPoP token-${seen.refreshed}`, DPoP: 'proof' }),
      refresh: async () => ((seen.refreshed += 1), 'refreshed'),
      ...options,
    },
    (name, data) => heard.push([name, data]),
    world,
  )
  await settled()
  return { world, heard, seen, follower }
}
const last = () => requests.at(-1)

test('what is said is heard, in whichever pieces it comes', async () => {
  const { heard } = await begin()
  const text = ': hello\r\nretry: 2000\nid: p1\nevent: ready\ndata: {"at":1,\ndata: "session_expires_at":2}\n\nid: p2\n\nevent: grant_changed\ndata: {"client_id":"m"}\n\n'
  for (const character of text) last().says(character)
  assert.deepEqual(heard, [['ready', { at: 1, session_expires_at: 2 }], ['grant_changed', { client_id: 'm' }]])
  assert.deepEqual(last().headers, { Authorization: 'DPoP token-0', DPoP: 'proof', Accept: 'text/event-stream' })
})

test('after a cut it comes back, and says where it was', async () => {
  const { world, heard } = await begin()
  last().says('id: p7\nevent: ready\ndata: {}\n\n')
  last().ends()
  await world.passes(5 * SECOND)
  assert.equal(requests.length, 2)
  assert.equal(last().headers['Last-Event-ID'], 'p7')
  assert.equal(heard.length, 1)
})

test('a stream that is silent for twenty seconds is believed no more', async () => {
  const { world } = await begin()
  last().says('event: ready\ndata: {}\n\n')
  await world.passes(15 * SECOND)
  last().says(':\n\n')
  await world.passes(19 * SECOND)
  assert.ok(!last().aborted)
  await world.passes(SECOND)
  assert.ok(requests[0].aborted)
  await world.passes(5 * SECOND)
  assert.equal(requests.length, 2)
})

test('the end is the end: nothing is asked again', async () => {
  const { world, heard } = await begin()
  last().says('event: session_ended\ndata: {"reason":"left","client_id":"m"}\n\n')
  assert.ok(!last().aborted, 'a program’s end is not the session’s')
  last().says('event: session_ended\ndata: {"reason":"operator"}\n\n')
  await world.passes(60 * SECOND)
  assert.equal(requests.length, 1)
  assert.deepEqual(heard.at(-1), ['session_ended', { reason: 'operator' }])
  assert.equal(world.timers(), 0)
})

test('a token that is over is renewed, and the stream goes on where it was', async () => {
  const { seen } = await begin()
  last().says('id: p1\nevent: token_expired\ndata: {}\n\n')
  await settled()
  assert.equal(seen.refreshed, 1)
  assert.deepEqual([requests.length, last().headers.Authorization, last().headers['Last-Event-ID']], [2, 'DPoP token-1', 'p1'])
})

test('a refused refresh is the end of the session', async () => {
  const { heard, world } = await begin({ refresh: async () => 'refused' })
  last().answers(401)
  await settled()
  assert.deepEqual(heard, [['session_ended', { reason: 'logout' }]])
  await world.passes(60 * SECOND)
  assert.equal(requests.length, 1)
})

test('a refresh that finds no network is no refusal', async () => {
  let network = false
  const { heard, world } = await begin({ refresh: async () => { if (!network) throw new TypeError('Network request failed'); return 'refreshed' } })
  last().answers(401)
  await world.passes(5 * SECOND)
  assert.deepEqual(heard, [])
  network = true
  last().answers(401)
  await settled()
  assert.equal(requests.length, 3)
})

test('a proof without a fresh nonce is made again with it, and the token is left alone', async () => {
  const { seen } = await begin()
  last().answers(401, { 'dpop-nonce': 'n1' })
  await settled()
  assert.deepEqual([seen.nonces, seen.refreshed], [[undefined, 'n1'], 0])
  last().answers(401, { 'dpop-nonce': 'n1' })
  await settled()
  assert.equal(seen.refreshed, 1, 'with the same nonce it is the token')
})

test('whatever is refused again and again is asked for with pauses', async () => {
  const { world } = await begin()
  for (let i = 0; i < 50; i += 1) {
    if (requests.length > i) last().answers(401, { 'dpop-nonce': `n${i}` })
    await settled()
  }
  assert.ok(requests.length <= 4, `${requests.length} requests`)
  await world.passes(5 * SECOND)
  assert.ok(requests.length <= 5)
})

test('a server that has no room says for how long', async () => {
  const { world } = await begin()
  last().answers(429, { 'retry-after': '30' })
  await world.passes(30 * SECOND)
  assert.equal(requests.length, 1)
  await world.passes(6 * SECOND)
  assert.equal(requests.length, 2)
})

test('offline it asks again, and at once when the app says that it woke', async () => {
  const { world, follower, heard } = await begin()
  last().ends()
  await settled()
  assert.equal(requests.length, 1)
  follower.check()
  await settled()
  assert.equal(requests.length, 2)
  follower.check()
  await settled()
  assert.deepEqual([requests.length, requests[1].aborted], [3, true])
  assert.deepEqual(heard, [])
  await world.passes(0)
})

test('closed is closed, also while a proof is made', async () => {
  let proved
  const { follower, world, heard } = await begin({ authorize: () => new Promise((done) => (proved = done)) })
  follower.close()
  proved({})
  await world.passes(60 * SECOND)
  assert.deepEqual([requests.length, heard, world.timers()], [0, [], 0])
})

test('a host that is closed by what it hears hears nothing more', async () => {
  let follower
  const heard = []
  follower = kit.followEvents(
    { uri: 'https://portico.example/e', authorize: async () => ({}), refresh: assert.fail },
    (name) => (heard.push(name), follower.close()),
    new FakeWorld(),
  )
  await settled()
  last().says('event: user_changed\ndata: {}\n\nevent: ready\ndata: {}\n\n')
  assert.deepEqual(heard, ['user_changed'])
})

test('rubbish cuts, and a line without end as well', async () => {
  const { world } = await begin()
  last().says('event: ready\ndata: {\n\n')
  assert.ok(last().aborted)
  await world.passes(5 * SECOND)
  last().says('x'.repeat(70_000))
  assert.ok(last().aborted)
})

test('an answer that grew too long is begun anew', async () => {
  const { heard } = await begin()
  last().says('id: p1\nevent: ready\ndata: {}\n\n')
  for (let i = 0; i < 20; i += 1) last().says(`:${'x'.repeat(60_000)}\n`)
  await settled()
  assert.equal(requests.length, 2)
  assert.equal(heard.length, 1)
})
