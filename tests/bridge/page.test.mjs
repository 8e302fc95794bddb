// portico.js is held to the vectors of the page side.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Portico, settled, vectors } from './vectors.mjs'
import { windowOf } from './window.mjs'

for (const { name, options, steps } of vectors('page').vectors) {
  test(`page: ${name}`, async () => {
    const page = new Page(options)
    for (const step of steps) await page.takes(step)
    page.is_quiet()
  })
}

class Page {
  #said = []
  #events = []
  #drops = []
  #call
  #bridge
  #hear

  constructor(options) {
    const object = { postMessage: (text) => this.#said.push(JSON.parse(text)), onmessage: null }
    const dropSession = () => new Promise((done) => this.#drops.push(done))
    this.#bridge = Portico.connect({ dropSession, ...options }, windowOf({ porticoBridge: object }))
    this.#hear = (message) => object.onmessage({ data: JSON.stringify(message) })
    for (const name of ['session_expired', 'unlocked', 'context_changed', 'grant_changed', 'shown', 'hidden']) {
      this.#bridge.on(name, (data) => this.#events.push({ name, data }))
    }
  }

  async takes(step) {
    if ('says' in step) return assert.deepEqual(this.#said.shift(), step.says)
    if ('event' in step) return assert.deepEqual(this.#events.shift(), step.event)
    if ('settles' in step) return assert.deepEqual(await this.#call, step.settles)
    if ('pending' in step) return assert.equal(await Promise.race([this.#call, settled()]), undefined)
    if ('drops' in step) return assert.equal(this.#drops.length, 1)
    if ('ready' in step) return assert.equal(await this.#bridge.ready.then(() => true, ({ error }) => error), step.ready)
    if ('state' in step) {
      const { locked, sid } = this.#bridge.state
      return assert.deepEqual({ locked, sid }, step.state)
    }
    if ('dropped' in step) this.#drops.shift()()
    else {
      this.is_quiet()
      if ('hears' in step) this.#hear(step.hears)
      else if (step.do === 'call') this.#call = this.#calls(step)
      else assert.fail(`what is ${JSON.stringify(step)}?`)
    }
    await settled()
  }

  #calls({ method, params }) {
    return this.#bridge.call(method, params).then(
      (result) => ({ result }),
      ({ error, error_description }) => ({ error, ...(error_description && { error_description }) }),
    )
  }

  /** Nothing was said and nothing happened that no step named. */
  is_quiet() {
    assert.deepEqual(this.#said, [])
    assert.deepEqual(this.#events, [])
  }
}
