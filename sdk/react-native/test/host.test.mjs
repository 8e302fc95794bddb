// The host without a screen: what locks, covers and opens programs, as the session's events and the device say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeWorld, kit, settled } from './kit.mjs'

const SECOND = 1000
const program = (client_id, more) => ({
  client_id, entry_uri: `https://${client_id}.example/open`, origins: [`https://${client_id}.example`], sid: `${client_id}-1`, ...more,
})

/** A host, its stream, and a page in each program that speaks over a WebView. */
function begin(options = {}) {
  const world = new FakeWorld()
  const followed = []
  const cleared = []
  const host = new kit.PorticoHost(
    {
      account: 'ada',
      follow: (account, heard) => {
        const follower = { account, heard, checks: 0, closed: false, check: () => (follower.checks += 1), close: () => (follower.closed = true) }
        followed.push(follower)
        return follower
      },
      call: async () => ({}),
      clearData: async () => void cleared.push(true),
      interaction_return_uri: 'nova://done',
      ...options,
    },
    world,
  )
  const ready = (left) => hear('ready', { at: 5_000, session_expires_at: 5_000 + left })
  const hear = (name, data = {}) => followed.at(-1).heard(name, data)
  const reasons = () => host.state.programs.map(({ reason }) => reason)
  return { host, world, followed, cleared, ready, hear, reasons }
}

/** A page that shook hands; `call` asks for something and gives the answer when it comes. */
function page(opened) {
  const origin = opened.launch.origins[0]
  const sent = []
  const page_nonce = `${opened.launch.client_id}${'-'.repeat(24)}`
  opened.instance.attach({
    injectJavaScript: (script) => new Function('Portico', 'document', 'location', script)({ receive: (text) => sent.push(JSON.parse(text)) }, { querySelectorAll: () => [] }, { origin }),
    stopLoading() {},
    goBack: () => sent.push('back'),
  })
  const says = (message) => opened.instance.message({ url: origin, data: JSON.stringify({ portico: 1, page_nonce, ...message }) })
  says({ type: 'hello', client_id: opened.launch.client_id })
  const { host_nonce, ...welcome } = sent.shift()
  let id = 0
  return {
    sent, welcome,
    events: () => sent.filter(({ type }) => type === 'event').map(({ name }) => name),
    async call(method, params) {
      says({ type: 'call', host_nonce, id: (id += 1), method, params })
      await settled()
      return sent.filter(({ type }) => type === 'result').pop()
    },
  }
}

test('the end of the session locks every program at once, and takes its WebView away a second later', async () => {
  const { host, world, hear, reasons } = begin()
  const market = page(host.open(program('market')))
  host.open(program('taxi'))
  hear('session_ended', { reason: 'operator' })
  assert.deepEqual(reasons(), ['operator', 'operator'])
  assert.equal(host.state.locked, 'operator')
  assert.deepEqual(market.events(), ['hidden', 'session_expired'])
  assert.throws(() => host.open(program('food')), { error: 'locked' })
  const [open] = host.state.programs.map(({ key }) => host.program(key))
  assert.ok(open.instance)
  await world.passes(SECOND)
  assert.equal(open.instance, null)
})

test('an event that names a program ends that one alone', () => {
  const { host, hear, reasons } = begin()
  host.open(program('market'))
  host.open(program('taxi'))
  hear('session_ended', { reason: 'left', client_id: 'market' })
  hear('mini_program_suspended', { client_id: 'food' })
  assert.deepEqual(reasons(), ['left', null])
  assert.equal(host.state.locked, null)
  hear('mini_program_suspended', { client_id: 'taxi' })
  assert.deepEqual(reasons(), ['left', 'suspended'])
})

test('the session’s time locks without a network, whatever the clock of the phone says', async () => {
  const { host, world, ready, reasons } = begin()
  host.open(program('market'))
  ready(60 * SECOND)
  await world.passes(59 * SECOND)
  assert.deepEqual(reasons(), [null])
  await world.passes(SECOND)
  assert.deepEqual(reasons(), ['expired'])
})

test('a session may be longer than a timer', async () => {
  const { host, world, ready, reasons } = begin()
  host.open(program('market'))
  ready(40 * 86_400 * SECOND)
  await world.passes(39 * 86_400 * SECOND)
  assert.deepEqual(reasons(), [null])
  await world.passes(86_400 * SECOND)
  assert.deepEqual(reasons(), ['expired'])
})

test('a session whose time came while the phone slept is locked on waking, before any timer', () => {
  const { host, world, ready, reasons } = begin()
  host.open(program('market'))
  ready(10 * SECOND)
  host.appIs(false)
  world.sleeps(15 * SECOND)
  host.appIs(true)
  assert.deepEqual(reasons(), ['expired'])
})

test('after half a minute in the background a program is covered until the stream is ready', () => {
  const { host, world, followed, ready } = begin()
  const market = page(host.open(program('market')))
  host.appIs(false)
  world.sleeps(29 * SECOND)
  host.appIs(true)
  assert.ok(!host.state.programs[0].covered)
  host.appIs(false)
  world.sleeps(30 * SECOND)
  host.appIs(true)
  assert.ok(host.state.programs[0].covered && host.state.programs[0].inert)
  assert.equal(followed[0].checks, 1)
  assert.deepEqual(market.events(), ['hidden', 'shown', 'hidden', 'shown'])
  ready(3600 * SECOND)
  assert.ok(!host.state.programs[0].covered && !host.state.programs[0].inert)
})

test('a covered program is locked by a refused refresh', () => {
  const { host, world, hear, reasons } = begin()
  host.open(program('market'))
  host.appIs(false)
  world.sleeps(3600 * SECOND)
  host.appIs(true)
  hear('session_ended', { reason: 'logout' })
  assert.deepEqual(reasons(), ['logout'])
  assert.ok(host.state.programs[0].covered)
})

test('a clock that was put back meanwhile covers as well', () => {
  const { host, world } = begin()
  host.open(program('market'))
  host.appIs(false)
  world.sleeps(-3600 * SECOND)
  host.appIs(true)
  assert.ok(host.state.programs[0].covered)
})

test('offline, programs stay and their calls fail for now', async () => {
  let network = true
  const { host, reasons } = begin({
    call: async () => {
      if (!network) throw new TypeError('Network request failed')
      return { code: 'c', sid: 'market-2' }
    },
  })
  const market = page(host.open(program('market')))
  assert.deepEqual((await market.call('login', { code_challenge: 'c' })).result, { code: 'c' }, 'the sid stays with the host')
  network = false
  assert.equal((await market.call('login', { code_challenge: 'c' })).error, 'temporarily_unavailable')
  assert.deepEqual(reasons(), [null])
})

test('what an exchange said of the stay is what the next document is welcomed to', async () => {
  const { host } = begin({ call: async () => ({ sid: 'market-2' }) })
  const opened = host.open(program('market', { sid: undefined }))
  const market = page(opened)
  assert.equal(market.welcome.sid, null)
  await market.call('login', { code_challenge: 'c' })
  let welcomed
  opened.instance.attach({ injectJavaScript: (script) => new Function('Portico', 'location', script)({ receive: (text) => (welcomed = JSON.parse(text)) }, { origin: 'https://market.example' }), stopLoading() {}, goBack() {} })
  opened.instance.message({ url: 'https://market.example', data: JSON.stringify({ portico: 1, type: 'hello', page_nonce: 'n'.repeat(22), client_id: 'market' }) })
  assert.equal(welcomed.sid, 'market-2')
})

test('a token without a key of the page is not given, nor a code without a challenge', async () => {
  const called = []
  const { host } = begin({ call: async (client_id, method, params) => void called.push([client_id, method, params]) })
  const market = page(host.open(program('market', { methods: ['token', 'login', 'context'], path: '/offers', params: { a: 1 }, from: 'taxi' })))
  assert.equal((await market.call('token', {})).error, 'unsupported_method')
  assert.equal((await market.call('login', { nonce: 'n' })).error, 'invalid_request')
  assert.deepEqual(called, [])
  await market.call('token', { dpop_jkt: 'k' })
  assert.deepEqual(called, [['market', 'token', { dpop_jkt: 'k' }]])
  assert.deepEqual((await market.call('context', {})).result, { path: '/offers', params: { a: 1 }, from: 'taxi' })
})

test('the same person goes on in new WebViews, where a program has its new sid', async () => {
  const { host, hear, followed, cleared } = begin()
  host.open(program('market'))
  host.open(program('taxi'))
  const [before] = host.state.programs
  hear('session_expired')
  await host.signedIn({ account: 'ada', sids: { market: 'market-2' } })
  assert.deepEqual(host.state.programs.map(({ client_id, reason }) => [client_id, reason]), [['market', null]])
  const [after] = host.state.programs
  assert.notEqual(after.key, before.key)
  assert.equal(host.program(before.key), undefined)
  assert.equal(page(host.program(after.key)).welcome.sid, 'market-2')
  assert.deepEqual([followed.length, followed[0].closed, cleared.length], [2, true, 0])
})

test('another person finds nothing of the one before, and nothing opens before it is emptied', async () => {
  let emptied
  const { host, followed } = begin({ clearData: () => new Promise((done) => (emptied = done)) })
  host.open(program('market'))
  const done = host.signedIn({ account: 'bob', sids: { market: 'market-9' } })
  assert.deepEqual(host.state.programs, [])
  assert.throws(() => host.open(program('market')), { error: 'locked' })
  assert.equal(followed.length, 1)
  followed[0].heard('grant_changed', { client_id: 'market', scope: 'openid' })
  emptied()
  await done
  assert.equal(followed[1].account, 'bob')
  host.open(program('market', { sid: 'market-9' }))
  followed[0].heard('session_ended', { reason: 'logout' })
  assert.equal(host.state.programs[0].reason, null, 'what Ada’s stream says late is not for Bob')
})

test('what could not be emptied stays locked, and can be tried again', async () => {
  let broken = true
  const { host } = begin({ clearData: async () => { if (broken) throw new Error('disk') } })
  await assert.rejects(host.signedIn({ account: 'bob' }), /disk/)
  assert.throws(() => host.open(program('market')), { error: 'locked' })
  broken = false
  await host.signedIn({ account: 'bob' })
  host.open(program('market'))
})

test('of two who sign in at once the last one is here', async () => {
  const waits = []
  const { host, followed } = begin({ clearData: () => new Promise((done) => waits.push(done)) })
  const bob = host.signedIn({ account: 'bob' })
  const carol = host.signedIn({ account: 'carol' })
  waits[1]()
  await carol
  waits[0]()
  await bob
  assert.deepEqual(followed.map(({ account }) => account), ['ada', 'carol'])
})

test('somebody else in the same browser closes everything', () => {
  const { host, hear } = begin()
  host.open(program('market'))
  hear('user_changed')
  assert.deepEqual(host.state.programs, [])
  assert.equal(host.state.locked, 'user_changed')
})

test('the sheet rises for the program in front, its address stays here, and the call is asked once more', async () => {
  let asked = 0
  const { host } = begin({
    call: async () => {
      if ((asked += 1) === 1) throw { error: 'consent_required', interaction_uri: 'https://portico.example/interaction?sheet=s', interaction: 'i1' }
      return { code: 'c' }
    },
  })
  const market = page(host.open(program('market')))
  const answer = market.call('login', { code_challenge: 'c' })
  await settled()
  const { sheet, programs } = host.state
  assert.equal(sheet.interaction_uri, 'https://portico.example/interaction?sheet=s')
  assert.ok(programs[0].inert && !programs[0].covered)
  assert.ok(host.sheetMayGo(sheet.key, 'https://portico.example/interaction?step=2'))
  assert.ok(!host.sheetMayGo(sheet.key, 'https://evil.example/'))
  assert.ok(!host.sheetMayGo(sheet.key, 'nova://done?interaction=other&result=allowed'), 'another sheet’s end is none')
  assert.ok(host.state.sheet)
  assert.ok(!host.sheetMayGo(sheet.key, 'nova://done?interaction=i1&result=allowed'))
  await answer
  await settled()
  assert.equal(host.state.sheet, null)
  assert.equal(asked, 2)
  assert.deepEqual(market.sent.filter(({ type }) => type === 'result').map(({ result }) => result), [{ code: 'c' }])
  assert.doesNotMatch(JSON.stringify(market.sent), /portico\.example/)
})

test('a sheet that is put away is a refusal, and nobody is asked for a program that is not in front', async () => {
  const { host } = begin({ call: async () => { throw { error: 'consent_required', interaction_uri: 'https://portico.example/i', interaction: 'i1' } } })
  const market = page(host.open(program('market')))
  const first = market.call('login', { code_challenge: 'c' })
  await settled()
  assert.ok(host.back())
  await first
  await settled()
  assert.equal(market.sent.filter(({ type }) => type === 'result').pop().error, 'access_denied')
  host.open(program('taxi'))
  assert.equal((await market.call('login', { code_challenge: 'c' })).error, 'interaction_required')
  assert.equal(host.state.sheet, null)
})

test('the end of the session takes the sheet away', async () => {
  const { host, hear } = begin({ call: async () => { throw { error: 'consent_required', interaction_uri: 'https://portico.example/i' } } })
  const market = page(host.open(program('market')))
  await market.call('login', { code_challenge: 'c' })
  assert.ok(host.state.sheet)
  hear('session_ended', { reason: 'logout' })
  assert.equal(host.state.sheet, null)
  assert.equal(market.sent.find(({ type }) => type === 'result').error, 'locked')
})

test('back goes through the program, then the programs below, then out', () => {
  const { host } = begin()
  const front = () => host.state.programs.filter(({ inFront }) => inFront).map(({ client_id }) => client_id)
  const market = host.open(program('market'))
  const taxi = host.open(program('taxi'))
  const inside = page(taxi)
  taxi.canGoBack = true
  assert.ok(host.back())
  assert.deepEqual([front(), inside.sent.pop()], [['taxi'], 'back'])
  taxi.canGoBack = false
  assert.ok(host.back())
  assert.deepEqual(front(), ['market'])
  host.show(taxi)
  host.show(market)
  assert.ok(host.back() && host.back())
  assert.deepEqual(front(), [])
  assert.ok(!host.back())
  assert.equal(host.state.programs.length, 2, 'they stay open')
})

test('a page that strayed is covered, and begins anew when somebody says so', () => {
  const { host, reasons } = begin()
  const opened = host.open(program('market'))
  page(opened)
  opened.instance.shows('https://evil.example/')
  assert.deepEqual(reasons(), ['origin_not_allowed'])
  assert.equal(host.state.locked, null)
  opened.restart()
  assert.deepEqual(reasons(), [null])
  assert.equal(page(opened).welcome.sid, 'market-1')
})

test('a locked program does not begin anew by itself', () => {
  const { host, hear, reasons } = begin()
  const opened = host.open(program('market'))
  hear('session_expired')
  opened.restart()
  assert.deepEqual(reasons(), ['expired'])
})

test('looks that change reach every program, and a changed grant the one that it is about', () => {
  const { host, hear } = begin()
  const market = page(host.open(program('market')))
  const taxi = page(host.open(program('taxi')))
  host.setLooks({ theme: { color_scheme: 'dark' }, locale: 'ru' })
  assert.deepEqual(market.sent.at(-1).data, { theme: { color_scheme: 'dark' }, locale: 'ru', path: '/', params: {}, from: null })
  hear('grant_changed', { client_id: 'market', scope: 'openid', removed: 'phone.verified' })
  assert.deepEqual(market.sent.at(-1).data, { scope: 'openid', removed: 'phone.verified' })
  assert.equal(taxi.sent.at(-1).name, 'context_changed')
})

test('a ticket is the first load of one WebView, and is opened anew after the end', async () => {
  const { host, hear } = begin()
  const ticket = { endpoint: 'https://portico.example/web-ticket', ticket: 'pt_1', code_verifier: 'a~b c' }
  const opened = host.open(program('market', { ticket }))
  assert.deepEqual(opened.first, {
    uri: 'https://portico.example/web-ticket', method: 'POST', body: 'ticket=pt_1&code_verifier=a~b%20c',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  opened.restart()
  assert.deepEqual(opened.first, { uri: 'https://market.example/open' }, 'it works once')
  assert.ok(opened.instance.mayGo({ url: 'https://portico.example/authorize', isTopFrame: true }))
  assert.ok(!host.open(program('taxi')).instance.mayGo({ url: 'https://portico.example/authorize', isTopFrame: true }))
  hear('session_expired')
  await host.signedIn({ account: 'ada', sids: { market: 'market-2', taxi: 'taxi-2' } })
  assert.deepEqual(host.state.programs.map(({ client_id }) => client_id), ['taxi'])
  assert.throws(() => host.open(program('food', { ticket: { ...ticket, endpoint: 'javascript:1' } })), TypeError)
})

test('what does not fit is not opened', () => {
  const { host } = begin()
  for (const wrong of [
    { entry_uri: 'https://evil.example/open' }, { entry_uri: 'javascript:1' }, { path: '//evil.example' }, { path: 'x' },
    { origins: ['https://market.example/'] }, { origins: ['https://market.example', '*'] },
  ]) assert.throws(() => host.open(program('market', wrong)), TypeError)
  assert.deepEqual(host.state.programs, [])
})

test('a device without secure randomness is noticed at once', () => {
  const world = new FakeWorld()
  world.random = () => {
    throw new Error('no randomness')
  }
  assert.throws(() => new kit.PorticoHost({ account: 'ada', follow: assert.fail }, world), /no randomness/)
})

test('a host that ended is over', async () => {
  const { host, world, followed } = begin()
  host.open(program('market'))
  host.end()
  assert.deepEqual([host.state.programs, followed[0].closed, world.timers()], [[], true, 0])
  assert.throws(() => host.open(program('market')), { error: 'locked' })
})
