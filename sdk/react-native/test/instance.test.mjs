// What one WebView may do besides what the vectors say: where it may go, and who is heard in it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { kit, settled } from './kit.mjs'

const MARKET = 'https://market.example'
const PAGE = 'A'.repeat(24)

function instance({ call = () => ({}), ...more } = {}) {
  const seen = { at: MARKET, sent: [], strayed: 0, external: [], stopped: 0 }
  const made = new kit.Instance({
    client_id: 'market', origins: [MARKET, 'https://shop.example:8443'], methods: ['login', 'token'], sid: null, context: {}, through: null, call,
    nonce: () => 'h'.repeat(24), strayed: () => (seen.strayed += 1), external: (address) => seen.external.push(address), ...more,
  })
  const Portico = { receive: (text) => seen.sent.push(JSON.parse(text)) }
  const document = { fullscreenElement: null, querySelectorAll: () => [] }
  made.attach({
    injectJavaScript: (script) => vm.runInNewContext(script, { Portico, document, location: { origin: seen.at } }),
    stopLoading: () => (seen.stopped += 1),
    goBack() {},
  })
  const says = (url, message) => made.message({ url, data: JSON.stringify({ portico: 1, page_nonce: PAGE, ...message }) })
  return { made, seen, says, hello: (url) => says(url, { type: 'hello', client_id: 'market' }) }
}

test('the page stays within the origins of its program', () => {
  const { made, seen } = instance()
  for (const url of [`${MARKET}/x`, 'https://shop.example:8443/']) assert.ok(made.mayGo({ url, isTopFrame: true }), url)
  for (const url of [
    'https://market.example.evil.example/', 'https://evil.example/', 'https://shop.example/', 'http://market.example/', 'intent://x#Intent;end',
    'tel:1', 'javascript:1', 'data:text/html,x', 'file:///data/x', 'about:blank', 'blob:https://market.example/1', 'https://market.example@evil.example/',
  ]) assert.ok(!made.mayGo({ url, isTopFrame: true }), url)
  assert.deepEqual(seen.external, ['https://market.example.evil.example/', 'https://evil.example/', 'https://shop.example/'], 'the app is told of sites, and of nothing that opens another app')
})

test('a frame inside the page may show another site; what is not said to be one is the page', () => {
  const { made } = instance()
  for (const url of ['https://pay.example/3ds', 'about:blank', 'about:srcdoc']) assert.ok(made.mayGo({ url, isTopFrame: false }), url)
  assert.ok(!made.mayGo({ url: 'tel:1', isTopFrame: false }))
  assert.ok(!made.mayGo({ url: 'https://pay.example/3ds' }), 'Android does not say which frame it is')
})

test('a document that went elsewhere although nobody let it is the end of the instance', async () => {
  let signal
  const { made, seen, hello, says } = instance({ call: (method, params, how) => ((signal = how.signal), new Promise(() => {})) })
  hello(MARKET)
  says(MARKET, { type: 'call', host_nonce: 'h'.repeat(24), id: 1, method: 'login', params: { code_challenge: 'c' } })
  made.shows(`${MARKET}/next`)
  made.shows('about:blank')
  assert.ok(!signal.aborted)
  made.shows('https://evil.example/')
  assert.ok(signal.aborted)
  assert.deepEqual([seen.strayed, seen.stopped], [1, 1])
  seen.sent.length = 0
  hello(MARKET)
  hello('https://evil.example')
  assert.deepEqual(seen.sent, [], 'it hears and says nothing any more')
  assert.ok(!made.mayGo({ url: `${MARKET}/`, isTopFrame: true }))
})

test('a frame of another site that says hello disturbs nobody', () => {
  const { seen, hello, says } = instance()
  hello(MARKET)
  seen.sent.length = 0
  for (const url of ['https://ads.example', 'null', '', 'about:blank', undefined]) hello(url)
  assert.deepEqual(seen.sent, [])
  says(MARKET, { type: 'call', host_nonce: 'h'.repeat(24), id: 1, method: 'share' })
  assert.equal(seen.sent.pop().error, 'unsupported_method', 'the page is still bound')
})

test('a WebView that is gone is not heard', () => {
  const { made, seen, hello } = instance()
  made.attach(null)
  hello(MARKET)
  assert.deepEqual(seen.sent, [])
})

test('a text reaches the page as data, whatever stands in it', () => {
  for (const text of ['"', "'", '\\', '`${x}`', '</script>', '\u2028\u2029\n\r', '");alert(1);//', JSON.stringify({ a: '\u2028"' }), '\ud800']) {
    let got
    vm.runInNewContext(kit.handOver(text, MARKET), { Portico: { receive: (said) => (got = said) }, location: { origin: MARKET } })
    assert.equal(got, text)
    assert.doesNotMatch(kit.handOver(text, MARKET), /[\u2028\u2029\n]/)
  }
  assert.doesNotThrow(() => vm.runInNewContext(kit.handOver('x', MARKET), { location: { origin: MARKET } }), 'a page without the bridge')
})

test('after its end the page has heard why, and nothing is asked for', () => {
  const called = []
  const { made, seen, hello, says } = instance({ call: (method) => called.push(method) })
  hello(MARKET)
  made.lock('logout')
  assert.deepEqual(seen.sent.at(-1), { portico: 1, page_nonce: PAGE, host_nonce: 'h'.repeat(24), type: 'event', name: 'session_expired', data: { reason: 'logout' } })
  says(MARKET, { type: 'call', host_nonce: 'h'.repeat(24), id: 1, method: 'login', params: { code_challenge: 'c' } })
  made.opens('https://evil.example/')
  assert.deepEqual([called, seen.external], [[], []])
})

test('an answer that finds another origin in the main frame says nothing there', async () => {
  let answer
  const { seen, hello, says } = instance({ call: () => new Promise((resolve) => (answer = resolve)) })
  const ask = (url, id) => says(url, { type: 'call', host_nonce: 'h'.repeat(24), id, method: 'login', params: { code_challenge: 'c' } })
  hello(MARKET)
  ask(MARKET, 1)
  seen.sent.length = 0
  seen.at = 'https://evil.example'
  answer({ code: 'c1' })
  await settled()
  assert.deepEqual(seen.sent, [])
  seen.at = MARKET
  ask(MARKET, 2)
  answer({ code: 'c2' })
  await settled()
  assert.equal(seen.sent.pop().result.code, 'c2')
})

test('the page of another origin of the program is answered where it is', () => {
  const { seen, hello } = instance()
  seen.at = 'https://shop.example:8443'
  hello(seen.at)
  assert.equal(seen.sent.pop().type, 'welcome')
})

test('a program that signs in by redirects goes through Portico, whose pages are not heard', () => {
  const { made, seen, hello } = instance({ through: 'https://portico.example' })
  assert.ok(made.mayGo({ url: 'https://portico.example/authorize?prompt=none', isTopFrame: true }))
  made.shows('https://portico.example/web-ticket')
  seen.at = 'https://portico.example'
  hello('https://portico.example')
  assert.deepEqual([seen.sent, seen.strayed], [[], 0])
  assert.ok(!made.mayGo({ url: 'https://evil.example/', isTopFrame: true }))
})

test('a window of its own is this one for the program, and the app’s business for another site', () => {
  const { made, seen } = instance()
  const gone = []
  made.attach({ injectJavaScript: (script) => new Function('location', script)({ assign: (address) => gone.push(address) }), stopLoading() {}, goBack() {} })
  made.opens(`${MARKET}/terms?a="b"`)
  made.opens('https://bank.example/')
  made.opens('intent://x#Intent;end')
  assert.deepEqual([gone, seen.external], [[`${MARKET}/terms?a="b"`], ['https://bank.example/']])
})
