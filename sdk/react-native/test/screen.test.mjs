// What a person sees: the components on a fake device, with the real portico.js in the WebViews.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { act, createElement, StrictMode } from 'react'
import { createRoot } from 'test-renderer'
import { FakeWorld, kit, settled } from './kit.mjs'

globalThis.IS_REACT_ACT_ENVIRONMENT = true
const CALL = { nonce: 'n', code_challenge: 'c', state: 's' }
let root
afterEach(async () => {
  await act(async () => root?.unmount())
  assert.equal(kit.device.listeners(), 0)
  assert.equal(kit.views.size, 0)
  root = undefined
})

const launch = (client_id, more) => ({
  client_id, client_name: client_id, entry_uri: `https://${client_id}.example/open`, origins: [`https://${client_id}.example`], sid: `${client_id}-1`, ...more,
})

async function screen(options = {}) {
  const world = new FakeWorld()
  const stream = {}
  const host = new kit.PorticoHost(
    {
      account: 'ada',
      follow: (account, heard) => ((stream.heard = heard), { check: () => (stream.checked = true), close() {} }),
      call: async (client_id, method, { state }) => ({ code: `code of ${client_id}`, iss: 'https://portico.example', state, scope: 'openid', sid: `${client_id}-1` }),
      clearData: async () => {},
      interaction_return_uri: 'https://nova.example/consent-done',
      ...options,
    },
    world,
  )
  const renderCover = ({ reason }) => createElement('Text', null, reason ?? 'One moment')
  root = createRoot({ isStrictMode: true })
  await act(async () => root.render(createElement(StrictMode, null, createElement(kit.MiniPrograms, { host, renderCover }))))
  return { host, world, stream }
}

const all = (type) => root.container.queryAll((element) => element.type === type)
const texts = () => all('Text').map((element) => element.children.join(''))
const page = (client_id) => kit.views.get(`https://${client_id}.example/open`)

/** A document of the program, with the bridge as a program's page uses it. */
async function shows(client_id, options = {}) {
  let bridge
  await act(async () => {
    bridge = page(client_id).load().Portico.connect({ client_id, issuer: 'https://portico.example', ...options })
    await bridge.ready
  })
  return bridge
}

test('a page signs in through the host, and the lock is drawn over it as the session ends', async () => {
  const { host, world, stream } = await screen()
  await act(async () => host.open(launch('market')))
  const bridge = await shows('market')
  assert.deepEqual([bridge.state.transport, bridge.state.sid, bridge.state.locked], ['react-native', 'market-1', false])
  await act(async () => assert.equal((await bridge.login(CALL)).code, 'code of market'))
  assert.deepEqual(texts(), [])

  const heard = []
  bridge.on('session_expired', ({ reason }) => heard.push(reason))
  await act(async () => stream.heard('session_ended', { reason: 'operator', at: 1 }))
  assert.deepEqual(texts(), ['operator'])
  assert.deepEqual(heard, ['operator'])
  await assert.rejects(bridge.login(CALL), { error: 'locked' })
  const frame = all('WebView')[0].parent
  assert.equal(frame.props.pointerEvents, 'none')
  assert.deepEqual(frame.props.style[1], { opacity: 0 })
  assert.equal(frame.props.importantForAccessibility, 'no-hide-descendants')
  await act(() => world.passes(1000))
  assert.equal(all('WebView').length, 0, 'the WebView ends with the session')
  assert.deepEqual(texts(), ['operator'])
})

test('the same person comes back to a new WebView', async () => {
  const { host, stream } = await screen()
  await act(async () => host.open(launch('market')))
  const before = page('market')
  await shows('market')
  await act(async () => stream.heard('session_expired', {}))
  await act(async () => host.signedIn({ account: 'ada', sids: { market: 'market-2' } }))
  assert.deepEqual(texts(), [])
  assert.notEqual(page('market'), before)
  let dropped = 0
  const bridge = await shows('market', { sid: 'market-1', dropSession: () => void (dropped += 1) })
  assert.deepEqual([bridge.state.sid, dropped], ['market-2', 1])
  before.props.onMessage({ nativeEvent: { url: 'https://market.example', data: JSON.stringify({ portico: 1, type: 'hello', page_nonce: 'x'.repeat(24), client_id: 'market' }) } })
  assert.equal(page('market').injected.filter((script) => script.includes('xxxx')).length, 0, 'the former WebView is not heard')
})

test('back from half an hour in the background, a program is covered until the session is known to go on', async () => {
  const { host, world, stream } = await screen()
  await act(async () => host.open(launch('market')))
  await shows('market')
  await act(async () => {
    kit.device.app('inactive')
    kit.device.app('background')
    world.sleeps(1_800_000)
    kit.device.app('active')
  })
  assert.deepEqual(texts(), ['One moment'])
  assert.ok(stream.checked)
  await act(async () => stream.heard('ready', { at: 1, session_expires_at: 3_600_001 }))
  assert.deepEqual(texts(), [])
  assert.equal(all('WebView').length, 1, 'the page was kept')
})

test('an app under a call is still in front', async () => {
  const { host, world } = await screen()
  await act(async () => host.open(launch('market')))
  await act(async () => {
    kit.device.app('inactive')
    world.sleeps(1_800_000)
    kit.device.app('active')
  })
  assert.deepEqual(texts(), [])
})

test('the consent sheet is the host’s own, over a program that cannot be touched meanwhile', async () => {
  let asked = 0
  const { host } = await screen({
    call: async () => {
      if ((asked += 1) === 1) throw { error: 'consent_required', interaction_uri: 'https://portico.example/interaction?sheet=s', interaction: 'i' }
      return { scope: 'openid phone.verified' }
    },
  })
  await act(async () => host.open(launch('market')))
  const bridge = await shows('market')
  let answer
  await act(async () => {
    answer = bridge.request({ scope: 'phone.verified' })
    await settled()
  })
  assert.equal(all('WebView').length, 2)
  assert.equal(all('WebView')[0].parent.props.pointerEvents, 'none')
  const sheet = kit.views.get('https://portico.example/interaction?sheet=s')
  assert.equal(sheet.props.onMessage, undefined, 'it has no bridge')
  await act(async () => assert.equal(sheet.navigate('https://nova.example/consent-done?interaction=i&result=allowed'), false))
  assert.deepEqual({ ...(await answer) }, { scope: 'openid phone.verified' })
  assert.equal(all('WebView').length, 1)
})

test('beside the sheet one can close it, and a redirect that nobody asked about ends it as well', async () => {
  const { host } = await screen({ call: async () => { throw { error: 'consent_required', interaction_uri: 'https://portico.example/interaction', interaction: 'i' } } })
  await act(async () => host.open(launch('market')))
  const bridge = await shows('market')
  const ask = async (how) => {
    const answer = assert.rejects(bridge.request({ scope: 'x' }), { error: 'access_denied' })
    await act(settled)
    await act(async () => how())
    await answer
    assert.equal(all('WebView').length, 1)
  }
  await ask(() => all('Pressable')[0].props.onPress())
  await ask(() => kit.device.back())
  await ask(() => kit.views.get('https://portico.example/interaction').load('https://nova.example/consent-done?interaction=i&result=later'))
})

test('a page that went elsewhere is gone, and its place says so', async () => {
  const { host, world } = await screen()
  await act(async () => host.open(launch('market')))
  await shows('market')
  const view = page('market')
  assert.equal(view.navigate('https://evil.example/'), false)
  await act(async () => view.load('https://evil.example/'))
  assert.deepEqual([texts(), view.stopped], [['origin_not_allowed'], 1])
  await act(() => world.passes(1000))
  assert.equal(all('WebView').length, 0)
})

test('a frame inside the page gets no nonce, and so nothing', async () => {
  const called = []
  const { host } = await screen({ call: async (...call) => void called.push(call) })
  await act(async () => host.open(launch('market')))
  const view = page('market')
  const bridge = await shows('market')
  const received = []
  for (const origin of ['https://ads.example', 'https://market.example']) {
    const frame = view.frame(origin)
    frame.Portico.receive = (text) => received.push(text)
    const inside = frame.Portico.connect({ client_id: 'market', issuer: 'https://portico.example', timeout_ms: 50 })
    await act(async () => assert.rejects(inside.ready, { error: 'temporarily_unavailable' }))
    assert.equal(inside.state.locked, true)
  }
  assert.deepEqual([called, received], [[], []])
  assert.equal(bridge.state.locked, false)
})

test('several programs are open and one is seen; back shows the one below', async () => {
  const { host } = await screen()
  await act(async () => host.open(launch('market')))
  await act(async () => host.open(launch('taxi')))
  const seen = () => all('WebView').filter((view) => view.parent.parent.props.style.display !== 'none').map((view) => view.props.source.uri)
  assert.deepEqual([all('WebView').length, seen()], [2, ['https://taxi.example/open']])
  await act(async () => page('taxi').props.onNavigationStateChange({ canGoBack: true }))
  assert.ok(kit.device.back())
  assert.equal(page('taxi').wentBack, 1)
  await act(async () => {
    page('taxi').props.onNavigationStateChange({ canGoBack: false })
    kit.device.back()
  })
  assert.deepEqual(seen(), ['https://market.example/open'])
  await act(async () => kit.device.back())
  assert.deepEqual(seen(), [])
  assert.equal(kit.device.back(), false, 'the app takes it')
})

test('a WebView whose process is gone is drawn anew, in the same stay', async () => {
  const { host } = await screen()
  await act(async () => host.open(launch('market')))
  await shows('market')
  const before = page('market')
  await act(async () => before.props.onContentProcessDidTerminate())
  assert.notEqual(page('market'), before)
  assert.equal((await shows('market')).state.sid, 'market-1')
})

test('a WebView may do less than it would by itself', async () => {
  const { host } = await screen()
  await act(async () => host.open(launch('market')))
  const { props } = all('WebView')[0]
  const expected = {
    originWhitelist: ['*'], incognito: true, thirdPartyCookiesEnabled: false, sharedCookiesEnabled: false, allowFileAccess: false,
    mixedContentMode: 'never', setSupportMultipleWindows: true, javaScriptCanOpenWindowsAutomatically: false, mediaCapturePermissionGrantType: 'deny',
  }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(props[name], value, name)
  assert.equal(props.injectedJavaScriptObject, undefined, 'every frame could read it')
})

test('a ticket is handed in by the first load, and once', async () => {
  const { host } = await screen()
  const ticket = { endpoint: 'https://portico.example/web-ticket', ticket: 'pt_1', code_verifier: 'v' }
  let opened
  await act(async () => (opened = host.open(launch('market', { ticket }))))
  const source = () => all('WebView')[0].props.source
  assert.equal(source().body, 'ticket=pt_1&code_verifier=v')
  const before = source()
  await act(async () => host.setLooks({ locale: 'ru' }))
  await act(async () => host.hide(opened))
  assert.equal(source(), before, 'nothing else loads it again')
  await act(async () => opened.restart())
  assert.deepEqual(source(), { uri: 'https://market.example/open' })
})

test('a page that could not be loaded says so in the host’s words, and is loaded anew on a tap', async () => {
  const { host } = await screen()
  let opened
  await act(async () => (opened = host.open(launch('market'))))
  const before = page('market')
  const shown = before.props.renderError('NSURLErrorDomain', -1009, 'offline')
  assert.equal(shown.props.children.props.children, 'temporarily_unavailable')
  await act(async () => opened.restart())
  assert.notEqual(page('market'), before)
})

test('where the app brings no words there are plain ones', async () => {
  const { host, stream } = await screen()
  await act(async () => root.render(createElement(kit.MiniPrograms, { host })))
  await act(async () => host.open(launch('market')))
  await act(async () => stream.heard('mini_program_suspended', { client_id: 'market' }))
  assert.deepEqual(texts(), ['Not available at the moment'])
  await act(async () => host.signedIn({ account: 'ada', sids: { market: 'market-2' } }))
  await act(async () => stream.heard('session_expired', {}))
  assert.deepEqual(texts(), ['Your session is over'])
})
