// Addresses are read strictly, and links carry a path and parameters only.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kit } from './kit.mjs'

const { originOf, readDeepLink, readInteraction } = kit

test('an origin is read as a browser writes it, or not at all', () => {
  for (const [address, origin] of [
    ['https://market.example', 'https://market.example'],
    ['https://market.example/open?a=b#c', 'https://market.example'],
    ['https://market.example?x', 'https://market.example'],
    ['https://market.example:443/', 'https://market.example'],
    ['https://market.example:8443/', 'https://market.example:8443'],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example'],
    ['http://localhost:3000/x', 'http://localhost:3000'],
    ['http://127.0.0.1/', 'http://127.0.0.1'],
    ['http://[::1]:80/', 'http://[::1]'],
  ]) assert.equal(originOf(address), origin, address)
  for (const address of [
    '', 'null', 'about:blank', 'about:srcdoc', 'data:text/html,x', 'file:///etc/passwd', 'javascript:1', 'blob:https://market.example/1',
    'http://market.example/', 'http://localhost.evil.example/', 'http://127.0.0.1.evil.example/', 'https:/market.example', 'https:market.example',
    'HTTPS://market.example/', 'https://Market.example/', 'https://market.example@evil.example/', 'https://a:b@market.example/',
    'https://market.example\\@evil.example/', 'https://market.example:/', 'https://market.example:x/', ' https://market.example/',
    'https://market.example\n.evil.example/', 'https://märket.example/', 'https://market.example%2f.evil.example/', undefined, null, 1, ['https://market.example'],
  ]) assert.equal(originOf(address), null, String(address))
})

test('whatever is read as an origin, a browser reads the same', () => {
  const pieces = ['https://', 'http://', 'localhost', 'market.example', ':8443', ':443', ':80', '@', '/', '\\', '?', '#', '.', '[::1]', '%2f', '\t', 'evil.example']
  let read = 0
  for (let seed = 1; seed <= 50_000; seed += 1) {
    let rest = seed * 2654435761
    const address = Array.from({ length: 2 + (seed % 5) }, () => pieces[(rest = Math.floor(rest / 7) + seed) % pieces.length]).join('')
    const origin = originOf(address)
    if (origin === null) continue
    read += 1
    let known
    try {
      known = new URL(address).origin
    } catch {
      // No browser goes there.
      continue
    }
    assert.equal(origin, known, address)
  }
  assert.ok(read > 100)
})

test('a deep link names a program, a path and parameters, and nothing else', () => {
  const base = 'https://nova.example/m'
  assert.deepEqual(readDeepLink('https://nova.example/m/market/offers/7?size=m&q=a+b%26#access_token=x', base), {
    client_id: 'market', path: '/offers/7', params: { size: 'm', q: 'a b&' },
  })
  assert.deepEqual(readDeepLink('https://nova.example/m/market', base), { client_id: 'market', path: '/', params: {} })
  assert.deepEqual(readDeepLink('https://nova.example/m/market?a=1&a=2&b', base).params, { a: '1', b: '' })
  for (const link of [
    'https://nova.example/m', 'https://nova.example/m/', 'https://nova.example/other/market', 'https://evil.example/m/market', 'nova://m/market',
    'https://nova.example.evil.example/m/market', 'https://nova.example/m/market//evil.example', 'https://nova.example/m/market/\\evil.example',
    'https://nova.example/m/market?__proto__=x', 'https://nova.example/m/market?a=%zz', `https://nova.example/m/market?a=${'x'.repeat(3000)}`,
  ]) assert.equal(readDeepLink(link, base), null, link)
  assert.equal(readDeepLink('nova://m/market', 'nova://m'), null, 'any app can take a scheme of its own')
})

test('a sheet ends at its address alone', () => {
  const uri = 'https://nova.example/consent-done'
  assert.deepEqual(readInteraction(`${uri}?interaction=1&result=allowed`, uri), { interaction: '1', result: 'allowed' })
  assert.deepEqual(readInteraction('nova://done?result=later&interaction=2#x', 'nova://done'), { interaction: '2', result: 'later' })
  for (const address of [uri, `${uri}?result=allowed`, `${uri}/x?interaction=1&result=allowed`, `https://evil.example/?${uri}?interaction=1&result=allowed`]) {
    assert.equal(readInteraction(address, uri), null, address)
  }
})
