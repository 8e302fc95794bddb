// The stream of a client: how it is asked for, and how it comes back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakePortico, settled } from './fake_portico.mjs'

test('asks with a token of its own, and comes back where it was', async () => {
  const portico = new FakePortico()
  await portico.following()
  assert.deepEqual(portico.token_requests, [{ grant_type: 'client_credentials', scope: 'portico:events' }])
  assert.equal(portico.streams[0].headers.authorization, 'Bearer own-1')
  assert.equal(portico.streams[0].headers['last-event-id'], undefined)
  portico.writes('id: 41\nretry: 3000\n\n')
  await portico.says('grant_changed', { sub: 'x' }, 42)
  await portico.cuts()
  await portico.passes(2999)
  assert.equal(portico.streams.length, 1)
  await portico.passes(1)
  assert.equal(portico.streams[1].headers['last-event-id'], '42')
  assert.equal(portico.token_requests.length, 1, 'the token is still good')
})

test('a token that is over is replaced', async () => {
  const portico = new FakePortico()
  await portico.following()
  await portico.says('token_expired', {})
  await portico.passes(0)
  assert.equal(portico.streams.at(-1).headers.authorization, 'Bearer own-2')
  portico.refuses = 401
  await portico.cuts()
  await portico.passes(1000)
  portico.refuses = undefined
  await portico.passes(60_000)
  assert.equal(portico.streams.at(-1).headers.authorization, 'Bearer own-3')
})

test('who is told to wait waits', async () => {
  const portico = new FakePortico()
  portico.refuses = 503
  portico.backend().follow()
  await settled()
  await portico.passes(6999)
  assert.equal(portico.streams.length, 1)
  await portico.passes(1)
  assert.equal(portico.streams.length, 2)
})

test('a network that is away is tried again, one connection at a time', async () => {
  const portico = new FakePortico()
  portico.fails = true
  portico.backend().follow()
  await settled()
  for (let i = 0; i < 5; i += 1) await portico.passes(1000)
  portico.fails = false
  await portico.passes(1000)
  assert.equal(portico.streams.length, 1)
})

test('rubbish is no event, and ends nothing but the connection', async () => {
  for (const rubbish of ['event: session_ended\ndata: {\n\n', 'event: session_ended\ndata: null\n\n', `data: ${'x'.repeat(70_000)}`]) {
    const portico = new FakePortico()
    await portico.following()
    portico.writes(rubbish)
    await settled()
    await portico.passes(1000)
    assert.equal(portico.streams.length, 2)
  }
})

test('close ends it for good', async () => {
  const portico = new FakePortico()
  const backend = await portico.following()
  const { done } = backend.follow()
  backend.close()
  await done
  await portico.passes(60_000)
  assert.equal(portico.streams.length, 1)
})
