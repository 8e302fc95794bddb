// Both parsers are held to the vectors of messages, and to a crowd of messages that chance made.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Portico, PorticoHost, vectors } from './vectors.mjs'

const { from_page, from_host } = vectors('messages')

for (const [side, list, parse] of [['page', from_page, PorticoHost.parse], ['host', from_host, Portico.parse]]) {
  for (const { name, text, valid } of list) {
    test(`a message of a ${side}: ${name}`, () => {
      const message = parse(text)
      assert.equal(message !== null, valid)
      if (valid) assert.equal(message.portico, 1)
    })
  }

  test(`a ${side}'s text alone is a message`, () => {
    const valid = list.find(({ valid }) => valid).text
    for (const other of [undefined, null, 1, true, JSON.parse(valid), [valid], new String(valid), { toString: () => valid }]) {
      assert.equal(parse(other), null)
    }
  })

  test(`no message of a ${side} reaches the prototype of another object`, () => {
    const valid = list.find(({ valid }) => valid).text
    const poisoned = valid.replace('{', '{"__proto__":{"polluted":1},"more":{"__proto__":{"polluted":1}},')
    const message = parse(poisoned)
    assert.equal(message.polluted, undefined)
    assert.equal(Object.assign({}, message.more).polluted, undefined)
    assert.equal(Object.getPrototypeOf(message), Object.prototype)
    assert.equal({}.polluted, undefined)
  })

  test(`nesting without end is no message of a ${side}, and no accident`, () => {
    const valid = list.find(({ valid }) => valid).text
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
    assert.doesNotThrow(() => parse(valid.replace('{', `{"more":${deep},`)))
  })

  // What a valid message is, said a second time and in another way: form by form.
  const nonce = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{22,64}$/.test(value)
  test(`whatever comes from a ${side}, the parser gives null or what it may give`, () => {
    const seeds = list.filter(({ valid, text }) => valid && text.length < 1000).map(({ text }) => text)
    const junk = fc.oneof(
      fc.string({ maxLength: 40, unit: 'binary' }),
      fc.json(),
      fc.constantFrom('"', '{', '}', '[', ']', '\\', '\u0000', 'null', '1e999', '"__proto__":', ','),
    )
    const broken = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(40), junk).map(([seed, at, drop, with_]) => {
      const where = at % (seed.length + 1)
      return seed.slice(0, where) + with_ + seed.slice(where + drop)
    })
    const member = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.jsonValue()).map(([seed, at, value]) => {
      const message = JSON.parse(seed)
      const keys = Object.keys(message)
      message[keys[at % keys.length]] = value
      return JSON.stringify(message)
    })
    fc.assert(
      fc.property(fc.oneof(broken, member, fc.json(), fc.string()), (text) => {
        const message = parse(text)
        if (message === null) return
        assert.equal(message.portico, 1)
        const types = side === 'page' ? ['hello', 'call', 'cancel'] : ['welcome', 'refused', 'result', 'event']
        assert.ok(types.includes(message.type))
        if (side === 'page') assert.ok(nonce(message.page_nonce))
        if (['call', 'cancel', 'result'].includes(message.type)) assert.ok(Number.isSafeInteger(message.id) && message.id > 0)
        if (!['hello', 'refused'].includes(message.type)) assert.ok(nonce(message.host_nonce))
        if (message.type === 'result') assert.ok(('error' in message) !== ('result' in message))
        if (typeof message.context?.path === 'string') {
          assert.equal(new URL(message.context.path, 'https://market.example').origin, 'https://market.example')
        }
      }),
      { numRuns: 20_000 },
    )
  })
}

test('a path that the page takes stays in its own origin, however it is written', () => {
  const welcome = JSON.parse(from_host.find(({ name }) => name === 'welcome').text)
  const piece = fc.constantFrom('/', '\\', '\t', '\n', '\r', '.', ':', '@', '?', '#', '%2f', 'evil.example', 'javascript:', ' ', '\u00a0', '\u2028')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = pieces.join('')
      if (Portico.parse(JSON.stringify({ ...welcome, context: { path } })) === null) return
      assert.equal(new URL(path, 'https://market.example/x').origin, 'https://market.example', JSON.stringify(path))
    }),
    { numRuns: 20_000 },
  )
})
