// The ways to a host that portico.js finds by itself: what each injects, what it sends, how it hears.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Portico, settled, vectors } from './vectors.mjs'
import { windowOf } from './window.mjs'

const { $page1: page_nonce, $host1: host_nonce } = vectors('page').values
const text = (message) => JSON.stringify({ portico: 1, page_nonce, host_nonce, ...message })
const welcome = text({
  type: 'welcome', client_id: 'market', sid: 'sid-1', methods: ['login', 'context'], locked: false,
  context: { theme: { color_scheme: 'light' }, locale: 'en', path: '/', params: {}, from: null },
})
const connect = (page, more) => Portico.connect({ client_id: 'market', ...more }, page)

/** What stands for the host: keeps what was sent, and says what `hear` is told to. */
const WAYS = {
  webkit: (sent) => {
    let answer
    const postMessage = (text) => (sent.push(text), new Promise((done) => (answer ??= done)))
    return { page: { webkit: { messageHandlers: { porticoBridge: { postMessage } } } }, hear: (text) => answer(text) }
  },
  listener: (sent) => {
    const object = { postMessage: (text) => sent.push(text), onmessage: null }
    return { page: { porticoBridge: object }, hear: (text) => object.onmessage({ data: text }) }
  },
  channel: (sent) => ({ page: { porticoBridge: { postMessage: (text) => sent.push(text) } }, hear: Portico.receive }),
  'react-native': (sent) => ({ page: { ReactNativeWebView: { postMessage: (text) => sent.push(text) } }, hear: Portico.receive }),
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`${name}: shakes hands with one text, and hears the answer`, async () => {
    const sent = []
    const { page, hear } = way(sent)
    const bridge = connect(windowOf(page))
    assert.equal(bridge.state.transport, name)
    assert.deepEqual(sent.map(JSON.parse), [{ portico: 1, type: 'hello', page_nonce, client_id: 'market' }])
    hear(welcome)
    assert.equal((await bridge.ready).sid, 'sid-1')
  })

  test(`${name}: in a frame of the page it is not used`, async () => {
    const sent = []
    const { page } = way(sent)
    const bridge = connect(windowOf({ ...page, parent: { postMessage() {} } }), { host_origins: [] })
    assert.equal(bridge.state.transport, 'frame')
    assert.deepEqual(sent, [])
  })
}

test('an element or a frame with the name of the bridge is no bridge', () => {
  const frame = { postMessage: () => assert.fail('a frame got the message') }
  frame.window = frame
  for (const porticoBridge of [frame, {}, { postMessage: 'x' }, 'x']) {
    assert.equal(connect(windowOf({ porticoBridge })).state.transport, 'browser')
  }
})

test('a host that does not answer: the page hears that, and stays locked', async () => {
  const page = windowOf({ porticoBridge: { postMessage() {} } })
  const bridge = connect(page)
  assert.equal(page.timers[0].ms, 10_000)
  page.timers[0].act()
  await assert.rejects(bridge.ready, { error: 'temporarily_unavailable' })
  await assert.rejects(bridge.context(), { error: 'temporarily_unavailable' })
  assert.equal(bridge.state.locked, true)
})

// Frames.

const HOST = 'https://nova.example'

/** A page in a frame: what it said to its parent, and a parent that answers. */
function framed(more = {}) {
  const said = []
  const parent = { postMessage: (text, origin) => said.push({ message: JSON.parse(text), origin }) }
  const page = windowOf({ parent, ...more })
  const says = (data, { source = parent, origin = HOST, ports = [] } = {}) =>
    page.listeners.forEach((listener) => listener({ data, source, origin, ports }))
  return { page, said, says }
}
const port = () => ({ sent: [], postMessage(text) { this.sent.push(JSON.parse(text)) } })

test('frame: says hello to the hosts alone, each by its origin', async () => {
  const { page, said } = framed()
  connect(page, { host_origins: [HOST, 'https://other.example'] })
  await settled()
  assert.deepEqual(said.map(({ origin }) => origin), [HOST, 'https://other.example'])
  assert.ok(said.every(({ message }) => message.type === 'hello'))
})

test('frame: asks Portico who the hosts are', async () => {
  const asked = []
  const answers = { issuer: 'https://portico.example', host_origins: [HOST] }
  const fetch = async (url, how) => (asked.push([url, how]), { ok: true, json: async () => answers })
  const { page, said } = framed({ fetch })
  connect(page, { issuer: 'https://portico.example/' })
  await settled()
  assert.deepEqual(asked, [['https://portico.example/.well-known/portico-configuration', { credentials: 'omit' }]])
  assert.deepEqual(said.map(({ origin }) => origin), [HOST])
})

test('frame: believes no document of another issuer', async () => {
  for (const answer of [{ ok: true, json: async () => ({ issuer: 'https://evil.example', host_origins: [HOST] }) }, { ok: false }]) {
    const { page, said } = framed({ fetch: async () => answer })
    const bridge = connect(page, { issuer: 'https://portico.example' })
    await assert.rejects(bridge.ready, { error: 'temporarily_unavailable' })
    assert.deepEqual(said, [])
  }
})

test('frame: inside another page than a host it says nothing at all', async () => {
  const { page, said } = framed({ location: { ancestorOrigins: ['https://evil.example', HOST] } })
  const bridge = connect(page, { host_origins: [HOST] })
  await assert.rejects(bridge.ready, { error: 'origin_not_allowed' })
  assert.deepEqual(said, [])
})

test('frame: hears a welcome of its parent, of a host, with one port, and then the port alone', async () => {
  const { page, says } = framed()
  const bridge = connect(page, { host_origins: [HOST] })
  await settled()
  const [good, evil] = [port(), port()]
  says(welcome, { source: {}, ports: [evil] })
  says(welcome, { origin: 'https://evil.example', ports: [evil] })
  says(welcome, { origin: 'null', ports: [evil] })
  says(welcome, { ports: [] })
  says(welcome, { ports: [evil, evil] })
  says(JSON.parse(welcome), { ports: [evil] })
  assert.equal(bridge.state.locked, true)
  says(welcome, { ports: [good] })
  await bridge.ready
  says(welcome.replace(host_nonce, 'B'.repeat(24)), { ports: [evil] })
  says(text({ type: 'event', name: 'session_expired', data: {} }))
  assert.equal(bridge.state.locked, false, 'the window is not listened to any more')
  const asked = bridge.context()
  await settled()
  assert.deepEqual([good.sent[0].method, evil.sent], ['context', []])
  good.onmessage({ data: text({ type: 'result', id: 1, result: { path: '/x', locale: 'en' } }) })
  assert.equal((await asked).path, '/x')
  good.onmessage({ data: text({ type: 'event', name: 'session_expired', data: { reason: 'logout' } }) })
  assert.equal(bridge.state.locked, true)
})

test('frame: a host refuses, and somebody else cannot', async () => {
  const { page, says } = framed()
  const bridge = connect(page, { host_origins: [HOST] })
  await settled()
  const refused = text({ type: 'refused', error: 'origin_not_allowed' })
  says(refused, { origin: 'https://evil.example' })
  says(refused, { source: {} })
  assert.equal(await Promise.race([bridge.ready, settled()]), undefined)
  says(refused)
  await assert.rejects(bridge.ready, { error: 'origin_not_allowed' })
})

// A browser of its own.

const login = { nonce: 'n', code_challenge: 'c', state: 's', scope: 'openid profile.basic' }

test('browser: to sign in is a redirect', async () => {
  const authorization_endpoint = 'https://portico.example/authorize?x=1'
  const fetch = async () => ({ ok: true, json: async () => ({ issuer: 'https://portico.example', authorization_endpoint }) })
  const page = windowOf({ fetch, navigator: { language: 'ru' }, matchMedia: () => ({ matches: true }) })
  Object.assign(page.location, { pathname: '/shop', search: '?item=7' })
  const bridge = connect(page, { issuer: 'https://portico.example', redirect_uri: 'https://market.example/cb' })
  assert.deepEqual((await bridge.ready).methods, ['login', 'context'])
  assert.deepEqual(await bridge.context(), {
    theme: { color_scheme: 'dark' }, locale: 'ru', path: '/shop', params: { item: '7' }, from: null,
  })
  bridge.login({ ...login, client_id: 'bank', redirect_uri: 'https://evil.example', response_type: 'token' })
  await settled()
  const visited = new URL(page.visited[0])
  assert.equal(visited.origin + visited.pathname, 'https://portico.example/authorize')
  assert.deepEqual(Object.fromEntries(visited.searchParams), {
    x: '1', scope: 'openid profile.basic', nonce: 'n', code_challenge: 'c', state: 's', client_id: 'market',
    redirect_uri: 'https://market.example/cb', response_type: 'code', code_challenge_method: 'S256',
  })
  await assert.rejects(bridge.token(), { error: 'unsupported_method' })
})

test('browser: without an address to come back to nobody signs in', async () => {
  await assert.rejects(connect(windowOf()).login(login), { error: 'unsupported_method' })
})

// Calls.

test('a code that answers another request is no answer', async () => {
  const sent = []
  const { page, hear } = WAYS.listener(sent)
  const bridge = connect(windowOf(page))
  hear(welcome)
  for (const missing of [{}, { nonce: 'n' }, { code_challenge: 'c' }]) {
    await assert.rejects(bridge.login(missing), { error: 'invalid_request' })
  }
  const asked = bridge.login(login)
  await settled()
  hear(text({ type: 'result', id: 1, result: { code: 'c', state: 'another' } }))
  await assert.rejects(asked, { error: 'server_error' })
})

test('a call that is given up, or takes too long, is cancelled', async () => {
  const sent = []
  const { page, hear } = WAYS.listener(sent)
  const window = windowOf(page)
  const bridge = connect(window)
  hear(welcome)
  const controller = new AbortController()
  const given_up = bridge.login(login, { signal: controller.signal })
  await settled()
  controller.abort()
  await assert.rejects(given_up, { name: 'AbortError' })
  const late = bridge.login(login, { timeout_ms: 5000 })
  await settled()
  const timer = window.timers.find((timer) => timer?.ms === 5000)
  timer.act()
  await assert.rejects(late, { error: 'temporarily_unavailable' })
  assert.deepEqual(sent.map(JSON.parse).filter(({ type }) => type === 'cancel').map(({ id }) => id), [1, 2])
  hear(text({ type: 'result', id: 1, result: {} }))
})

test('a call that is too long is not sent', async () => {
  const sent = []
  const { page, hear } = WAYS.listener(sent)
  const bridge = connect(windowOf(page))
  hear(welcome)
  await assert.rejects(bridge.login({ ...login, state: 'é'.repeat(33_000) }), { error: 'invalid_request' })
  assert.equal(sent.length, 1)
})

test('a page with a session of its own must say how it is dropped', () => {
  assert.throws(() => connect(windowOf(), { sid: 'sid-1' }), TypeError)
  assert.throws(() => Portico.connect({}, windowOf()), TypeError)
})

test('a listener that throws keeps nobody else from hearing', async () => {
  const { page, hear } = WAYS.listener([])
  const window = windowOf(page)
  const bridge = connect(window)
  hear(welcome)
  const heard = []
  bridge.on('shown', () => { throw new Error('no') })
  const off = bridge.on('shown', () => heard.push(1))
  hear(text({ type: 'event', name: 'shown' }))
  off()
  hear(text({ type: 'event', name: 'shown' }))
  assert.deepEqual([heard, window.reported.length], [[1], 2])
})
