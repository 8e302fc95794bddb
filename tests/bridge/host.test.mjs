// host.js is held to the vectors of the host side.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PorticoHost, settled, vectors } from './vectors.mjs'

const file = vectors('host')

for (const { name, program, steps } of file.vectors) {
  test(`host: ${name}`, async () => {
    const host = new Host(program)
    try {
      for (const step of steps) await host.takes(step)
      host.is_quiet()
    } finally {
      host.ends()
    }
  })
}

/** A binding, what it sent and whom it called. */
class Host {
  #sent = []
  #called = []
  #running = []
  #drawn = 0
  #binding

  constructor(program) {
    this.#binding = PorticoHost.bind({
      ...program,
      send: (text) => this.#sent.push(JSON.parse(text)),
      call: (method, params, { signal }) => {
        this.#called.push({ method, params })
        return new Promise((resolve, reject) => this.#running.push({ resolve, reject, signal }))
      },
      nonce: () => file.values[`$host${(this.#drawn += 1)}`],
    })
  }

  async takes(step) {
    if ('sent' in step) return assert.deepEqual(this.#sent.shift(), step.sent)
    if ('called' in step) return assert.deepEqual(this.#called.shift(), step.called)
    if ('aborted' in step) return assert.ok(this.#running[step.aborted - 1].signal.aborted)
    if ('answer' in step) return this.#answers(step.answer)
    this.is_quiet()
    if ('receive' in step) this.#binding.receive(step.sender ?? file.sender, JSON.stringify(step.receive))
    else if (step.do === 'lock') this.#binding.lock(step.reason)
    else if (step.do === 'unlock') this.#binding.unlock(step.sid)
    else if (step.do === 'context') this.#binding.context(step.context)
    else if (step.do === 'event') this.#binding.event(step.name, step.data)
    else assert.fail(`what is ${JSON.stringify(step)}?`)
    await settled()
  }

  async #answers({ result, thrown, ...refusal }) {
    const { resolve, reject } = this.#running.shift()
    if (result !== undefined) resolve(result)
    else reject(thrown === undefined ? refusal : new Error(thrown))
    await settled()
  }

  ends() {
    this.#binding.retire()
  }

  /** Nothing was said or done that no step named. */
  is_quiet() {
    assert.deepEqual(this.#sent, [])
    assert.deepEqual(this.#called, [])
  }
}

test('host: a call that takes too long is given up and says so', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent = []
  let signal
  const binding = PorticoHost.bind({
    client_id: 'market', origins: ['https://market.example'], methods: ['login'],
    send: (text) => sent.push(JSON.parse(text)),
    call: (method, params, how) => ((signal = how.signal), new Promise(() => {})),
  })
  const { $page1: page_nonce } = file.values
  const receive = (message) => binding.receive(file.sender, JSON.stringify({ portico: 1, page_nonce, ...message }))
  receive({ type: 'hello', client_id: 'market' })
  const { host_nonce } = sent.pop()
  receive({ type: 'call', host_nonce, id: 1, method: 'login', timeout_ms: 2000 })
  t.mock.timers.tick(1999)
  assert.deepEqual(sent, [])
  t.mock.timers.tick(1)
  assert.equal(sent.pop().error, 'temporarily_unavailable')
  assert.ok(signal.aborted)
  receive({ type: 'call', host_nonce, id: 2, method: 'login', timeout_ms: 2 ** 50 })
  t.mock.timers.tick(300_000)
  assert.equal(sent.pop().error, 'temporarily_unavailable', 'a page cannot wait for longer than five minutes')
})

test('host: nonces are drawn anew, 144 bits each', () => {
  const drawn = new Set()
  for (let i = 0; i < 100; i += 1) {
    const binding = PorticoHost.bind({
      client_id: 'market', origins: ['https://market.example'], methods: [],
      send: (text) => drawn.add(JSON.parse(text).host_nonce), call() {},
    })
    binding.receive(file.sender, JSON.stringify({ portico: 1, type: 'hello', page_nonce: 'A'.repeat(24), client_id: 'market' }))
  }
  assert.equal(drawn.size, 100)
  for (const nonce of drawn) assert.match(nonce, /^[\w-]{24}$/)
})
