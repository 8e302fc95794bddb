// The kit is held to the vectors that every implementation shares: the judging part that it brings along,
// and an instance with a WebView, as far as a vector is about what a WebView can say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vectors } from '../../../tests/bridge/vectors.mjs'
import { kit, settled } from './kit.mjs'

const file = vectors('host')

for (const { name, text, valid } of vectors('messages').from_page) {
  test(`a message of a page: ${name}`, () => assert.equal(kit.parse(text) !== null, valid))
}

for (const { name, program, steps } of file.vectors) {
  test(`judging: ${name}`, () => runs(steps, new Judge(program)))
}

// A WebView does not tell frames apart, a main frame of another origin is no instance any more, and one that
// was locked is none either: instance.test.mjs says what is so then.
const aWebViewTells = ({ name, program, steps }) =>
  !program.locked &&
  name !== 'with an address for answers a plain token is given' &&
  steps.every(({ do: what }) => what !== 'lock' && what !== 'unlock') &&
  steps.every(({ sender }) => !sender || (sender.main_frame && program.origins.includes(sender.origin)))

const told = file.vectors.filter(aWebViewTells)
for (const { name, program, steps } of told) {
  test(`a WebView: ${name}`, () => runs(steps, new WithWebView(program)))
}

test('what is left out is left out for a reason', () => assert.equal(file.vectors.length - told.length, 19))

async function runs(steps, host) {
  for (const step of steps) await host.takes(step)
  host.is_quiet()
  host.ends()
}

class Judge {
  sent = []
  #called = []
  #running = []
  #drawn = 0
  nonce = () => file.values[`$host${(this.#drawn += 1)}`]
  call = (method, params, { signal }) => {
    this.#called.push({ method, params })
    return new Promise((resolve, reject) => this.#running.push({ resolve, reject, signal }))
  }

  constructor(program) {
    this.begin(program)
  }

  begin(program) {
    this.binding = kit.bind({ ...program, call: this.call, nonce: this.nonce, send: (text) => this.sent.push(JSON.parse(text)) })
  }

  receive(sender, text) {
    this.binding.receive(sender, text)
  }

  async takes(step) {
    if ('sent' in step) return assert.deepEqual(this.sent.shift(), step.sent)
    if ('called' in step) return assert.deepEqual(this.#called.shift(), step.called)
    if ('aborted' in step) return assert.ok(this.#running[step.aborted - 1].signal.aborted)
    if ('answer' in step) return this.#answers(step.answer)
    this.is_quiet()
    if ('receive' in step) this.receive(step.sender ?? file.sender, JSON.stringify(step.receive))
    else if (step.do === 'lock') this.binding.lock(step.reason)
    else if (step.do === 'unlock') this.binding.unlock(step.sid)
    else if (step.do === 'context') this.binding.context(step.context)
    else if (step.do === 'event') this.binding.event(step.name, step.data)
    else assert.fail(`what is ${JSON.stringify(step)}?`)
    await settled()
  }

  async #answers({ result, thrown, ...refusal }) {
    const { resolve, reject } = this.#running.shift()
    if (result !== undefined) resolve(result)
    else reject(thrown === undefined ? refusal : new Error(thrown))
    await settled()
  }

  is_quiet() {
    assert.deepEqual(this.sent, [])
    assert.deepEqual(this.#called, [])
  }

  ends() {
    this.binding.retire()
  }
}

/** The same with an instance in the middle: a WebView reports addresses, and scripts come back. */
class WithWebView extends Judge {
  begin(program) {
    const Portico = { receive: (text) => this.sent.push(JSON.parse(text)) }
    this.location = {}
    this.view = { injectJavaScript: (script) => new Function('Portico', 'location', script)(Portico, this.location), stopLoading() {}, goBack() {} }
    this.binding = new kit.Instance({ ...program, call: this.call, nonce: this.nonce, strayed: assert.fail, external: assert.fail })
    this.binding.attach(this.view)
  }

  receive({ instance, origin }, data) {
    this.location.origin = origin
    if (!instance) this.binding.attach(null)
    this.binding.message({ url: origin, data })
    this.binding.attach(this.view)
  }

  ends() {
    this.binding.end()
  }
}
