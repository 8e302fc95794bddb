// stream.js: what it makes of bytes, when it asks again, and how tabs share it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PorticoStream, settled } from './vectors.mjs'

const body = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
      controller.close()
    },
  })

async function read(...chunks) {
  const found = []
  for await (const event of PorticoStream.events(body(...chunks))) found.push(event)
  return found
}

test('events are read whatever the ends of lines, and however the bytes are cut', async () => {
  const text = 'id: 7\nevent: ready\ndata: {"é":1}\n\n: a comment\nevent:x\ndata:a\ndata: b\nretry: 5\n\nevent: no data\n\n'
  const wanted = [{ id: '7', event: 'ready', data: '{"é":1}' }, {}, { event: 'x', data: 'a\nb' }]
  for (const end of ['\n', '\r\n', '\r']) {
    const bytes = new TextEncoder().encode(text.replaceAll('\n', end))
    assert.deepEqual(await read(bytes), wanted)
    assert.deepEqual(await read(...[...bytes].map((byte) => Uint8Array.of(byte))), wanted)
  }
})

test('an event that is cut off is none, and a line without end is an error', async () => {
  assert.deepEqual(await read('event: ready\ndata: {}\n'), [])
  await assert.rejects(read('data: '.padEnd(70_000, 'x')))
})

/** Tabs of one browser: they share locks and channels, and a server that answers by hand. */
function browser() {
  const channels = new Set()
  const queue = []
  const asked = []
  function tab() {
    const env = {
      timers: [],
      setTimeout: (act, ms) => env.timers.push({ act, ms }) - 1,
      clearTimeout: (id) => delete env.timers[id],
      passes: async (least, most) => {
        for (const [id, timer] of env.timers.entries()) if (timer?.ms >= least && timer.ms <= most) (delete env.timers[id], timer.act())
        await settled()
      },
      fetch: (uri, { headers, signal }) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        asked.push({ uri, last_id: headers['last-event-id'], resolve, reject, env })
      }),
      navigator: { locks: { request: (name, how, lead) => new Promise((done) => {
        const turn = () => lead().then(() => (queue.shift(), queue[0]?.(), done()))
        if (queue.push(turn) === 1) turn()
      }) } },
      BroadcastChannel: class {
        constructor(name) { this.name = name; channels.add(this) }
        postMessage(data) {
          for (const other of channels) if (other !== this && other.name === this.name) queueMicrotask(() => other.onmessage?.({ data }))
        }
        close() { channels.delete(this) }
      },
    }
    return env
  }
  return { tab, asked }
}

/** An answer that stays open. */
function open() {
  let controller
  const stream = new ReadableStream({ start: (c) => (controller = c) })
  const says = async (text) => (controller.enqueue(new TextEncoder().encode(text)), await settled(), await settled())
  return { answer: { ok: true, status: 200, body: stream }, says, ends: async () => (controller.close(), await settled(), await settled()) }
}

function follows(env, account = 'ada') {
  const heard = []
  const follower = PorticoStream.follow({ account, uri: '/events', heard: (name, data) => heard.push([name, data]) }, env)
  return { heard, ...follower }
}

test('two tabs share one stream, and the one that comes late hears where things stand', async () => {
  const { tab, asked } = browser()
  const first = follows(tab())
  const { answer, says } = open()
  asked[0].resolve(answer)
  await settled()
  await says('id: 1\nevent: ready\ndata: {"at":1,"session_expires_at":5}\n\n')
  const second = follows(tab())
  await settled()
  assert.deepEqual(second.heard, [['ready', { at: 1, session_expires_at: 5 }]])
  await says('id: 2\nevent: session_ended\ndata: {"reason":"logout"}\n\n')
  for (const { heard } of [first, second]) assert.deepEqual(heard.at(-1), ['session_ended', { reason: 'logout' }])
  assert.equal(asked.length, 1)
  const env = asked[0].env
  await env.passes(1000, 5000)
  assert.equal(asked.length, 1, 'after the end nobody asks again by themselves')
})

test('the next tab takes over where the leader left', async () => {
  const { tab, asked } = browser()
  const first = follows(tab())
  const second = follows(tab())
  const { answer, says } = open()
  asked[0].resolve(answer)
  await settled()
  await says('id: 7\nevent: ready\ndata: {}\n\n')
  first.close()
  await settled()
  await settled()
  assert.deepEqual(asked.map(({ last_id }) => last_id), [undefined, '7'])
  assert.equal(second.heard.length, 1)
})

test('a stream that is cut, silent, or badly answered is asked for again after 1 to 5 s', async () => {
  const { tab, asked } = browser()
  const { heard } = follows(tab())
  const { env } = asked[0]
  const cut = open()
  asked[0].resolve(cut.answer)
  await settled()
  await cut.says('id: 3\nevent: grant_changed\ndata: {"client_id":"market"}\n\n')
  await cut.ends()
  await env.passes(1000, 5000)
  assert.equal(asked[1].last_id, '3')
  asked[1].reject(new TypeError('network'))
  await settled()
  await env.passes(1000, 5000)
  asked[2].resolve({ ok: false, status: 503 })
  await settled()
  await env.passes(1000, 5000)
  asked[3].resolve(open().answer)
  await settled()
  await env.passes(20_000, 20_000)
  await env.passes(1000, 5000)
  assert.equal(asked.length, 5, 'silence for 20 s is a cut')
  assert.deepEqual(heard, [['grant_changed', { client_id: 'market' }]])
})

test('a position that comes without an event is kept', async () => {
  const { tab, asked } = browser()
  const { heard } = follows(tab())
  const { answer, says, ends } = open()
  asked[0].resolve(answer)
  await settled()
  await says('id: 9\n\n')
  await ends()
  await asked[0].env.passes(1000, 5000)
  assert.equal(asked[1].last_id, '9')
  assert.deepEqual(heard, [])
})

test('401 is the end', async () => {
  const { tab, asked } = browser()
  const { heard } = follows(tab())
  asked[0].resolve({ ok: false, status: 401 })
  await settled()
  assert.deepEqual(heard, [['session_ended', { reason: 'logout' }]])
})

test('the end of one program ends no stream', async () => {
  const { tab, asked } = browser()
  const { heard } = follows(tab())
  const { answer, says } = open()
  asked[0].resolve(answer)
  await settled()
  await says('event: session_ended\ndata: {"client_id":"market","reason":"left"}\n\n')
  await says('event: grant_changed\ndata: {"client_id":"taxi"}\n\n')
  assert.equal(heard.length, 2)
})

test('whoever signs in again in another tab wakes the one that leads', async () => {
  const { tab, asked } = browser()
  const first = follows(tab())
  const ended = open()
  asked[0].resolve(ended.answer)
  await settled()
  await ended.says('id: 5\nevent: session_ended\ndata: {"reason":"logout"}\n\n')
  const second = follows(tab())
  await settled()
  await settled()
  assert.equal(second.heard.length, 0, 'the old end is not told to who has just signed in')
  assert.equal(asked.length, 2)
  const { answer, says } = open()
  assert.equal(asked[1].last_id, undefined, 'the position was in the stay that has ended')
  asked[1].resolve(answer)
  await settled()
  await says('id: 6\n\n')
  await says('event: ready\ndata: {}\n\n')
  for (const { heard } of [first, second]) assert.deepEqual(heard.at(-1), ['ready', {}])
})

test('a device that slept asks for a fresh answer at once', async () => {
  const { tab, asked } = browser()
  follows(tab())
  const second = follows(tab())
  const { answer } = open()
  asked[0].resolve(answer)
  await settled()
  second.check()
  await settled()
  await settled()
  await settled()
  assert.equal(asked.length, 2)
})

test('somebody else has a stream of their own', async () => {
  const { tab, asked } = browser()
  const ada = follows(tab())
  const { answer, says } = open()
  asked[0].resolve(answer)
  await settled()
  const bob = follows(tab(), 'bob')
  await says('event: ready\ndata: {}\n\n')
  assert.deepEqual([ada.heard.length, bob.heard.length], [1, 0])
})
